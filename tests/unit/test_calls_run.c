/*
 * The runtime of calls inside a process, without hooks: frames made by hand, a slot of a real pool.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <float.h>
#include <math.h>
#include <pthread.h>

#include "calls_scene.h"
#include "pool_scene.h"

#include "base/ring.h"
#include "base/switches.h"
#include "hooks/stub.h"
#include "hooks_machine.h"
#include "policy/measures.h"
#include "shim/calls_private.h"
#include "shim/confine.h"

#define SYMBOLS 8

struct fixture {
	struct scene pool;
	struct calls_scene policy;
	struct self self;
	struct calls calls;
	struct calls_symbol symbol[SYMBOLS];
	struct hooks_spec spec[SYMBOLS];
};

static int begin(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	scene_open(&f->pool, true);
	*state = f;
	return 0;
}

static int end(void **state)
{
	struct fixture *f = *state;

	calls_free(&f->policy);
	scene_close(&f->pool);
	free(f);
	return 0;
}

static void start(struct fixture *f, const char *rest)
{
	struct start_block facts = { .pid = (uint32_t)getpid() };
	struct calls_scene *p = &f->policy;

	calls_open(p, rest);
	f->self.pid = getpid();
	f->self.pool = f->pool.pool;
	assert_int_equal(slot_claim(&f->self.pool, facts.pid, 0, p->now->counter_bytes,
				    p->now->ring_bytes, &f->self.slot),
			 0);
	slot_commit_start(&f->self.slot, &facts);
	f->calls = (struct calls){ .self = &f->self,
				   .service = switches_hash("s", 1),
				   .image = p->calls,
				   .action = p->action,
				   .test = p->test,
				   .gate = p->gate,
				   .capture = p->capture,
				   .counters = slot_counters(&f->self.slot) };
	for (uint32_t i = 0; i < p->calls->call.count; i++) {
		f->symbol[i] = (struct calls_symbol){ &f->calls, &p->call[i], i };
		f->spec[i] = (struct hooks_spec){ .context = &f->symbol[i] };
	}
}

/* A plain count needs no routine: hooks/ does it. */
static void count_plainly(struct fixture *f, unsigned symbol)
{
	const struct image_call *c = f->symbol[symbol].call;

	for (uint32_t i = c->action; i < c->action + c->actions; i++) {
		if (f->policy.action[i].kind == MEASURE_COUNT &&
		    f->policy.action[i].test == CALL_ACCEPT)
			++*(uint64_t *)(f->calls.counters + f->policy.action[i].narrow);
	}
}

/* One call of a symbol. */
static enum hooks_next call(struct fixture *f, unsigned symbol, struct hooks_frame *frame)
{
	struct stub stub = { .error = (intptr_t)((uintptr_t)&errno - machine_thread_pointer()) };
	enum hooks_next next;

	frame->stub = &stub;
	frame->spec = &f->spec[symbol];
	count_plainly(f, symbol);
	next = calls_enter(frame);
	if (next == HOOKS_FOLLOW)
		calls_leave(frame);
	return next;
}

/* As a function that fails with ENOENT, where it fails. */
static void call_with(struct fixture *f, uint64_t first, uint64_t result)
{
	struct hooks_frame frame = { .integer = { first }, .result = { result } };

	errno = ENOENT;
	call(f, 0, &frame);
}

static unsigned records(struct fixture *f, struct ring_record *last, size_t capacity)
{
	struct ring_cursor cursor;
	uint64_t position;
	unsigned count = 0;

	ring_begin(&f->self.slot, false, &cursor);
	while (ring_next(&f->self.slot, &cursor, last, (uint32_t)capacity, &position) == 0)
		count++;
	return count;
}

static unsigned count_records(struct fixture *f)
{
	static _Alignas(8) uint8_t memory[2048];

	return records(f, (void *)memory, sizeof(memory));
}

