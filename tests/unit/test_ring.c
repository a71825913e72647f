/*
 * base/ring.h: appending from many threads, padding, holes, damage, fencing. Also run under
 * ThreadSanitizer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <errno.h>
#include <pthread.h>
#include <sys/time.h>

#include <cmocka.h>

#include "base/ring.h"
#include "pool_scene.h"

#define UNITS (32768 / RING_UNIT) /* of the ring of class 1 */

struct fixture {
	struct scene scene;
	struct slot_ref ref;
	union {
		struct ring_record record;
		uint8_t bytes[sizeof(struct ring_record) + RING_PAYLOAD_MAX];
	} out;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scene_open(&f->scene, true);
	assert_int_equal(slot_claim(&f->scene.pool, (uint32_t)getpid(), 0, 0, 32768, &f->ref), 0);
	assert_int_equal(f->ref.class.ring_bytes, 32768);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	scene_close(&f->scene);
	free(f);
	return 0;
}

static int append_at(struct fixture *f, uint64_t boot_ns, uint64_t value, uint32_t length)
{
	uint8_t payload[RING_PAYLOAD_MAX];

	memset(payload, (int)(value & 0xff), sizeof(payload));
	if (length >= sizeof(value))
		memcpy(payload, &value, sizeof(value));
	return ring_append(&f->ref, 7, boot_ns, payload, length);
}

static int append(struct fixture *f, uint64_t value, uint32_t length)
{
	return append_at(f, clock_boot_ns(), value, length);
}

/* What a producer leaves that is killed between reservation and commit. */
static uint64_t leave_hole(struct fixture *f, uint32_t units)
{
	return atomic_fetch_add(&f->ref.slot->ring_tail, units);
}

static int next(struct fixture *f, struct ring_cursor *cursor, uint64_t *position)
{
	return ring_next(&f->ref, cursor, &f->out.record, sizeof(f->out), position);
}

static uint64_t value_of(const struct fixture *f)
{
	uint64_t value;

	memcpy(&value, f->out.record.payload, sizeof(value));
	return value;
}

static void assert_next(struct fixture *f, struct ring_cursor *cursor, uint64_t value)
{
	uint64_t position;

	assert_int_equal(next(f, cursor, &position), 0);
	assert_true(value_of(f) == value);
}

static void assert_end(struct fixture *f, struct ring_cursor *cursor)
{
	uint64_t position;

	assert_int_equal(next(f, cursor, &position), -ENODATA);
}

static void records_come_out_as_they_went_in(void **state)
{
	struct fixture *f = *state;
	static const uint32_t lengths[] = { 0, 1, 7, 8, 39, 40, 41, 72, 104, 105, 2000, 8168 };
	struct ring_cursor cursor;
	uint64_t position, last = 0;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		assert_int_equal(append_at(f, 1000 + i, 0x1111111111111111 * i, lengths[i]), 0);
	ring_begin(&f->ref, false, &cursor);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		assert_int_equal(next(f, &cursor, &position), 0);
		assert_true(i == 0 || position > last);
		last = position;
		assert_int_equal(f->out.record.length, lengths[i]);
		assert_int_equal(f->out.record.type, 7);
		assert_int_equal(f->out.record.boot_ns, 1000 + i);
		for (uint32_t at = 0; at < lengths[i]; at++)
			assert_int_equal(f->out.record.payload[at], 0x11 * i);
	}
	assert_end(f, &cursor);
	assert_int_equal(cursor.holes, 0);
}

static void what_is_too_long_is_refused(void **state)
{
	struct fixture *f = *state;
	struct slot_ref command;

	assert_int_equal(append(f, 1, RING_PAYLOAD_MAX + 1), -EMSGSIZE);
	assert_int_equal(append(f, 1, 32768 / 4 - 24 + 1), -EMSGSIZE);
	assert_int_equal(append(f, 1, 32768 / 4 - 24), 0);
	assert_int_equal(slot_claim(&f->scene.pool, 5, 0, 0, 0, &command), 0);
	assert_int_equal(ring_append(&command, 7, 0, "", 0), -EMSGSIZE);
	assert_int_equal(f->ref.slot->ring_dropped, 0);
}

