/*
 * base/pool.h: making, opening and refusing pools.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <errno.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include <cmocka.h>

#include "base/checksum.h"
#include "base/process.h"
#include "pool_scene.h"

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct scene));
	scene_open(*state, false);
	return 0;
}

static int set_up_folder(void **state)
{
	*state = calloc(1, sizeof(struct scene));
	scene_init(*state);
	return 0;
}

static int tear_down(void **state)
{
	scene_close(*state);
	free(*state);
	return 0;
}

static void assert_refused(struct scene *scene, bool make, int error, enum reason reason)
{
	enum reason why;

	pool_close(&scene->pool);
	assert_int_equal(scene_reopen(scene, make, true, &why), error);
	assert_int_equal(why, reason);
	assert_int_equal(scene_reopen(scene, make, false, &why), error);
	assert_int_equal(why, reason);
}

static void a_new_pool_has_its_geometry_and_is_allocated_whole(void **state)
{
	struct scene *scene = *state;
	struct stat st;
	uint64_t end = POOL_PAGE;

	assert_int_equal(stat(scene->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, scene->pool.file_bytes);
	assert_int_equal(st.st_blocks * 512, st.st_size);
	assert_int_equal(scene->pool.slots, 2048 + 128 + 64 + 8);
	for (uint32_t i = 0; i < scene->pool.classes; i++) {
		const struct pool_class *class = &scene->pool.class[i];

		assert_true(class->offset >= end);
		assert_true(sizeof(struct slot) + class->payload_bytes + class->counter_bytes +
				    class->ring_bytes <=
			    class->slot_bytes);
		end = class->offset + (uint64_t) class->count * class->slot_bytes;
	}
	assert_int_equal(end, scene->pool.file_bytes);
}

static void a_pool_is_the_same_for_all_who_open_it(void **state)
{
	struct scene *scene = *state;
	struct scene other = *scene;
	enum reason why;

	assert_int_equal(scene_reopen(&other, true, true, &why), 0);
	assert_int_equal(why, REASON_MEASURED);
	assert_memory_equal(other.pool.id, scene->pool.id, 16);
	assert_int_equal(other.pool.slots, scene->pool.slots);
	pool_count(&scene->pool, POOL_HELPERS, 3);
	assert_int_equal(pool_counted(&other.pool, POOL_HELPERS), 3);
	assert_false(other.pool.other_boot);
	pool_close(&other.pool);
}

static void the_pid_namespace_is_told_without_looking_into_proc_self(void **state)
{
	struct scene *scene = *state;

	assert_true(scene->pool.proc_device == process_proc_device());
	assert_true(pool_pid_namespace(&scene->pool) == process_pid_namespace());
	scene->pool.pid_namespace = 7;
	assert_true(pool_pid_namespace(&scene->pool) ==
		    process_pid_namespace()); /* it has been asked */
	scene->pool.own_namespace = 0;
	assert_int_equal(pool_pid_namespace(&scene->pool), 7);
	scene->pool.own_namespace = 0;
	scene->pool.proc_device++; /* made in another namespace */
	assert_true(pool_pid_namespace(&scene->pool) == process_pid_namespace());
}

static void two_pools_have_two_ids(void **state)
{
	struct scene *scene = *state;
	struct scene other;

	scene_open(&other, false);
	assert_memory_not_equal(other.pool.id, scene->pool.id, 16);
	scene_close(&other);
}

static void without_make_nothing_is_made(void **state)
{
	struct scene *scene = *state;
	enum reason why;

	assert_int_equal(scene_reopen(scene, false, true, &why), -ENOENT);
	assert_int_not_equal(access(scene->file, F_OK), 0);
	rmdir(scene->folder);
	assert_int_equal(scene_reopen(scene, false, true, &why), -ENOENT);
	assert_int_equal(why, REASON_NO_POOL_FOLDER);
	assert_int_equal(scene_reopen(scene, true, false, &why), 0);
}

