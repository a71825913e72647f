/*
 * base/slot.h: claims, blocks, changes of owner. Also run under ThreadSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <errno.h>
#include <pthread.h>

#include <cmocka.h>

#include "base/drain_claim.h"
#include "base/process.h"
#include "pool_scene.h"

static int set_up(void **state)
{
	*state = calloc(1, sizeof(struct scene));
	scene_open(*state, true);
	return 0;
}

static int set_up_narrow(void **state)
{
	*state = calloc(1, sizeof(struct scene));
	scene_open(*state, false);
	return 0;
}

static int tear_down(void **state)
{
	scene_close(*state);
	free(*state);
	return 0;
}

static void claim(struct scene *scene, uint32_t pid, struct slot_ref *into)
{
	assert_int_equal(slot_claim(&scene->pool, pid, 100, 0, 0, into), 0);
}

static struct start_block start_of(uint32_t pid, uint32_t payload)
{
	return (struct start_block){ .payload = payload, .pid = pid, .parent = 1, .service = 3 };
}

static void run(struct slot_ref *ref, uint32_t pid)
{
	struct start_block start = start_of(pid, 0);

	slot_commit_start(ref, &start);
}

static void note(struct slot_ref *ref, int code)
{
	struct note_facts facts = { .reason = EXIT_EXIT, .code = code, .pid = 77 };

	slot_note_own(ref, &facts);
}

/* Ends the tenancy as drainers do. */
static void end_and_free(struct slot_ref *ref, uint32_t pid)
{
	assert_true(slot_change(ref, pid, CLAIM_RUNNING, CLAIM_FINAL));
	ref->slot->drain = DRAIN_WORD(1, 0, DRAIN_DONE_START | DRAIN_DONE_STOP, DRAIN_IDLE);
	assert_true(drain_free(ref));
}