static void a_reader_without_room_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct ring_cursor cursor;
	uint64_t position;

	append(f, 5, 200);
	ring_begin(&f->ref, false, &cursor);
	assert_int_equal(ring_next(&f->ref, &cursor, &f->out.record, 24 + 199, &position),
			 -EMSGSIZE);
	assert_next(f, &cursor, 5);
}

static void a_full_ring_refuses_and_counts_the_loss(void **state)
{
	struct fixture *f = *state;
	struct ring_cursor cursor;

	for (int i = 0; i < UNITS; i++)
		assert_int_equal(append(f, (uint64_t)i, 40), 0);
	assert_int_equal(append(f, 0, 40), -ENOSPC);
	assert_int_equal(append(f, 0, 0), -ENOSPC);
	assert_int_equal(f->ref.slot->ring_dropped, 2);
	assert_int_equal(pool_counted(&f->scene.pool, POOL_RING_FULL), 2);
	ring_begin(&f->ref, false, &cursor);
	assert_next(f, &cursor, 0);
	assert_true(ring_release(&f->ref, 0, &cursor));
	assert_int_equal(append(f, UNITS, 40), 0);
	assert_int_equal(append(f, 0, 40), -ENOSPC);
	ring_begin(&f->ref, false, &cursor);
	for (int i = 1; i <= UNITS; i++)
		assert_next(f, &cursor, (uint64_t)i);
	assert_end(f, &cursor);
}

static void padding_fills_up_at_the_wrap(void **state)
{
	struct fixture *f = *state;
	struct ring_cursor cursor;
	uint64_t written = 0, read = 0;

	/* 100 laps with records of 1 to 13 units, which meet the end of the ring in every way. */
	while (f->ref.slot->ring_tail < 100 * UNITS) {
		while (append(f, written, 8 + (uint32_t)(written * 61 % 800)) == 0)
			written++;
		ring_begin(&f->ref, false, &cursor);
		for (; read < written; read++)
			assert_next(f, &cursor, read);
		assert_end(f, &cursor);
		assert_true(ring_release(&f->ref, f->ref.slot->ring_done, &cursor));
		assert_true(f->ref.slot->ring_head == f->ref.slot->ring_tail);
	}
	assert_int_equal(cursor.holes, 0);
}

static void a_young_hole_holds_the_walk_up(void **state)
{
	struct fixture *f = *state;
	struct ring_cursor cursor;

	append(f, 1, 40);
	leave_hole(f, 2);
	append(f, 2, 40);
	ring_begin(&f->ref, false, &cursor);
	assert_next(f, &cursor, 1);
	assert_end(f, &cursor);
	assert_true(ring_release(&f->ref, 0, &cursor));
	assert_int_equal(f->ref.slot->ring_done, 1);
	assert_int_equal(f->ref.slot->ring_head, 1);
}

static void an_old_hole_is_passed_but_not_reused(void **state)
{
	struct fixture *f = *state;
	struct ring_cursor cursor;
	uint64_t old = clock_boot_ns() - RING_HOLE_NS;

	append(f, 1, 40);
	leave_hole(f, 2);
	append_at(f, old, 2, 40);
	leave_hole(f, 1);
	append_at(f, old, 3, 40);
	ring_begin(&f->ref, false, &cursor);
	for (uint64_t i = 1; i <= 3; i++)
		assert_next(f, &cursor, i);
	assert_end(f, &cursor);
	assert_int_equal(cursor.holes, 3);
	assert_true(ring_release(&f->ref, 0, &cursor));
	assert_int_equal(f->ref.slot->ring_done, 6);
	assert_int_equal(f->ref.slot->ring_head, 1);
	/* Delivered records do not come again. */
	append(f, 4, 40);
	ring_begin(&f->ref, false, &cursor);
	assert_next(f, &cursor, 4);
	assert_end(f, &cursor);
	assert_true(ring_release(&f->ref, 6, &cursor));
	assert_int_equal(f->ref.slot->ring_head, 1);
}

static void holes_are_freed_when_the_process_is_dead(void **state)
{
	struct fixture *f = *state;
	struct ring_cursor cursor;

	leave_hole(f, 3);
	append(f, 1, 40);
	leave_hole(f, 3);
	ring_begin(&f->ref, true, &cursor);
	assert_next(f, &cursor, 1);
	assert_end(f, &cursor);
	assert_true(ring_release(&f->ref, 0, &cursor));
	assert_int_equal(f->ref.slot->ring_head, 7);
	assert_int_equal(f->ref.slot->ring_done, 7);
}