static int64_t measured(struct fixture *f, const char *name, enum measure_statistic which)
{
	static uint64_t total[MEASURES_WORDS_MAX];
	struct measures m;
	int64_t value = INT64_MIN;
	bool is_count;
	int found;

	assert_int_equal(measures_open(&f->self.slot, &f->policy.image, 0, &m), 0);
	found = measures_find(&m, name);
	assert_true(found >= 0);
	measures_total(&m, (uint32_t)found, total);
	measures_statistic((enum measure_kind)m.measure[found].kind, total, which, &value,
			   &is_count);
	return value;
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
	item = (const void *)(item->bytes + 8);
	assert_int_equal(item->length, 5);
	assert_memory_equal(item->bytes, "hello", 5);
	assert_int_equal(record->length, 32 + 16 + 16);
}

/* The last captured text of one record, "" for an empty and NULL for an absent one. */
static const char *text_of(struct fixture *f, const void *address, long length)
{
	static _Alignas(8) uint8_t memory[2048];
	static char text[CALL_TEXT_MAX + 1];
	struct ring_record *record = (void *)memory;
	const struct call_item *item = (const void *)(record->payload + sizeof(struct call_record));
	struct hooks_frame frame = { .integer = { (uint64_t)address, (uint64_t)length } };
	uint64_t before = f->self.slot.slot->ring_tail;
	struct ring_cursor cursor;

	call(f, 0, &frame);
	ring_begin(&f->self.slot, false, &cursor);
	cursor.position = before;
	assert_int_equal(ring_next(&f->self.slot, &cursor, record, sizeof(memory), &before), 0);
	if (record->length == sizeof(struct call_record))
		return NULL;
	memcpy(text, item->bytes, item->length);
	text[item->length] = '\0';
	return text;
}

/* Two pages, the second of which can not be read. */
static char *edge(void)
{
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(at != MAP_FAILED);
	assert_int_equal(mprotect(at + 4096, 4096, PROT_NONE), 0);
	return at + 4096;
}

static void a_text_that_can_not_be_read_is_absent(void **state)
{
	struct fixture *f = *state;
	char *end_of_page = edge();
	char mixed[600];

	start(f, "    events: { e: { when: { call: \"int f(const char *t)\" }, properties: { t: { "
		 "parameter: t } } } }\n");
	assert_null(text_of(f, NULL, 0));
	assert_null(text_of(f, (void *)8, 0));
	assert_null(text_of(f, (void *)-1, 0));
	assert_null(text_of(f, (void *)0x8000000000000000, 0));
	assert_string_equal(text_of(f, "", 0), "");
	memcpy(end_of_page - 4, "abc", 4);
	assert_string_equal(text_of(f, end_of_page - 4, 0), "abc");
	memcpy(end_of_page - 4, "abcd", 4); /* its NUL would lie in the next page */
	assert_null(text_of(f, end_of_page - 4, 0));
	assert_null(text_of(f, end_of_page, 0));
	memset(mixed, 'x', sizeof(mixed));
	assert_int_equal(strlen(text_of(f, mixed, 0)), CALL_TEXT_MAX);
	mixed[200] = '\0';
	assert_int_equal(strlen(text_of(f, mixed, 0)), 200);
	f->self.confined = true;
	f->self.here = &(uint32_t){ 1 };
	assert_null(text_of(f, "abc", 0));
	munmap(end_of_page - 4096, 8192);
}

static void a_text_with_a_length_is_as_long_as_that(void **state)
{
	struct fixture *f = *state;
	char *end_of_page = edge();

	start(f, "    events: { e: { when: { call: \"int f(const void *t, long n)\" }, properties: "
		 "{ t: { parameter: t, length: n } } } }\n");
	memset(end_of_page - 300, 'y', 300);
	assert_int_equal(strlen(text_of(f, end_of_page - 300, 300)), CALL_TEXT_MAX);
	assert_int_equal(strlen(text_of(f, end_of_page - 7, 7)), 7);
	assert_null(text_of(f, end_of_page - 7, 8));
	assert_null(text_of(f, end_of_page - 7, -1));
	assert_string_equal(text_of(f, end_of_page - 7, 0), "");
	munmap(end_of_page - 4096, 8192);
}