static void a_claim_takes_the_first_class_with_room(void **state)
{
	struct scene *scene = *state;
	static const struct {
		uint32_t payload, counters, ring, class;
	} table[] = {
		{ 0, 0, 0, 0 },		{ 3072, 0, 0, 0 },	  { 3073, 0, 0, 2 },
		{ 100, 0, 1, 1 },	{ 100, 4096, 8192, 1 },	  { 100, 4097, 0, 2 },
		{ 100, 0, 8193, 2 },	{ 100, 24576, 32768, 2 }, { 100, 0, 32769, 3 },
		{ 100, 24577, 0, 3 },	{ 8000, 0, 0, 3 },	  { 1 << 30, 0, 0, 3 },
		{ 100, 1 << 30, 0, 3 }, { 100, 0, 1 << 30, 3 },	  { 1 << 30, 1 << 30, 1 << 30, 3 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct slot_ref ref;

		assert_int_equal(slot_claim(&scene->pool, 77, table[i].payload, table[i].counters,
					    table[i].ring, &ref),
				 0);
		assert_int_equal(ref.class.first, scene->pool.class[table[i].class].first);
		assert_int_equal(CLAIM_STATE(*ref.claim), CLAIM_TAKEN);
		assert_int_equal(CLAIM_PID(*ref.claim), 77);
		assert_true(ref.slot->seen_ns <= clock_boot_ns() && ref.slot->seen_ns != 0);
	}
}

/* Only what is asked for: the rest of a large class stays untouched. */
static void a_claim_clears_the_counters_it_asks_for(void **state)
{
	struct scene *scene = *state;
	struct slot_ref ref;
	uint8_t *counters;

	assert_int_equal(slot_claim(&scene->pool, 77, 0, 1024, 0, &ref), 0);
	counters = slot_counters(&ref);
	memset(counters, 7, 2048);
	atomic_store(ref.claim, CLAIM_WORD(2, 0, CLAIM_FREE));
	assert_int_equal(slot_claim(&scene->pool, 77, 0, 1024, 0, &ref), 0);
	assert_ptr_equal(slot_counters(&ref), counters);
	for (int i = 0; i < 1024; i++)
		assert_int_equal(counters[i], 0);
	assert_int_equal(counters[1024], 7);
}

static void a_full_class_falls_through_and_a_full_pool_refuses(void **state)
{
	struct scene *scene = *state;
	struct slot_ref ref;
	uint32_t count[POOL_CLASSES] = { 0 };

	for (uint32_t i = 0; i < scene->pool.slots; i++) {
		claim(scene, 1000 + i, &ref);
		for (uint32_t c = 0; c < scene->pool.classes; c++)
			count[c] += ref.class.first == scene->pool.class[c].first;
		assert_int_equal(count[1] > 0, i >= 2048);
		assert_int_equal(count[2] > 0, i >= 2048 + 128);
		assert_int_equal(count[3] > 0, i >= 2048 + 128 + 64);
	}
	assert_int_equal(slot_claim(&scene->pool, 7, 100, 0, 0, &ref), -ENOSPC);
	assert_int_equal(slot_claim(&scene->pool, 7, 100, 0, 100, &ref), -ENOSPC);
}

static void only_the_header_and_the_own_slot_are_mapped(void **state)
{
	struct scene *scene = *state;
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	unsigned long from, to, sum = 0;
	struct slot_ref ref;

	claim(scene, 77, &ref);
	while (fgets(line, sizeof(line), maps) != NULL)
		if (strstr(line, scene->folder) != NULL && sscanf(line, "%lx-%lx", &from, &to) == 2)
			sum += to - from;
	fclose(maps);
	assert_int_equal(sum, scene->pool.head_bytes + ref.class.slot_bytes);
	assert_int_equal(scene->pool.head_bytes, scene->pool.class[0].offset);
	slot_unmap(&ref);
}

static void a_claim_that_can_not_be_mapped_is_given_back(void **state)
{
	struct scene *scene = *state;
	struct slot_ref ref;
	uint32_t taken, slots;

	pool_close_file(&scene->pool);
	assert_int_equal(slot_claim(&scene->pool, 77, 100, 0, 0, &ref), -EBADF);
	pool_usage(&scene->pool, &taken, &slots);
	assert_int_equal(taken, 0);
}

static void a_start_is_read_back_with_its_payload(void **state)
{
	struct scene *scene = *state;
	struct start_block facts = start_of(77, 100), read;
	uint8_t payload[100];
	struct slot_ref ref;

	claim(scene, 77, &ref);
	assert_int_equal(slot_read_start(&ref, &read, payload, sizeof(payload)), -ENODATA);
	memset(slot_payload(&ref), 'p', 100);
	slot_commit_start(&ref, &facts);
	assert_int_equal(CLAIM_STATE(*ref.claim), CLAIM_RUNNING);
	assert_int_equal(pool_counted(&scene->pool, POOL_STARTS), 1);
	assert_int_equal(slot_read_start(&ref, &read, payload, sizeof(payload)), 0);
	assert_int_equal(read.service, 3);
	assert_int_equal(read.payload, 100);
	assert_memory_equal(payload, slot_payload(&ref), 100);
	assert_int_equal(slot_read_start(&ref, &read, payload, 99), -EMSGSIZE);
	assert_int_equal(slot_read_start(&ref, &read, NULL, 0), 0);
}

static void frames_stand_behind_the_payload_once(void **state)
{
	struct scene *scene = *state;
	struct start_block facts = start_of(77, 100);
	char text[SLOT_FRAMES + 1];
	struct slot_ref ref;

	claim(scene, 77, &ref);
	memset(slot_payload(&ref), 'p', 100);
	slot_commit_start(&ref, &facts);
	assert_int_equal(slot_read_frames(&ref, text, sizeof(text)), -ENODATA);
	slot_note_frames(&ref, "app+0x1\n", 8);
	slot_note_frames(&ref, "other+0x2\n", 10);
	assert_int_equal(slot_read_frames(&ref, text, 8), -ENOSPC);
	assert_int_equal(slot_read_frames(&ref, text, sizeof(text)), 0);
	assert_string_equal(text, "app+0x1\n");
	slot_payload(&ref)[ref.class.payload_bytes - 1] = 'x';
	assert_int_equal(slot_read_frames(&ref, text, sizeof(text)), -EBADMSG);
	end_and_free(&ref, 77);
	claim(scene, 78, &ref);
	assert_int_equal(slot_read_frames(&ref, text, sizeof(text)), -ENODATA);
}

static void a_payload_is_never_longer_than_its_room(void **state)
{
	struct scene *scene = *state;
	struct start_block facts = start_of(77, UINT32_MAX), read;
	struct slot_ref ref;

	claim(scene, 77, &ref);
	slot_commit_start(&ref, &facts);
	assert_int_equal(slot_read_start(&ref, &read, NULL, 0), 0);
	assert_int_equal(read.payload, ref.class.payload_bytes);
	ref.slot->start.payload = ref.class.payload_bytes + 1;
	assert_int_equal(slot_read_start(&ref, &read, NULL, 0), -EBADMSG);
}

static void every_damaged_byte_of_a_start_is_noticed(void **state)
{
	struct scene *scene = *state;
	struct start_block facts = start_of(77, 64), read;
	uint8_t payload[64];
	struct slot_ref ref;

	claim(scene, 77, &ref);
	slot_commit_start(&ref, &facts);
	for (size_t i = 0; i < sizeof(struct start_block) + 64; i++) {
		uint8_t *byte = i < sizeof(struct start_block)
					? (uint8_t *)&ref.slot->start + i
					: slot_payload(&ref) + i - sizeof(struct start_block);

		*byte ^= 0x10;
		assert_int_not_equal(slot_read_start(&ref, &read, payload, 64), 0);
		*byte ^= 0x10;
	}
	assert_int_equal(slot_read_start(&ref, &read, payload, 64), 0);
}

static void what_a_former_tenant_left_counts_for_nobody(void **state)
{
	struct scene *scene = *state;
	struct slot_ref first, next;
	struct start_block start;
	struct note read;

	claim(scene, 77, &first);
	run(&first, 77);
	slot_set_waiter(&first, 88);
	note(&first, 1);
	slot_note_waited(&first, &(struct note_facts){ .pid = 77 });
	first.slot->heirs[3] = 9;
	first.slot->pending_forks = 2;
	end_and_free(&first, 77);
	assert_true(first.slot->seen_ns == 0);
	do /* until the same slot comes round again */
		claim(scene, 77, &next);
	while (next.number != first.number);
	assert_true(next.lifecycle == first.lifecycle + (1 << 16));
	assert_int_equal(slot_read_start(&next, &start, NULL, 0), -ENODATA);
	assert_int_equal(slot_read_own(&next, &read), -ENODATA);
	assert_int_equal(slot_read_waited(&next, &read), -ENODATA);
	assert_true(next.slot->waiter == 0 && next.slot->heirs[3] == 0 && next.slot->drain == 0 &&
		    next.slot->pending_forks == 0 && next.slot->notes == 0);
	/* And the former one, who may still believe that it is his, changes nothing. */
	assert_false(slot_change(&first, 77, CLAIM_TAKEN, CLAIM_RUNNING));
	assert_false(drain_free(&first));
}

static void the_newest_of_any_number_of_notes_counts(void **state)
{
	struct scene *scene = *state;
	struct slot_ref ref;
	struct note read;

	claim(scene, 77, &ref);
	assert_int_equal(slot_read_own(&ref, &read), -ENODATA);
	for (int i = 0; i < 1000; i++) {
		note(&ref, i);
		assert_int_equal(slot_read_own(&ref, &read), 0);
		assert_int_equal(read.code, i);
	}
}

static void a_damaged_note_gives_way_to_the_one_before(void **state)
{
	struct scene *scene = *state;
	struct slot_ref ref;
	struct note read;

	claim(scene, 77, &ref);
	note(&ref, 1);
	note(&ref, 2);
	ref.slot->own[2].code = 3;
	assert_int_equal(slot_read_own(&ref, &read), 0);
	assert_int_equal(read.code, 1);
	ref.slot->own[1].code = 3;
	assert_int_equal(slot_read_own(&ref, &read), -EBADMSG);
}

static void the_waiters_note_is_its_own(void **state)
{
	struct scene *scene = *state;
	struct note_facts facts = { .code = -1, .signal = SIGPIPE, .pid = 77 };
	struct slot_ref ref;
	struct note read;

	claim(scene, 77, &ref);
	slot_note_waited(&ref, &facts);
	assert_int_equal(slot_read_own(&ref, &read), -ENODATA);
	assert_int_equal(slot_read_waited(&ref, &read), 0);
	assert_int_equal(read.signal, SIGPIPE);
	ref.slot->waited.signal = 0;
	assert_int_equal(slot_read_waited(&ref, &read), -EBADMSG);
}

static void a_change_needs_the_exact_owner_and_state(void **state)
{
	struct scene *scene = *state;
	struct slot_ref ref;

	claim(scene, 77, &ref);
	run(&ref, 77);
	assert_false(slot_change(&ref, 78, CLAIM_RUNNING, CLAIM_STOPPED));
	assert_false(slot_change(&ref, 77, CLAIM_TAKEN, CLAIM_STOPPED));
	assert_true(slot_change(&ref, 77, CLAIM_RUNNING, CLAIM_STOPPED));
	assert_int_equal(pool_counted(&scene->pool, POOL_STOPS), 1);
	assert_true(slot_change(&ref, 77, CLAIM_STOPPED, CLAIM_FINAL));
	assert_int_equal(pool_counted(&scene->pool, POOL_STOPS), 1);
}

static void who_takes_over_is_known_to_live(void **state)
{
	struct scene *scene = *state;
	struct slot_ref ref;
	uint64_t before;

	claim(scene, 77, &ref);
	run(&ref, 77);
	assert_true(slot_change(&ref, 77, CLAIM_RUNNING, CLAIM_EXIT_PENDING));
	before = ref.slot->seen_ns;
	assert_true(slot_take_over(&ref, 77, CLAIM_EXIT_PENDING, 99, CLAIM_RUNNING));
	assert_int_equal(CLAIM_PID(*ref.claim), 99);
	assert_true(ref.slot->seen_ns > before);
	assert_false(slot_take_over(&ref, 77, CLAIM_EXIT_PENDING, 98, CLAIM_RUNNING));
}

static void a_process_finds_its_own_slot_in_every_living_state(void **state)
{
	static const enum claim_state living[] = { CLAIM_RUNNING, CLAIM_EXECUTING,
						   CLAIM_DAEMONIZING };
	struct scene *scene = *state;
	uint32_t pid = (uint32_t)getpid();
	enum claim_state now = CLAIM_TAKEN;
	struct slot_ref ref, found;

	assert_int_equal(slot_find(&scene->pool, pid, 0, &found), -ENOENT);
	claim(scene, pid, &ref);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(slot_find(&scene->pool, pid, 0, &found), 0);
		assert_int_equal(found.number, ref.number);
		assert_true(found.lifecycle == ref.lifecycle);
		assert_true(slot_owned_by(&scene->pool, pid, 0));
		slot_unmap(&found);
		assert_true(slot_change(&ref, pid, now, living[i]));
		now = living[i];
	}
	assert_true(slot_change(&ref, pid, now, CLAIM_STOPPED));
	assert_int_equal(slot_find(&scene->pool, pid, 0, &found), -ENOENT);
	assert_false(slot_owned_by(&scene->pool, pid, 0));
	slot_unmap(&ref);
}