static void a_drainer_killed_while_it_released_costs_no_room(void **state)
{
	struct fixture *f = *state;
	struct ring_cursor cursor;

	for (uint64_t i = 0; i < 10; i++)
		append(f, i, 100);
	f->ref.slot->ring_done = 14; /* and killed before ring_head */
	ring_begin(&f->ref, false, &cursor);
	assert_int_equal(cursor.position, 14);
	assert_int_equal(cursor.freed, 14);
	assert_next(f, &cursor, 7);
}

static void damaged_records_are_left_out_and_counted_once(void **state)
{
	struct fixture *f = *state;
	struct ring_cursor cursor, stale;
	uint8_t *ring = (uint8_t *)(f->ref.slot + 1) + f->ref.class.payload_bytes +
			f->ref.class.counter_bytes;

	for (uint64_t i = 0; i < 5; i++)
		append(f, i, 40);
	ring[1 * RING_UNIT + 30] ^= 1;	/* payload */
	ring[3 * RING_UNIT + 15] = 200; /* units */
	ring_begin(&f->ref, false, &cursor);
	assert_next(f, &cursor, 0);
	assert_next(f, &cursor, 2);
	assert_next(f, &cursor, 4);
	assert_end(f, &cursor);
	assert_int_equal(cursor.damaged, 2);
	assert_int_equal(pool_counted(&f->scene.pool, POOL_DAMAGED), 0);
	stale = cursor;
	assert_true(ring_release(&f->ref, 0, &cursor));
	assert_false(ring_release(&f->ref, 0, &stale));
	assert_int_equal(pool_counted(&f->scene.pool, POOL_DAMAGED), 2);
}

static void of_two_drainers_one_delivers(void **state)
{
	struct fixture *f = *state;
	struct ring_cursor stale, next_one;

	for (uint64_t i = 0; i < 4; i++)
		append(f, i, 40);
	ring_begin(&f->ref, false, &stale);
	assert_next(f, &stale, 0);
	ring_begin(&f->ref, false, &next_one);
	assert_next(f, &next_one, 0);
	assert_next(f, &next_one, 1);
	assert_true(ring_release(&f->ref, 0, &next_one));
	assert_false(ring_release(&f->ref, 0, &stale));
	assert_int_equal(f->ref.slot->ring_done, 2);
	assert_int_equal(f->ref.slot->ring_head, 2);
}

static void impossible_words_make_no_walk(void **state)
{
	struct fixture *f = *state;
	struct slot *slot = f->ref.slot;
	static const uint64_t words[][3] = { /* head, done, tail */
					     { 5, 4, 6 },
					     { 5, 7, 6 },
					     { 0, 0, UNITS + 1 },
					     { 9, 9, 8 },
					     { UINT64_MAX, UINT64_MAX, 5000 }
	};
	struct ring_cursor cursor;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		slot->ring_head = words[i][0];
		slot->ring_done = words[i][1];
		slot->ring_tail = words[i][2];
		ring_begin(&f->ref, i % 2 == 0, &cursor);
		assert_end(f, &cursor);
	}
}

static void the_next_tenant_begins_with_an_empty_ring(void **state)
{
	struct fixture *f = *state;
	struct ring_cursor cursor;
	uint64_t tail;

	append(f, 1, 40);
	leave_hole(f, 2);
	tail = f->ref.slot->ring_tail;
	*f->ref.claim = CLAIM_WORD(9, 0, CLAIM_FREE);
	do
		assert_int_equal(slot_claim(&f->scene.pool, 5, 0, 0, 32768, &f->ref), 0);
	while (f->ref.lifecycle >> 16 != 9);
	ring_begin(&f->ref, false, &cursor);
	assert_end(f, &cursor);
	assert_true(cursor.position == tail);
	append(f, 2, 40);
	ring_begin(&f->ref, false, &cursor);
	assert_next(f, &cursor, 2);
}

/* A producer's records are numbered; its number is in the upper half. */
enum { PRODUCERS = 2, RECORDS = 30000 };

