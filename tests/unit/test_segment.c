/*
 * Spool segments: what was written whole is there, whatever happened to the rest.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/spool_scene.h"

static void an_event_comes_back_as_it_went_in(void **state)
{
	struct event event = scene_event(9, 1);
	struct buffer bytes = { 0 };
	struct event back;

	(void)state;
	event.user = scene_view("somebody");
	event_pack(&event, &bytes);
	assert_int_equal(event_unpack((uint8_t *)bytes.data, bytes.length, &back), 0);
	assert_memory_equal(&back.id, &event.id, sizeof(event.id));
	assert_int_equal(back.time_ns, event.time_ns);
	assert_int_equal(back.pid, 42);
	assert_int_equal(back.user.length, 8);
	assert_memory_equal(back.user.text, "somebody", 8);
	assert_null(back.context.text);
	assert_memory_equal(back.properties.text, "{\"a\":1}", 7);
	buffer_free(&bytes);
}

static void a_cut_event_is_refused_at_every_length(void **state)
{
	struct event event = scene_event(9, 1);
	struct buffer bytes = { 0 };
	struct event back;

	(void)state;
	event_pack(&event, &bytes);
	for (size_t length = 0; length < bytes.length; length++) {
		uint8_t *copy = malloc(length ? length : 1);

		memcpy(copy, bytes.data, length);
		assert_int_equal(event_unpack(copy, length, &back), -EBADMSG);
		free(copy);
	}
	buffer_free(&bytes);
}

static void written_groups_are_there_after_reopening(void **state)
{
	struct segment *segment;
	struct scene scene;

	(void)state;
	scene_begin(&scene);
	segment = scene_segment(&scene, "a");
	for (uint64_t i = 1; i <= 3; i++)
		scene_add(segment, i);
	assert_int_equal(segment_write(segment, true), 0);
	segment_close(segment);
	assert_int_equal(segment_open(scene.folder, "a", &segment), 0);
	assert_int_equal(segment_load(segment), 0);
	assert_int_equal(segment->items, 3);
	assert_int_equal(segment->item[2].lifecycle, 3);
	assert_int_equal(segment->routes, 1);
	assert_string_equal(segment->route[0].url, "http://receiver/");
	assert_string_equal(segment->route[0].key, "key");
	assert_memory_equal(segment->image, scene_image, 16);
	assert_int_equal(segment->damaged, 0);
	segment_close(segment);
	scene_end(&scene);
}

static void a_held_segment_can_not_be_taken(void **state)
{
	struct segment *mine, *other;
	struct scene scene;

	(void)state;
	scene_begin(&scene);
	mine = scene_segment(&scene, "a");
	assert_int_equal(segment_open(scene.folder, "a", &other), -EBUSY);
	segment_close(mine);
	assert_int_equal(segment_open(scene.folder, "a", &other), 0);
	segment_close(other);
	scene_end(&scene);
}

/* Cut at every byte: never an event of an incomplete group, always all those before it. */
static void a_torn_tail_is_cut_at_the_last_whole_group(void **state)
{
	struct segment *segment;
	struct scene scene;
	uint64_t one, two;
	char path[128];

	(void)state;
	scene_begin(&scene);
	snprintf(path, sizeof(path), "%s/a", scene.path);
	segment = scene_segment(&scene, "a");
	scene_add(segment, 1);
	assert_int_equal(segment_write(segment, false), 0);
	one = segment->end;
	scene_add(segment, 2);
	assert_int_equal(segment_write(segment, false), 0);
	two = segment->end;
	segment_close(segment);
	for (uint64_t cut = two - 1; cut > one; cut--) {
		assert_int_equal(truncate(path, (off_t)cut), 0);
		assert_int_equal(segment_peek(scene.folder, "a", &segment), 0);
		assert_int_equal(segment->items, 1);
		segment_close(segment);
	}
	assert_int_equal(segment_open(scene.folder, "a", &segment), 0);
	assert_int_equal(segment->end, one);
	assert_int_equal(segment->damaged, 1);
	assert_int_equal(segment_load(segment), 0);
	assert_int_equal(segment->items, 1);
	segment_close(segment);
	scene_end(&scene);
}