static void one_look_is_enough_for_two_searches(void **state)
{
	struct scene *scene = *state;
	uint32_t pid = (uint32_t)getpid(), other = (uint32_t)getppid();
	struct slot_ref ref, second, found;
	uint32_t first;

	assert_int_equal(slot_first_of(&scene->pool, pid, other), scene->pool.slots);
	claim(scene, pid, &ref);
	assert_int_equal(slot_first_of(&scene->pool, pid, 0), ref.number);
	assert_int_equal(slot_first_of(&scene->pool, other, pid), ref.number);
	claim(scene, other, &second);
	first = slot_first_of(&scene->pool, pid, other);
	assert_true(first <= ref.number && first <= second.number);
	assert_true(first == ref.number || first == second.number);
	assert_int_equal(slot_find(&scene->pool, pid, first, &found), 0);
	assert_int_equal(found.number, ref.number);
	assert_int_equal(slot_owned_by(&scene->pool, other, first), second.lifecycle);
	assert_int_equal(slot_find(&scene->pool, pid, ref.number + 1, &found), -ENOENT);
	assert_int_equal(slot_owned_by(&scene->pool, 0, 0), 0);
}

static void a_slot_of_the_pids_former_process_is_not_found(void **state)
{
	struct scene *scene = *state;
	uint32_t pid = (uint32_t)getpid();
	struct process_stat stat;
	struct slot_ref old, ref, found;

	assert_int_equal(process_stat((int)pid, &stat), 0);
	claim(scene, pid, &old);
	old.slot->seen_ns = stat.start_ns - CLOCK_SECOND;
	assert_int_equal(slot_find(&scene->pool, pid, 0, &found), -ENOENT);
	assert_false(slot_owned_by(&scene->pool, pid, 0));
	do
		claim(scene, pid, &ref);
	while (ref.number < old.number);
	assert_int_equal(slot_find(&scene->pool, pid, 0, &found), 0);
	assert_int_not_equal(found.number, old.number);
}