#define TEN "\"int f(int a, double d, int b, int c, float g, int i, int j, int k, int l, int m)\""

/* The stack is the test's own, as long as its prototype says. */
static void parameters_are_found_in_registers_and_on_the_stack(void **state)
{
	struct fixture *f = *state;
	uint64_t stack[2] = { 107, 108 };
	struct hooks_frame frame = { .integer = { 101, 102, 103, 104, 105, 106 }, .stack = stack };
	double d = 1.5;
	float g = -2.25f;

	memcpy(&frame.floating[0][0], &d, sizeof(d));
	memcpy(&frame.floating[1][0], &g, sizeof(g));
	start(f, "    measures:\n"
		 "      a: { call: " TEN ", last: { parameter: a } }\n"
		 "      k: { call: " TEN ", last: { parameter: k } }\n"
		 "      l: { call: " TEN ", last: { parameter: l } }\n"
		 "      m: { call: " TEN ", last: { parameter: m } }\n"
		 "      x: { call: " TEN ", last: { parameter: d } }\n"
		 "      y: { call: " TEN ", last: { parameter: g } }\n"
		 "    events: { e: { when: stop } }\n");
	call(f, 0, &frame);
	assert_int_equal(measured(f, "a", STATISTIC_ITSELF), 101);
	if (HOOKS_INTEGERS == 6) {
		assert_int_equal(measured(f, "k", STATISTIC_ITSELF), 106);
		assert_int_equal(measured(f, "l", STATISTIC_ITSELF), 107);
		assert_int_equal(measured(f, "m", STATISTIC_ITSELF), 108);
	}
	assert_int_equal(measured(f, "x", STATISTIC_ITSELF), 1500000);
	assert_int_equal(measured(f, "y", STATISTIC_ITSELF), -2250000);
}

/* Without a prototype, what lies past the end of the stack must not be touched. */
static void a_place_past_the_page_of_the_stack_is_absent(void **state)
{
	struct fixture *f = *state;
	char *end_of_page = edge();
	struct hooks_frame frame = { .stack = (uint64_t *)(end_of_page - 16) };

	start(f, "    measures: { m: { call: f, sum: { parameter: 60 } }, n: { call: f, sum: { "
		 "parameter: 8 } } }\n    events: { e: { when: stop } }\n");
	((uint64_t *)(end_of_page - 16))[1] = 5;
	call(f, 0, &frame);
	assert_int_equal(measured(f, "m", STATISTIC_COUNT), 0);
	assert_int_equal(measured(f, "n", STATISTIC_COUNT), 1);
	munmap(end_of_page - 4096, 8192);
}