static void a_flipped_byte_ends_what_is_believed(void **state)
{
	struct segment *segment;
	struct scene scene;
	uint64_t one;
	char byte;
	int file;

	(void)state;
	scene_begin(&scene);
	segment = scene_segment(&scene, "a");
	scene_add(segment, 1);
	assert_int_equal(segment_write(segment, false), 0);
	one = segment->end;
	scene_add(segment, 2);
	assert_int_equal(segment_write(segment, false), 0);
	segment_close(segment);
	file = openat(scene.folder, "a", O_RDWR);
	assert_int_equal(pread(file, &byte, 1, (off_t)one + 40), 1);
	byte ^= 4;
	assert_int_equal(pwrite(file, &byte, 1, (off_t)one + 40), 1);
	close(file);
	assert_int_equal(segment_open(scene.folder, "a", &segment), 0);
	assert_int_equal(segment_load(segment), 0);
	assert_int_equal(segment->items, 1);
	segment_close(segment);
	scene_end(&scene);
}

static void a_file_that_is_no_segment_is_put_aside(void **state)
{
	struct segment *segment;
	struct scene scene;
	char junk[4096];
	int file;

	(void)state;
	scene_begin(&scene);
	memset(junk, 'x', sizeof(junk));
	file = openat(scene.folder, "a", O_RDWR | O_CREAT, 0600);
	assert_int_equal(write(file, junk, sizeof(junk)), sizeof(junk));
	close(file);
	assert_int_equal(segment_open(scene.folder, "a", &segment), -EBADMSG);
	assert_int_equal(faccessat(scene.folder, "a.damaged", F_OK, 0), 0);
	file = openat(scene.folder, "b", O_RDWR | O_CREAT, 0600);
	close(file);
	assert_int_equal(segment_open(scene.folder, "b", &segment), -EBADMSG);
	assert_int_not_equal(faccessat(scene.folder, "b.damaged", F_OK, 0), 0);
	assert_int_not_equal(faccessat(scene.folder, "b", F_OK, 0), 0);
	scene_end(&scene);
}

static void voided_groups_have_no_routes(void **state)
{
	struct segment *segment;
	struct scene scene;

	(void)state;
	scene_begin(&scene);
	segment = scene_segment(&scene, "a");
	scene_add(segment, 1);
	scene_add(segment, 2);
	segment_add_mark(segment, SPOOL_VOID,
			 &(struct spool_mark){ .lifecycle = 1, .moments = DRAIN_DONE_START });
	scene_add(segment, 1);
	assert_int_equal(segment_write(segment, false), 0);
	assert_int_equal(segment_load(segment), 0);
	assert_int_equal(segment->items, 3);
	assert_int_equal(segment->item[0].routes, 0);
	assert_int_equal(segment->item[1].routes, 1);
	/* What came behind the mark counts: the other drainer had let go. */
	assert_int_equal(segment->item[2].routes, 1);
	segment_close(segment);
	scene_end(&scene);
}

static void acknowledgements_outlive_their_owner(void **state)
{
	struct segment *segment;
	struct scene scene;
	uint64_t first;

	(void)state;
	scene_begin(&scene);
	segment = scene_segment(&scene, "a");
	scene_add(segment, 1);
	scene_add(segment, 2);
	assert_int_equal(segment_write(segment, false), 0);
	assert_int_equal(segment_load(segment), 0);
	first = segment->item[0].end;
	assert_int_equal(segment_acknowledge(segment, 0, first), 0);
	assert_false(segment_finished(segment));
	segment_close(segment);
	assert_int_equal(segment_open(scene.folder, "a", &segment), 0);
	assert_int_equal(segment->route[0].acked, first);
	assert_int_equal(segment_acknowledge(segment, 0, segment->end), 0);
	assert_true(segment_finished(segment));
	segment_delete(segment);
	assert_int_not_equal(faccessat(scene.folder, "a", F_OK, 0), 0);
	scene_end(&scene);
}