/* Containers may share a pool, and in each of them are the same numbers. */
static void a_slot_of_the_same_pid_in_another_namespace_is_not_found(void **state)
{
	struct scene *scene = *state;
	uint32_t pid = (uint32_t)getpid();
	struct start_block start = start_of(pid, 0);
	struct slot_ref there, here, found;

	claim(scene, pid, &there);
	start.pid_namespace = process_pid_namespace() + 1;
	slot_commit_start(&there, &start);
	assert_int_equal(slot_find(&scene->pool, pid, 0, &found), -ENOENT);
	assert_false(slot_owned_by(&scene->pool, pid, 0));
	claim(scene, pid, &here);
	start.pid_namespace = process_pid_namespace();
	slot_commit_start(&here, &start);
	assert_int_equal(slot_find(&scene->pool, pid, 0, &found), 0);
	assert_true(found.lifecycle == here.lifecycle);
	assert_true(slot_owned_by(&scene->pool, pid, 0) == here.lifecycle);
}

static void readers_need_only_a_read_only_mapping(void **state)
{
	struct scene *scene = *state;
	struct slot_ref ref, view;
	struct start_block start;
	struct note read;
	uint32_t taken, slots;

	claim(scene, 77, &ref);
	run(&ref, 77);
	note(&ref, 5);
	assert_int_equal(mprotect(scene->pool.whole, scene->pool.file_bytes, PROT_READ), 0);
	slot_view(&scene->pool, ref.number, &view);
	assert_true(view.lifecycle == ref.lifecycle);
	assert_int_equal(slot_read_start(&view, &start, NULL, 0), 0);
	assert_int_equal(slot_read_own(&view, &read), 0);
	assert_int_equal(slot_read_waited(&view, &read), -ENODATA);
	pool_usage(&scene->pool, &taken, &slots);
	assert_int_equal(taken, 1);
}