static void words_are_widened_as_their_kind_says(void **state)
{
	static const struct {
		uint32_t kind;
		uint64_t word;
		int64_t value;
	} table[] = {
		{ CALL_INT, 0xffffffff, -1 },
		{ CALL_INT, 0x1ffffffff, 0x1ffffffff },
		{ CALL_INT8, 0x1234ff, -1 },
		{ CALL_INT16, 0x12347fff, 0x7fff },
		{ CALL_INT32, 0xdeadbeef80000000, INT32_MIN },
		{ CALL_INT64, 0xffffffff, 0xffffffff },
		{ CALL_UINT8, 0x1234ff, 255 },
		{ CALL_UINT16, 0xff1234, 0x1234 },
		{ CALL_UINT32, 0xdeadbeefffffffff, 0xffffffff },
		{ CALL_POINTER, 0x8000000000000000, INT64_MIN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal((int64_t)calls_widen(table[i].kind, table[i].word),
				 table[i].value);
}

static uint64_t bits_of(double number)
{
	uint64_t bits;

	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

static uint64_t bits_of_float(float number)
{
	uint32_t bits;

	memcpy(&bits, &number, sizeof(bits));
	return bits;
}

static const double numbers[] = { -DBL_MAX, -1e30,  -7.5,    -1,   -1e-7,  -DBL_MIN,
				  0,	    1e-310, DBL_MIN, 1e-6, 0.1,	   1,
				  2.5,	    1e9,    9e12,    1e13, DBL_MAX };
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static void floats_are_in_order_and_of_either_width(void **state)
{
	static const float small[] = { -FLT_MAX, -1.5f,	  -1e-42f, 0,	  1e-45f,
				       1e-42f,	 FLT_MIN, 0.1f,	   3.25f, FLT_MAX };

	(void)state;
	for (size_t i = 1; i < NUMBERS; i++)
		assert_true(calls_order(CALL_FLOAT, bits_of(numbers[i - 1])) <
			    calls_order(CALL_FLOAT, bits_of(numbers[i])));
	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++)
		assert_true(calls_order(CALL_FLOAT32, bits_of_float(small[i])) ==
			    calls_order(CALL_FLOAT, bits_of((double)small[i])));
	assert_true(calls_order(CALL_FLOAT, bits_of(-0.0)) == calls_order(CALL_FLOAT, 0));
	assert_true(calls_order(CALL_UINT, UINT64_MAX) > calls_order(CALL_UINT, 1));
}

static void floats_are_measured_in_millionths(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUMBERS; i++) {
		double exact = trunc(numbers[i] * 1e6);
		int64_t found = calls_number(CALL_FLOAT, bits_of(numbers[i]));

		if (fabs(exact) > 9.2e18)
			assert_int_equal(found, exact > 0 ? INT64_MAX : -INT64_MAX);
		else
			assert_true(fabs((double)found - exact) <= fabs(exact) * 1e-15 + 1);
	}
	assert_int_equal(calls_number(CALL_FLOAT, bits_of(0.25)), 250000);
	assert_int_equal(calls_number(CALL_FLOAT32, bits_of_float(-0.5f)), -500000);
	assert_int_equal(calls_number(CALL_FLOAT, bits_of((double)INFINITY)), INT64_MAX);
	assert_int_equal(calls_number(CALL_UINT, UINT64_MAX), INT64_MAX);
}

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

#define THREADS 4
#define ROUNDS	100000

static void *call_many(void *of)
{
	for (uint64_t i = 0; i < ROUNDS; i++)
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
	assert_int_equal(measured(f, "c", STATISTIC_ITSELF), (THREADS + 1) * ROUNDS);
	assert_int_equal(measured(f, "s", STATISTIC_ITSELF), (THREADS + 1) * (ROUNDS / 100 * 4950));
	assert_int_equal(measured(f, "h", STATISTIC_COUNT), (THREADS + 1) * ROUNDS);
	assert_int_equal(measured(f, "h", STATISTIC_SUM), (THREADS + 1) * (ROUNDS / 100 * 4950));
	assert_int_equal(measured(f, "h", STATISTIC_MAX), 99);
	assert_int_equal(measured(f, "h", STATISTIC_P50), 49);
	assert_int_equal(measured(f, "r", STATISTIC_COUNT), (THREADS + 1) * ROUNDS);
}

#define RUN(claim) cmocka_unit_test_setup_teardown(claim, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_record_has_what_the_event_captures),
		RUN(a_text_that_can_not_be_read_is_absent),
		RUN(a_text_with_a_length_is_as_long_as_that),
		RUN(parameters_are_found_in_registers_and_on_the_stack),
		RUN(a_place_past_the_page_of_the_stack_is_absent),
		cmocka_unit_test(words_are_widened_as_their_kind_says),
		cmocka_unit_test(floats_are_in_order_and_of_either_width),
		cmocka_unit_test(floats_are_measured_in_millionths),
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
		RUN(counters_are_exact_with_many_threads_and_a_killed_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