static void a_descriptor_is_open_only_until_it_is_closed(void **state)
{
	struct scene *scene = *state;
	int file = scene->pool.file;

	assert_true(file >= 0);
	assert_int_equal(fcntl(file, F_GETFD), FD_CLOEXEC);
	pool_close_file(&scene->pool);
	assert_int_equal(scene->pool.file, -1);
	assert_int_equal(fcntl(file, F_GETFD), -1);
	pool_count(&scene->pool, POOL_STARTS, 1);
}

static void the_folder_must_be_ours_and_closed_to_others(void **state)
{
	struct scene *scene = *state;
	char real[80];

	chmod(scene->folder, 0750);
	assert_refused(scene, true, -EPERM, REASON_NO_POOL_FOLDER);
	chmod(scene->folder, 0700);
	snprintf(real, sizeof(real), "%s-real", scene->folder);
	assert_int_equal(rename(scene->folder, real), 0);
	assert_int_equal(symlink(real, scene->folder), 0);
	assert_refused(scene, true, -ENOTDIR, REASON_NO_POOL_FOLDER);
	assert_int_equal(unlink(scene->folder), 0);
	assert_int_equal(rename(real, scene->folder), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(scene->folder, 54321, 54321), 0);
		assert_refused(scene, true, -EPERM, REASON_NO_POOL_FOLDER);
	} else {
		print_message("part skipped: only root can give a folder away\n");
	}
}

static void the_file_must_be_ours_regular_and_closed_to_others(void **state)
{
	struct scene *scene = *state;
	char real[PATHS_MAX + 8];

	chmod(scene->file, 0640);
	assert_refused(scene, true, -EBADMSG, REASON_POOL_BAD);
	chmod(scene->file, 0600);
	snprintf(real, sizeof(real), "%s-real", scene->file);
	assert_int_equal(rename(scene->file, real), 0);
	assert_int_equal(symlink(real, scene->file), 0);
	assert_refused(scene, true, -ELOOP, REASON_POOL_FAILED);
	unlink(scene->file);
	assert_int_equal(mkfifo(scene->file, 0600), 0);
	assert_refused(scene, true, -EBADMSG, REASON_POOL_BAD);
	unlink(scene->file);
	if (geteuid() == 0) {
		assert_int_equal(rename(real, scene->file), 0);
		assert_int_equal(chown(scene->file, 54321, 54321), 0);
		assert_refused(scene, true, -EBADMSG, REASON_POOL_BAD);
	}
}

/* Changes the file's facts, with a right check unless told otherwise; the refusal must not depend
 * on the check alone. */
static void damage(struct scene *scene, size_t offset, uint32_t value, bool right_check)
{
	int file = open(scene->file, O_RDWR);
	struct pool_facts facts;
	struct pool_facts saved;

	assert_int_equal(pread(file, &saved, sizeof(saved), 0), sizeof(saved));
	facts = saved;
	memcpy((uint8_t *)&facts + offset, &value, sizeof(value));
	if (right_check)
		facts.check = checksum(&facts, offsetof(struct pool_facts, check), 0);
	assert_int_equal(pwrite(file, &facts, sizeof(facts), 0), sizeof(facts));
	assert_refused(scene, true, -EBADMSG, REASON_POOL_BAD);
	assert_int_equal(pwrite(file, &saved, sizeof(saved), 0), sizeof(saved));
	close(file);
}

#define FIELD(name) offsetof(struct pool_facts, name)