static void a_torn_acknowledgement_means_send_again(void **state)
{
	struct segment *segment;
	struct scene scene;
	int file;

	(void)state;
	scene_begin(&scene);
	segment = scene_segment(&scene, "a");
	scene_add(segment, 1);
	assert_int_equal(segment_write(segment, false), 0);
	segment_acknowledge(segment, 0, segment->end);
	segment_close(segment);
	file = openat(scene.folder, "a", O_RDWR);
	assert_int_equal(pwrite(file, "\xff", 1, offsetof(struct spool_header, ack)), 1);
	close(file);
	assert_int_equal(segment_open(scene.folder, "a", &segment), 0);
	assert_int_equal(segment->route[0].acked, 0);
	assert_false(segment_finished(segment));
	segment_close(segment);
	scene_end(&scene);
}

static void more_than_64_routes_are_refused(void **state)
{
	struct segment *segment;
	struct scene scene;
	char url[32];

	(void)state;
	scene_begin(&scene);
	segment = scene_segment(&scene, "a");
	for (int i = 0; i < 64; i++) {
		snprintf(url, sizeof(url), "http://r/%d", i);
		assert_int_equal(
			segment_route(segment, &(struct late_route){ .url = url, .key = "" }), i);
	}
	assert_int_equal(
		segment_route(segment, &(struct late_route){ .url = "http://r/5", .key = "" }), 5);
	assert_int_equal(
		segment_route(segment, &(struct late_route){ .url = "http://r/64", .key = "" }),
		-E2BIG);
	segment_close(segment);
	scene_end(&scene);
}

/* A file system that takes no more, by RLIMIT_FSIZE, in a child. */
static void write_beyond_a_limit(struct scene *scene)
{
	struct segment *segment = scene_segment(scene, "a");
	struct rlimit limit;
	int r;

	signal(SIGXFSZ, SIG_IGN);
	scene_add(segment, 1);
	if (segment_write(segment, true))
		_exit(2);
	limit = (struct rlimit){ segment->end + 100, segment->end + 100 };
	setrlimit(RLIMIT_FSIZE, &limit);
	scene_add(segment, 2);
	r = segment_write(segment, true);
	_exit(r == -EFBIG && !segment->pending.length && segment->routes == 1 ? 0 : 3);
}

static void a_full_disk_leaves_the_last_whole_pass(void **state)
{
	struct segment *segment;
	struct scene scene;
	struct stat st;
	int status;
	pid_t pid;

	(void)state;
	scene_begin(&scene);
	pid = fork();
	if (!pid)
		write_beyond_a_limit(&scene);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(segment_open(scene.folder, "a", &segment), 0);
	assert_int_equal(fstat(segment->file, &st), 0);
	assert_int_equal((uint64_t)st.st_size, segment->end);
	assert_int_equal(segment->damaged, 0);
	assert_int_equal(segment_load(segment), 0);
	assert_int_equal(segment->items, 1);
	segment_close(segment);
	scene_end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_comes_back_as_it_went_in),
		cmocka_unit_test(a_cut_event_is_refused_at_every_length),
		cmocka_unit_test(written_groups_are_there_after_reopening),
		cmocka_unit_test(a_held_segment_can_not_be_taken),
		cmocka_unit_test(a_torn_tail_is_cut_at_the_last_whole_group),
		cmocka_unit_test(a_flipped_byte_ends_what_is_believed),
		cmocka_unit_test(a_file_that_is_no_segment_is_put_aside),
		cmocka_unit_test(voided_groups_have_no_routes),
		cmocka_unit_test(acknowledgements_outlive_their_owner),
		cmocka_unit_test(a_torn_acknowledgement_means_send_again),
		cmocka_unit_test(more_than_64_routes_are_refused),
		cmocka_unit_test(a_full_disk_leaves_the_last_whole_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