struct producer {
	struct fixture *f;
	uint64_t number;
	_Atomic int *at_work;
};

static void *produce(void *of)
{
	struct producer *producer = of;

	for (uint64_t i = 0; i < RECORDS;) {
		uint32_t length = 8 + (uint32_t)(i * 37 % 300);

		if (append(producer->f, producer->number << 32 | i, length) == 0)
			i++;
		else
			sched_yield();
	}
	atomic_fetch_sub(producer->at_work, 1);
	return NULL;
}

static void check_order(const struct fixture *f, uint64_t *expected)
{
	uint64_t value = value_of(f);

	assert_true(value >> 32 < PRODUCERS);
	assert_true((value & 0xffffffff) == expected[value >> 32]);
	expected[value >> 32]++;
	assert_int_equal(f->out.record.length, 8 + (value & 0xffffffff) * 37 % 300);
}

static void two_producers_lose_and_repeat_nothing(void **state)
{
	struct fixture *f = *state;
	_Atomic int at_work = PRODUCERS;
	struct producer producers[PRODUCERS];
	pthread_t threads[PRODUCERS];
	uint64_t expected[PRODUCERS] = { 0 };
	uint64_t end = clock_boot_ns() + SCENE_DEADLINE;
	bool last;

	for (uint64_t i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){ f, i, &at_work };
		pthread_create(&threads[i], NULL, produce, &producers[i]);
	}
	do {
		struct ring_cursor cursor;
		uint64_t from, position;

		last = atomic_load(&at_work) == 0;
		ring_begin(&f->ref, false, &cursor);
		from = cursor.position;
		while (next(f, &cursor, &position) == 0)
			check_order(f, expected);
		assert_int_equal(cursor.holes, 0);
		assert_true(ring_release(&f->ref, from, &cursor));
		assert_true(clock_boot_ns() < end);
	} while (!last);
	for (int i = 0; i < PRODUCERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(expected[i], RECORDS);
	}
}

static struct fixture *interrupted;
static volatile sig_atomic_t signals;

static void append_in_handler(int signal)
{
	(void)signal;
	if (append(interrupted, UINT64_C(1) << 32 | (uint64_t)signals,
		   8 + (uint32_t)signals * 37 % 300) == 0)
		signals++;
}

static void a_signal_handler_may_append_while_its_thread_does(void **state)
{
	struct fixture *f = *state;
	struct itimerval often = { { 0, 100 }, { 0, 100 } }, never = { { 0, 0 }, { 0, 0 } };
	uint64_t expected[PRODUCERS] = { 0 };
	uint64_t end = clock_boot_ns() + SCENE_DEADLINE;
	uint64_t sent = 0, position;

	interrupted = f;
	signal(SIGALRM, append_in_handler);
	setitimer(ITIMER_REAL, &often, NULL);
	while (signals < 300) {
		struct ring_cursor cursor;
		uint64_t from;

		while (append(f, sent, 8 + (uint32_t)(sent * 37 % 300)) == 0)
			sent++;
		ring_begin(&f->ref, false, &cursor);
		from = cursor.position;
		while (next(f, &cursor, &position) == 0)
			check_order(f, expected);
		assert_true(ring_release(&f->ref, from, &cursor));
		assert_true(clock_boot_ns() < end);
	}
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_DFL);
	assert_true(expected[0] > 0 && expected[1] > 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_come_out_as_they_went_in),
		TEST(what_is_too_long_is_refused),
		TEST(a_reader_without_room_loses_nothing),
		TEST(a_full_ring_refuses_and_counts_the_loss),
		TEST(padding_fills_up_at_the_wrap),
		TEST(a_young_hole_holds_the_walk_up),
		TEST(an_old_hole_is_passed_but_not_reused),
		TEST(holes_are_freed_when_the_process_is_dead),
		TEST(a_drainer_killed_while_it_released_costs_no_room),
		TEST(damaged_records_are_left_out_and_counted_once),
		TEST(of_two_drainers_one_delivers),
		TEST(impossible_words_make_no_walk),
		TEST(the_next_tenant_begins_with_an_empty_ring),
		TEST(two_producers_lose_and_repeat_nothing),
		TEST(a_signal_handler_may_append_while_its_thread_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
