/*
 * What hooks do at a call: conditions, gates, records and counters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <pthread.h>

#include "calls_fixture.h"
#include "reads_texts.h"
#include "shim/calls.h"

static unsigned count_records(struct fixture *f)
{
	static _Alignas(8) uint8_t memory[2048];

	return records(f, (void *)memory, sizeof(memory));
}

static void a_record_has_what_the_event_captures(void **state)
{
	struct fixture *f = *state;
	static _Alignas(8) uint8_t memory[2048];
	struct ring_record *record = (void *)memory;
	const struct call_record *head = (const void *)record->payload;
	const struct call_item *item = (const void *)(head + 1);
	struct hooks_frame frame = { .integer = { 7, (uint64_t) "hello, world", 5 },
				     .result = { UINT32_MAX } };

	start(f, "    events: { e: { when: { call: \"int f(int a, const char *t, long n)\" }, "
		 "properties: { x: { parameter: a }, t: { parameter: t, length: n }, r: "
		 "\"${call.result}\" } } }\n");
	assert_int_equal(call(f, 0, &frame), HOOKS_FOLLOW);
	assert_int_equal(records(f, record, sizeof(memory)), 1);
	assert_int_equal(record->type, CALL_RING_TYPE);
	assert_int_equal(head->event, 0);
	assert_int_equal((int64_t)head->result, -1);
	assert_int_equal(head->flags & (CALL_HAS_RESULT | CALL_HAS_ERROR | CALL_HAS_DURATION),
			 CALL_HAS_RESULT);
	assert_true(head->flags & CALL_FAILED);
	assert_int_equal(item->key, CALL_KEY(1, CALL_INT32, 0));
	assert_int_equal(*(const int64_t *)item->bytes, 7);
	if (!reads_texts())
		skip();
	item = (const void *)(item->bytes + 8);
	assert_int_equal(item->length, 5);
	assert_memory_equal(item->bytes, "hello", 5);
	assert_int_equal(record->length, 32 + 16 + 16);
}

static const double numbers[] = { -DBL_MAX, -1e30,  -7.5,    -1,   -1e-7,  -DBL_MIN,
				  0,	    1e-310, DBL_MIN, 1e-6, 0.1,	   1,
				  2.5,	    1e9,    9e12,    1e13, DBL_MAX };
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

struct comparison {
	const char *op;
	bool (*holds)(double a, double b);
};

static bool is(double a, double b)
{
	return a == b;
}

static bool is_not(double a, double b)
{
	return a != b;
}

static bool above(double a, double b)
{
	return a > b;
}

static bool below(double a, double b)
{
	return a < b;
}

static bool at_least(double a, double b)
{
	return a >= b;
}

static bool at_most(double a, double b)
{
	return a <= b;
}

static const struct comparison comparisons[] = {
	{ "is", is },	    { "is_not", is_not },     { "above", above },
	{ "below", below }, { "at_least", at_least }, { "at_most", at_most }
};

/* Each operator with each constant, as counts with an `if`, against C's own comparison. */
static void check_comparisons(struct fixture *f, const char *type, const double *value,
			      unsigned values, bool is_float, const char *constant)
{
	char rest[4096] = "    measures:\n";

	for (unsigned i = 0; i < 6; i++) {
		size_t used = strlen(rest);

		snprintf(
			rest + used, sizeof(rest) - used,
			"      m%u: { call: \"int f(%s a)\", count: calls, if: { parameter: a, %s: "
			"%s } }\n",
			i, type, comparisons[i].op, constant);
	}
	strcat(rest, "    events: { e: { when: stop } }\n");
	start(f, rest);
	for (unsigned v = 0; v < values; v++) {
		struct hooks_frame frame = { .integer = { (uint64_t)(int64_t)value[v] } };
		int64_t before[6];

		if (value[v] >= 9.3e18 && !is_float)
			frame.integer[0] = (uint64_t)value[v];
		memcpy(&frame.floating[0][0], &value[v], sizeof(double));
		for (unsigned i = 0; i < 6; i++)
			before[i] = measured(f, (char[]){ 'm', (char)('0' + i), '\0' },
					     STATISTIC_ITSELF);
		call(f, 0, &frame);
		for (unsigned i = 0; i < 6; i++) {
			int64_t after = measured(f, (char[]){ 'm', (char)('0' + i), '\0' },
						 STATISTIC_ITSELF);

			if (after - before[i] !=
			    comparisons[i].holds(value[v], strtod(constant, NULL)))
				fail_msg("%s %g %s %s", type, value[v], comparisons[i].op,
					 constant);
		}
	}
	calls_free(&f->policy);
}