static void a_foreign_or_damaged_header_is_refused(void **state)
{
	struct scene *scene = *state;
	enum reason why;

	damage(scene, FIELD(magic), 0x12345678, true);
	damage(scene, FIELD(major), POOL_MAJOR + 1, true);
	damage(scene, FIELD(id), 1, false);
	damage(scene, FIELD(file_bytes), 4096, true);
	damage(scene, FIELD(slots), 0, true);
	damage(scene, FIELD(slots), UINT32_MAX, true);
	damage(scene, FIELD(classes), 0, true);
	damage(scene, FIELD(classes), POOL_CLASSES + 1, true);
	damage(scene, FIELD(class[0].first), 1, true);
	damage(scene, FIELD(class[0].count), UINT32_MAX, true);
	damage(scene, FIELD(class[1].count), 0, true);
	damage(scene, FIELD(class[1].slot_bytes), 0, true);
	damage(scene, FIELD(class[1].slot_bytes), 100, true);
	damage(scene, FIELD(class[1].payload_bytes), UINT32_MAX - 63, true);
	damage(scene, FIELD(class[1].payload_bytes), 4, true);
	damage(scene, FIELD(class[1].ring_bytes), 3 * 4096, true);
	damage(scene, FIELD(class[1].ring_bytes), 32, true);
	damage(scene, FIELD(class[2].offset), 0, true);
	damage(scene, FIELD(uid), 4242, true);
	damage(scene, FIELD(state), 0x2e2e2e2f, true);
	assert_int_equal(scene_reopen(scene, false, true, &why), 0);
}

static void a_file_of_another_size_is_refused(void **state)
{
	struct scene *scene = *state;
	static const off_t sizes[] = { 0, 100, 4096, 8192, 1 << 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(truncate(scene->file, sizes[i]), 0);
		assert_refused(scene, true, -EBADMSG, REASON_POOL_BAD);
	}
	assert_int_equal(truncate(scene->file, 17 << 20), 0);
	assert_refused(scene, true, -EBADMSG, REASON_POOL_BAD);
}

static void garbage_is_refused(void **state)
{
	struct scene *scene = *state;
	static uint8_t bytes[65536];
	int file = open(scene->file, O_RDWR | O_CREAT | O_TRUNC, 0600);

	memset(bytes, 0xa5, sizeof(bytes));
	assert_int_equal(write(file, bytes, sizeof(bytes)), sizeof(bytes));
	close(file);
	assert_refused(scene, true, -EBADMSG, REASON_POOL_BAD);
}

static void a_pool_of_another_boot_is_told_to_drainers(void **state)
{
	struct scene *scene = *state;
	int file = open(scene->file, O_RDWR);
	struct pool_facts facts;
	enum reason why;

	assert_int_equal(pread(file, &facts, sizeof(facts), 0), sizeof(facts));
	facts.boot_id[3] ^= 1;
	facts.check = checksum(&facts, offsetof(struct pool_facts, check), 0);
	assert_int_equal(pwrite(file, &facts, sizeof(facts), 0), sizeof(facts));
	close(file);
	pool_close(&scene->pool);
	assert_int_equal(scene_reopen(scene, false, true, &why), 0);
	assert_true(scene->pool.other_boot);
}

static void a_pool_is_never_on_a_disk(void **state)
{
	struct scene *scene = *state;
	char on_disk[] = "/var/tmp/bookend-test-XXXXXX";
	struct statfs fs;
	enum reason why;

	assert_non_null(mkdtemp(on_disk));
	assert_int_equal(statfs(on_disk, &fs), 0);
	if (fs.f_type != TMPFS_MAGIC && fs.f_type != RAMFS_MAGIC) {
		assert_int_equal(pool_open_in(&scene->pool, on_disk, geteuid(), SCENE_STATE, true,
					      false, &why),
				 -ENOTSUP);
		assert_int_equal(why, REASON_NO_POOL_FOLDER);
	} else {
		print_message("skipped: /var/tmp is not on a disk here\n");
	}
	assert_int_equal(rmdir(on_disk), 0);
	if (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC)
		skip();
}

static void a_full_tmpfs_is_named_as_such(void **state)
{
	struct scene *scene = *state;
	struct statfs fs;
	enum reason why;

	if (mount("bookend-test", scene->folder, "tmpfs", 0, "size=8m,mode=0700") != 0) {
		print_message("skipped: mounting a small tmpfs needs root (%s)\n", strerror(errno));
		skip();
	}
	assert_int_equal(scene_reopen(scene, true, false, &why), -ENOSPC);
	assert_int_equal(why, REASON_POOL_FULL_TMPFS);
	/* And what was begun is gone. */
	assert_int_equal(statfs(scene->folder, &fs), 0);
	assert_int_equal(fs.f_bfree, fs.f_blocks);
	assert_int_equal(umount(scene->folder), 0);
}