/* Threads stand for processes here: they share the words as processes do, and ThreadSanitizer sees
 * them. */
enum { THREADS = 4, ROUNDS = 400 };

struct claimer {
	struct scene *scene;
	uint32_t pid;
	uint32_t taken[ROUNDS];
};

static void *claim_many(void *of)
{
	struct claimer *claimer = of;

	for (int i = 0; i < ROUNDS; i++) {
		struct slot_ref ref;

		claimer->taken[i] = UINT32_MAX;
		if (slot_claim(&claimer->scene->pool, claimer->pid, 0, 0, 0, &ref) == 0)
			claimer->taken[i] = ref.number;
	}
	return NULL;
}

static void no_slot_is_claimed_twice(void **state)
{
	struct scene *scene = *state;
	static struct claimer claimers[THREADS];
	static unsigned owners[2248];
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++) {
		claimers[i] =
			(struct claimer){ .scene = scene, .pid = 500 }; /* one pid: they meet */
		pthread_create(&threads[i], NULL, claim_many, &claimers[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		for (int j = 0; j < ROUNDS; j++) {
			assert_true(claimers[i].taken[j] < scene->pool.slots);
			assert_int_equal(owners[claimers[i].taken[j]]++, 0);
		}
	}
}

struct noter {
	struct slot_ref ref;
	_Atomic bool done;
};

static void *note_many(void *of)
{
	struct noter *noter = of;

	for (int i = 1; i <= 20000; i++)
		slot_note_own(&noter->ref, &(struct note_facts){ .reason = EXIT_EXIT,
								 .code = i,
								 .signal = -i,
								 .pid = (uint32_t)i });
	atomic_store(&noter->done, true);
	return NULL;
}

static void a_reader_never_sees_half_a_note(void **state)
{
	struct scene *scene = *state;
	struct noter noter = { .done = false };
	pthread_t thread;
	struct note read = { .code = 0 };
	int last = 0;

	claim(scene, 77, &noter.ref);
	pthread_create(&thread, NULL, note_many, &noter);
	while (!atomic_load(&noter.done)) {
		int error = slot_read_own(&noter.ref, &read);

		assert_true(error == 0 || error == -ENODATA || error == -EBADMSG);
		if (error != 0)
			continue;
		assert_true(read.signal == -read.code && read.pid == (uint32_t)read.code);
		last = read.code;
	}
	pthread_join(thread, NULL);
	assert_true(last > 0);
	assert_int_equal(slot_read_own(&noter.ref, &read), 0);
	assert_int_equal(read.code, 20000);
}

#define WHOLE(test)  cmocka_unit_test_setup_teardown(test, set_up, tear_down)
#define NARROW(test) cmocka_unit_test_setup_teardown(test, set_up_narrow, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WHOLE(a_claim_takes_the_first_class_with_room),
		WHOLE(a_claim_clears_the_counters_it_asks_for),
		WHOLE(a_full_class_falls_through_and_a_full_pool_refuses),
		NARROW(only_the_header_and_the_own_slot_are_mapped),
		NARROW(a_claim_that_can_not_be_mapped_is_given_back),
		WHOLE(a_start_is_read_back_with_its_payload),
		WHOLE(frames_stand_behind_the_payload_once),
		WHOLE(a_payload_is_never_longer_than_its_room),
		WHOLE(every_damaged_byte_of_a_start_is_noticed),
		WHOLE(what_a_former_tenant_left_counts_for_nobody),
		WHOLE(the_newest_of_any_number_of_notes_counts),
		WHOLE(a_damaged_note_gives_way_to_the_one_before),
		WHOLE(the_waiters_note_is_its_own),
		WHOLE(a_change_needs_the_exact_owner_and_state),
		WHOLE(who_takes_over_is_known_to_live),
		NARROW(a_process_finds_its_own_slot_in_every_living_state),
		WHOLE(a_process_finds_its_own_slot_in_every_living_state),
		WHOLE(one_look_is_enough_for_two_searches),
		WHOLE(a_slot_of_the_pids_former_process_is_not_found),
		WHOLE(a_slot_of_the_same_pid_in_another_namespace_is_not_found),
		NARROW(a_slot_of_the_same_pid_in_another_namespace_is_not_found),
		WHOLE(readers_need_only_a_read_only_mapping),
		WHOLE(no_slot_is_claimed_twice),
		WHOLE(a_reader_never_sees_half_a_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