static void comparisons_are_those_of_c(void **state)
{
	static const double wide[] = {
		-9e18, -4611686018427387904.0, -2, -1, 0, 1, 2, 3, 1e15, 9e18
	};
	static const double no_sign[] = { 0, 1, 2, 3, 1e15, 9e18, 1e19, 1.8e19 };
	static const char *const constants[] = { "-1",	 "0",	 "1.5",	  "2",	  "-2.5",
						 "1e15", "1e30", "-1e30", "1e19", "9e18" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		check_comparisons(f, "long", wide, 10, false, constants[i]);
		check_comparisons(f, "unsigned long", no_sign, 8, false, constants[i]);
		check_comparisons(f, "double", numbers, NUMBERS, true, constants[i]);
	}
	f->policy.compiled.bytes = NULL;
}

/* Against the same formula, evaluated by hand. */
static void logic_short_circuits_to_the_right_answer(void **state)
{
	struct fixture *f = *state;

	start(f,
	      "    measures: { m: { call: f, count: calls, if: { any: [ { all: [ { parameter: 1, "
	      "above: 10 }, { not: { parameter: 2, is: [5, 7] } } ] }, { not: { any: [ { "
	      "parameter: 1, is_not: [0, 3] }, { parameter: 2, at_least: 5 } ] } }, never ] } } }\n"
	      "    events: { e: { when: stop } }\n");
	for (uint64_t a = 0; a < 16; a++) {
		for (uint64_t b = 0; b < 10; b++) {
			struct hooks_frame frame = { .integer = { a, b } };
			bool holds =
				(a > 10 && !(b == 5 || b == 7)) || !(!(a == 0 || a == 3) || b >= 5);
			int64_t before = measured(f, "m", STATISTIC_ITSELF);

			call(f, 0, &frame);
			assert_int_equal(measured(f, "m", STATISTIC_ITSELF) - before, holds);
		}
	}
}

static void a_condition_on_the_result_is_asked_behind_the_call(void **state)
{
	struct fixture *f = *state;

	start(f, "    measures: { bad: { call: \"int f(int a)\", count: calls, if: { value: "
		 "\"${call.result}\", below: 0 } }, sum: { call: f, sum: \"${call.result}\", if: { "
		 "value: \"${call.result}\", at_least: 0 } } }\n"
		 "    events: { e: { when: { call: f }, if: { value: \"${call.errno}\", is: 2 } } "
		 "}\n");
	call_with(f, 1, 40);
	call_with(f, 1, UINT64_MAX);
	call_with(f, 1, 2);
	assert_int_equal(measured(f, "bad", STATISTIC_ITSELF), 1);
	assert_int_equal(measured(f, "sum", STATISTIC_ITSELF), 42);
	assert_int_equal(measured(f, "sum", STATISTIC_COUNT), 2);
}

static void once_is_once(void **state)
{
	struct fixture *f = *state;

	start(f, "    events: { e: { when: { call: f, once: process }, if: { parameter: 1, is: 3 } "
		 "} }\n");
	call_with(f, 2, 0);
	assert_int_equal(count_records(f), 0);
	call_with(f, 3, 0);
	call_with(f, 3, 0);
	assert_int_equal(count_records(f), 1);
}

static void one_in_n_is_the_first_and_each_nth(void **state)
{
	struct fixture *f = *state;

	start(f, "    events: { e: { when: { call: f, one_in: 10 } } }\n");
	for (int i = 0; i < 101; i++)
		call_with(f, 0, 0);
	assert_int_equal(count_records(f), 11);
}