/* In a child: the limit stays lowered. */
static int child_status(void (*act)(struct scene *scene), struct scene *scene)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		act(scene);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void open_under_a_file_size_limit(struct scene *scene)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };
	enum reason why;

	setrlimit(RLIMIT_FSIZE, &limit);
	if (scene_reopen(scene, true, false, &why) != -EFBIG || why != REASON_POOL_FULL_TMPFS)
		_exit(1);
	pool_tally_loss(scene->folder, REASON_NO_SLOT);
}

static void a_file_size_limit_does_not_kill_the_host(void **state)
{
	assert_int_equal(child_status(open_under_a_file_size_limit, *state), 0);
}

static void open_without_descriptors(struct scene *scene)
{
	struct rlimit limit = { 0, 0 };
	enum reason why;

	setrlimit(RLIMIT_NOFILE, &limit);
	if (scene_reopen(scene, true, false, &why) != -EMFILE || why != REASON_POOL_FAILED)
		_exit(1);
}

static void running_out_of_descriptors_says_nothing_about_the_pool(void **state)
{
	assert_int_equal(child_status(open_without_descriptors, *state), 0);
}

static void open_under_a_umask(struct scene *scene)
{
	enum reason why;

	umask(0377);
	if (scene_reopen(scene, true, false, &why) != 0)
		_exit(1);
}

static void the_hosts_umask_does_not_matter(void **state)
{
	assert_int_equal(child_status(open_under_a_umask, *state), 0);
}

static unsigned entries(const struct scene *scene)
{
	DIR *dir = opendir(scene->folder);
	unsigned count = 0;

	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2; /* . and .. */
}

static void of_many_makers_one_wins_and_all_use_its_pool(void **state)
{
	enum { MAKERS = 8 };
	struct scene *scene = *state;
	struct {
		_Atomic int go;
		uint8_t id[MAKERS][16];
	} *shared = scene_shared(4096);
	pid_t pids[MAKERS];
	enum reason why;

	for (int i = 0; i < MAKERS; i++) {
		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		while (!atomic_load(&shared->go))
			sched_yield();
		if (scene_reopen(scene, true, false, &why) == 0)
			memcpy(shared->id[i], scene->pool.id, 16);
		_exit(0);
	}
	atomic_store(&shared->go, 1);
	for (int i = 0; i < MAKERS; i++)
		scene_reap(pids[i]);
	assert_int_equal(scene_reopen(scene, false, false, &why), 0);
	for (int i = 0; i < MAKERS; i++)
		assert_memory_equal(shared->id[i], scene->pool.id, 16);
	assert_int_equal(entries(scene), 1);
	munmap(shared, 4096);
}

static void a_killed_maker_leaves_no_pool_or_a_whole_one(void **state)
{
	struct scene *scene = *state;
	unsigned kills = scene_kills(60);
	enum reason why;

	for (unsigned i = 0; i < kills; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			scene_reopen(scene, true, false, &why);
			_exit(0);
		}
		for (unsigned spin = (unsigned)rand() % 4000; spin > 0; spin--)
			sched_yield();
		kill(pid, SIGKILL);
		scene_reap(pid);
		assert_int_equal(scene_reopen(scene, true, false, &why), 0);
		pool_close(&scene->pool);
		unlink(scene->file);
	}
}

