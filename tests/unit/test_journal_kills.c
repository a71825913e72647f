/*
 * The journal's promise under kill -9: processes are killed at random instants of claim, commit,
 * append and note; what had been committed is there, the rest is cleaned away.
 * BOOKEND_TEST_KILLS=100000 for a long run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/drain_claim.h"
#include "base/ring.h"
#include "pool_scene.h"

/* What the victim had finished before it was killed; shared with it. */
struct progress {
	_Atomic uint32_t ready;
	_Atomic uint32_t claimed;
	_Atomic uint32_t started;
	_Atomic uint64_t appended;
	_Atomic int noted;
};

static struct scene scene;
static struct progress *progress;
static unsigned ends[4]; /* by enum drain_end */

static void append(struct slot_ref *ref, uint64_t number)
{
	uint64_t payload[24] = { number };
	uint32_t length =
		(uint32_t)(sizeof(number) + number * 13 % (sizeof(payload) - sizeof(number)));

	if (ring_append(ref, 1, clock_boot_ns(), payload, length) == 0)
		atomic_store(&progress->appended, number + 1);
}

static void victim(void)
{
	struct start_block start = { .pid = (uint32_t)getpid(), .payload = 3000 };
	struct slot_ref ref;

	atomic_store(&progress->ready, 1);
	if (slot_claim(&scene.pool, start.pid, 3000, 0, 32768, &ref) != 0)
		_exit(1);
	atomic_store(&progress->claimed, 1);
	memset(slot_payload(&ref), 'p', 3000);
	slot_commit_start(&ref, &start);
	atomic_store(&progress->started, 1);
	for (int i = 0;; i++) {
		struct note_facts note = { .reason = EXIT_EXIT, .code = i, .pid = start.pid };

		append(&ref, atomic_load(&progress->appended));
		slot_note_own(&ref, &note);
		atomic_store(&progress->noted, i);
	}
}

/* Half of the instants are near the claim and the commit of the start, half are spread over the
 * appends. */
static void kill_at_random(pid_t pid)
{
	uint64_t delay = (uint64_t)rand() % (rand() % 2 ? 12000 : 400000);
	uint64_t from;

	while (!atomic_load(&progress->ready))
		sched_yield();
	from = clock_boot_ns();
	while (clock_boot_ns() - from < delay)
		;
	kill(pid, SIGKILL);
	scene_reap(pid);
}

static void check_ring(struct slot_ref *ref)
{
	union {
		struct ring_record record;
		uint8_t bytes[512];
	} out;
	struct ring_cursor cursor;
	uint64_t position, number = 0, value, from;

	ring_begin(ref, true, &cursor);
	for (from = cursor.position;
	     ring_next(ref, &cursor, &out.record, sizeof(out), &position) == 0; number++) {
		memcpy(&value, out.record.payload, sizeof(value));
		assert_true(value == number);
	}
	/* The last one may have been committed without its writer living to say so. */
	assert_true(number == progress->appended || number == progress->appended + 1);
	assert_int_equal(cursor.damaged, 0);
	assert_true(ring_release(ref, from, &cursor));
}

static void check_committed(struct drain_claim *claim, const struct stop_facts *stop)
{
	struct start_block start;
	static uint8_t payload[8192];

	assert_int_equal(slot_read_start(&claim->ref, &start, payload, sizeof(payload)), 0);
	for (int i = 0; i < 3000; i++)
		assert_int_equal(payload[i], 'p');
	check_ring(&claim->ref);
	assert_true(stop->code >= progress->noted);
	assert_true(drain_commit(claim, DRAIN_DONE_START | DRAIN_DONE_STOP));
	assert_true(drain_free(&claim->ref));
}

/* A grace of a second is not waited for: the claim is made to look older. */
static enum drain_end observe_later(struct drain_claim *claim, struct stop_facts *stop)
{
	enum drain_end end = drain_observe(claim, stop);

	if (end == DRAIN_LIVES) {
		claim->ref.slot->seen_ns -= DRAIN_TAKEN_GRACE_NS;
		end = drain_observe(claim, stop);
	}
	return end;
}

static void check_slot(uint32_t number)
{
	struct drain_claim claim;
	struct stop_facts stop = { .code = 0 };
	uint32_t holder = 0;
	enum drain_end end;

	assert_int_equal(drain_claim(&scene.pool, number, 1, false, &claim, &holder), 0);
	end = observe_later(&claim, &stop);
	ends[end]++;
	if (end == DRAIN_OVER) {
		check_committed(&claim, &stop);
		return;
	}
	assert_int_equal(end, DRAIN_EMPTY);
	assert_int_equal(progress->started, 0);
}

static unsigned check_slots(void)
{
	unsigned found = 0;

	for (uint32_t i = 0; i < scene.pool.slots; i++) {
		if (CLAIM_STATE(scene.pool.claims[i]) == CLAIM_FREE)
			continue;
		check_slot(i);
		found++;
	}
	return found;
}

static void what_was_committed_survives_any_kill(void **state)
{
	unsigned kills = scene_kills(300);

	(void)state;
	for (unsigned i = 0; i < kills; i++) {
		unsigned found;
		pid_t pid;

		memset(progress, 0, sizeof(*progress));
		atomic_store(&progress->noted, -1);
		pid = fork();
		if (pid == 0)
			victim();
		kill_at_random(pid);
		found = check_slots();
		assert_true(found == 1 || (found == 0 && !progress->claimed));
	}
	/* A count is not a record: who is killed right after the change that it counts was not
	 * counted. */
	assert_true(pool_counted(&scene.pool, POOL_STARTS) <= ends[DRAIN_OVER]);
	assert_int_equal(pool_counted(&scene.pool, POOL_STOPS), ends[DRAIN_OVER]);
	assert_int_equal(pool_counted(&scene.pool, POOL_DAMAGED), 0);
	print_message("%u killed: %u before anything was committed, %u after\n", kills,
		      ends[DRAIN_EMPTY], ends[DRAIN_OVER]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		what_was_committed_survives_any_kill) };
	int failed;

	srand((unsigned)clock_boot_ns());
	progress = scene_shared(sizeof(*progress));
	scene_open(&scene, true);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	scene_close(&scene);
	return failed;
}