static void first_and_limit_let_so_many_pass_in_a_period(void **state)
{
	struct fixture *f = *state;
	uint64_t limited;

	start(f, "    events: { e: { when: { call: f, first: 7 per 366d } }, g: { when: { call: f "
		 "}, limit: 5 per 366d } }\n");
	limited = pool_counted(&f->self.pool, POOL_LIMITED);
	for (int i = 0; i < 20; i++)
		call_with(f, 0, 0);
	assert_int_equal(count_records(f), 12);
	assert_int_equal(pool_counted(&f->self.pool, POOL_LIMITED) - limited, 15);
}

static void a_new_period_lets_as_many_pass(void **state)
{
	struct fixture *f = *state;
	uint64_t begun = clock_boot_ns();
	unsigned passed;

	start(f, "    events: { e: { when: { call: f, first: 2 per 50ms } } }\n");
	while (clock_boot_ns() < begun + 300000000)
		call_with(f, 0, 0);
	passed = count_records(f);
	/* Six whole periods, and the ends of one before and one behind. */
	assert_true(passed >= 10 && passed <= 16);
}

static void a_switch_turns_calls_off_at_once(void **state)
{
	struct fixture *f = *state;
	struct switches switches = { .control = POOL_CONTROL_SOME, .count = 1 };

	start(f, "    measures: { m: { call: f, sum: { parameter: 1 } } }\n"
		 "    events: { e: { when: { call: f } } }\n");
	switches.off[0] = switches_hash("other", 5);
	switches_store(f->self.pool.header, &switches);
	call_with(f, 1, 0);
	switches.off[0] = f->calls.service;
	switches_store(f->self.pool.header, &switches);
	call_with(f, 1, 0);
	switches = (struct switches){ .control = POOL_CONTROL_OFF };
	switches_store(f->self.pool.header, &switches);
	call_with(f, 1, 0);
	assert_int_equal(count_records(f), 1);
	assert_int_equal(measured(f, "m", STATISTIC_COUNT), 1);
}

static void a_full_ring_drops_and_counts(void **state)
{
	struct fixture *f = *state;

	start(f, "    events: { e: { when: { call: f } } }\n");
	for (int i = 0; i < 1000; i++)
		call_with(f, 0, 0);
	assert_int_equal(count_records(f) + f->self.slot.slot->ring_dropped, 1000);
	assert_true(f->self.slot.slot->ring_dropped > 0);
}

static void a_stranger_records_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t mark = 1;

	start(f, "    events: { e: { when: { call: f } } }\n");
	/* A child in our memory, once there may be one. */
	f->self.here = &mark;
	f->self.pid = 1;
	f->calls.doubt = true;
	call_with(f, 0, 0);
	/* One with a copy of it: the kernel wiped the mark. */
	f->self.pid = getpid();
	f->calls.doubt = false;
	mark = 0;
	call_with(f, 0, 0);
	assert_int_equal(count_records(f), 0);
	mark = 1;
	call_with(f, 0, 0);
	assert_int_equal(count_records(f), 1);
}

static void durations_are_measured(void **state)
{
	struct fixture *f = *state;

	start(f, "    measures: { m: { call: f, histogram: duration_ms } }\n"
		 "    events: { e: { when: stop } }\n");
	calls_clock_begin();
	call_with(f, 0, 0);
	assert_int_equal(measured(f, "m", STATISTIC_COUNT), 1);
	assert_true(measured(f, "m", STATISTIC_MAX) < 1000000000);
}