static void what_killed_makers_left_is_removed_when_it_is_old(void **state)
{
	struct scene *scene = *state;
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	char path[128];
	enum reason why;

	for (int i = 0; i < 40; i++) {
		snprintf(path, sizeof(path), "%s/new-%032d", scene->folder, i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
		if (i > 0)
			assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
	}
	assert_int_equal(scene_reopen(scene, true, false, &why), 0);
	assert_int_equal(entries(scene), 2); /* the pool, and the young one */
}

static void usage_counts_the_slots_that_are_not_free(void **state)
{
	struct scene *scene = *state;
	uint32_t taken, slots;

	pool_usage(&scene->pool, &taken, &slots);
	assert_int_equal(taken, 0);
	assert_int_equal(slots, scene->pool.slots);
	scene->pool.claims[7] = CLAIM_WORD(1, 99, CLAIM_RUNNING);
	scene->pool.claims[2119] = CLAIM_WORD(1, 99, CLAIM_FINAL);
	pool_usage(&scene->pool, &taken, &slots);
	assert_int_equal(taken, 2);
}

static void losses_are_tallied_and_the_tally_is_bounded(void **state)
{
	struct scene *scene = *state;
	char path[128];
	struct stat st;
	uint8_t bytes[2];
	int file;

	snprintf(path, sizeof(path), "%s/losses", scene->folder);
	pool_tally_loss(scene->folder, REASON_NO_SLOT);
	pool_tally_loss(scene->folder, REASON_POOL_BAD);
	file = open(path, O_RDWR);
	assert_int_equal(read(file, bytes, 2), 2);
	assert_int_equal(bytes[0], REASON_NO_SLOT);
	assert_int_equal(bytes[1], REASON_POOL_BAD);
	assert_int_equal(ftruncate(file, 1 << 20), 0);
	pool_tally_loss(scene->folder, REASON_POOL_BAD);
	assert_int_equal(fstat(file, &st), 0);
	assert_int_equal(st.st_size, 1 << 20);
	close(file);
	pool_tally_loss("/nowhere/at/all", REASON_POOL_BAD);
}

static void counts_and_reasons_have_names(void **state)
{
	(void)state;
	assert_string_equal(pool_count_name(POOL_NO_SLOT), "no_slot");
	assert_string_equal(reason_name(REASON_POOL_BAD), "pool_bad");
	for (int i = 0; i < POOL_COUNT_LAST; i++)
		assert_true(strlen(pool_count_text((enum pool_count)i)) > 5);
	for (int i = 0; i < REASON_COUNT; i++)
		assert_true(strlen(reason_text((enum reason)i)) > 5);
	assert_string_equal(reason_text((enum reason)200), "unknown");
	assert_string_equal(pool_count_name((enum pool_count)200), "unknown");
}

#define WITH_POOL(test)	  cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up_folder, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_POOL(a_new_pool_has_its_geometry_and_is_allocated_whole),
		WITH_POOL(a_pool_is_the_same_for_all_who_open_it),
		WITH_POOL(the_pid_namespace_is_told_without_looking_into_proc_self),
		WITH_POOL(two_pools_have_two_ids),
		WITH_FOLDER(without_make_nothing_is_made),
		WITH_POOL(a_descriptor_is_open_only_until_it_is_closed),
		WITH_POOL(the_folder_must_be_ours_and_closed_to_others),
		WITH_POOL(the_file_must_be_ours_regular_and_closed_to_others),
		WITH_POOL(a_foreign_or_damaged_header_is_refused),
		WITH_POOL(a_file_of_another_size_is_refused),
		WITH_FOLDER(garbage_is_refused),
		WITH_POOL(a_pool_of_another_boot_is_told_to_drainers),
		WITH_FOLDER(a_pool_is_never_on_a_disk),
		WITH_FOLDER(a_full_tmpfs_is_named_as_such),
		WITH_FOLDER(a_file_size_limit_does_not_kill_the_host),
		WITH_FOLDER(running_out_of_descriptors_says_nothing_about_the_pool),
		WITH_FOLDER(the_hosts_umask_does_not_matter),
		WITH_FOLDER(of_many_makers_one_wins_and_all_use_its_pool),
		WITH_FOLDER(a_killed_maker_leaves_no_pool_or_a_whole_one),
		WITH_FOLDER(what_killed_makers_left_is_removed_when_it_is_old),
		WITH_POOL(usage_counts_the_slots_that_are_not_free),
		WITH_FOLDER(losses_are_tallied_and_the_tally_is_bounded),
		cmocka_unit_test(counts_and_reasons_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