/* The counter's speed is not known at first, and then for good. */
static void what_has_passed_is_what_the_clock_says(void **state)
{
	uint64_t begin, outside[2], inside[2];

	(void)state;
	calls_clock_begin();
	for (int i = 0; i < 200; i++) {
		uint64_t passed;

		outside[0] = clock_boot_ns();
		begin = calls_cycles();
		inside[0] = clock_boot_ns();
		while (clock_boot_ns() < inside[0] + 1000 * (uint64_t)i)
			;
		inside[1] = clock_boot_ns();
		passed = calls_passed_ns(begin);
		outside[1] = clock_boot_ns();
		assert_true(passed <= (outside[1] - outside[0]) / 100 * 101 + 500);
		assert_true(passed + 500 >= (inside[1] - inside[0]) / 101 * 100);
	}
}

static void a_clock_without_counter_and_kernel_stands_still(void **state)
{
	uint64_t begin, now;

	(void)state;
	calls_clock_begin();
	begin = calls_cycles();
	clock_bar(CLOCK_COUNTER);
	now = calls_clock();
	assert_true(calls_clock() > now); /* by the kernel's grace */
	clock_bar(CLOCK_CALLS);
	now = calls_clock();
	while (clock_boot_ns_cold() < now + 2000000)
		;
	assert_int_equal(clock_boot_ns(), now);
	assert_int_equal(calls_clock(), now);
	assert_int_equal(calls_passed_ns(begin), 0);
	assert_int_equal(calls_passed_ns(calls_cycles()), 0);
	clock_unbar(CLOCK_CALLS);
	clock_unbar(CLOCK_COUNTER);
	assert_true(calls_clock() > now);
}

#define THREADS 4
#ifndef CALLS_ROUNDS /* fewer where an emulator makes them; a multiple of 100 */
#define CALLS_ROUNDS 100000
#endif

static void *call_many(void *of)
{
	for (uint64_t i = 0; i < CALLS_ROUNDS; i++)
		call_with(of, i % 100, i % 3);
	return NULL;
}

static void counters_are_exact_with_many_threads_and_a_killed_one(void **state)
{
	struct fixture *f = *state;
	pthread_t threads[THREADS];
	pid_t child;

	start(f,
	      "    measures: { c: { call: f, count: calls, if: { parameter: 1, at_least: 0 } }, "
	      "s: { call: f, sum: { parameter: 1 } }, h: { call: f, histogram: { parameter: 1 } }, "
	      "r: { call: f, sum: \"${call.result}\" } }\n    events: { e: { when: stop } }\n");
	child = fork();
	if (child == 0) {
		call_many(f);
		kill(getpid(), SIGKILL);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, call_many, f);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	waitpid(child, NULL, 0);
	assert_int_equal(measured(f, "c", STATISTIC_ITSELF), (THREADS + 1) * CALLS_ROUNDS);
	assert_int_equal(measured(f, "s", STATISTIC_ITSELF),
			 (THREADS + 1) * (CALLS_ROUNDS / 100 * 4950));
	assert_int_equal(measured(f, "h", STATISTIC_COUNT), (THREADS + 1) * CALLS_ROUNDS);
	assert_int_equal(measured(f, "h", STATISTIC_SUM),
			 (THREADS + 1) * (CALLS_ROUNDS / 100 * 4950));
	assert_int_equal(measured(f, "h", STATISTIC_MAX), 99);
	assert_int_equal(measured(f, "h", STATISTIC_P50), 49);
	assert_int_equal(measured(f, "r", STATISTIC_COUNT), (THREADS + 1) * CALLS_ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_record_has_what_the_event_captures),
		RUN(comparisons_are_those_of_c),
		RUN(logic_short_circuits_to_the_right_answer),
		RUN(a_condition_on_the_result_is_asked_behind_the_call),
		RUN(once_is_once),
		RUN(one_in_n_is_the_first_and_each_nth),
		RUN(first_and_limit_let_so_many_pass_in_a_period),
		RUN(a_new_period_lets_as_many_pass),
		RUN(a_switch_turns_calls_off_at_once),
		RUN(a_full_ring_drops_and_counts),
		RUN(a_stranger_records_nothing),
		RUN(durations_are_measured),
		RUN(what_has_passed_is_what_the_clock_says),
		RUN(a_clock_without_counter_and_kernel_stands_still),
		RUN(counters_are_exact_with_many_threads_and_a_killed_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
