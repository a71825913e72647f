/*
 * shim/calls_value.c: parameters, results and texts of a call, as they are recorded and measured.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

#include "calls_fixture.h"
#include "reads_texts.h"

/* Two pages, the second of which can not be read. */
static char *edge(void)
{
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(at != MAP_FAILED);
	assert_int_equal(mprotect(at + 4096, 4096, PROT_NONE), 0);
	return at + 4096;
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
	if (!reads_texts())
		skip();
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
	if (!reads_texts())
		skip();
	assert_int_equal(strlen(text_of(f, end_of_page - 300, 300)), CALL_TEXT_MAX);
	assert_int_equal(strlen(text_of(f, end_of_page - 7, 7)), 7);
	assert_null(text_of(f, end_of_page - 7, 8));
	assert_null(text_of(f, end_of_page - 7, -1));
	assert_string_equal(text_of(f, end_of_page - 7, 0), "");
	munmap(end_of_page - 4096, 8192);
}

#define TWELVE                                                                                     \
	"\"int f(int a, double d, int b, int c, float g, int i, int j, int k, int l, int m, int "  \
	"n, "                                                                                      \
	"int o)\""

/* The stack is the test's own, as long as its prototype says. */
static void parameters_are_found_in_registers_and_on_the_stack(void **state)
{
	struct fixture *f = *state;
	uint64_t stack[4];
	struct hooks_frame frame = { .stack = stack };
	double d = 1.5;
	float g = -2.25f;

	for (unsigned i = 0; i < HOOKS_INTEGERS; i++)
		frame.integer[i] = 101 + i;
	for (unsigned i = 0; i < 4; i++)
		stack[i] = 101 + HOOKS_INTEGERS + i;
	memcpy(&frame.floating[0][0], &d, sizeof(d));
	memcpy(&frame.floating[1][0], &g, sizeof(g));
	start(f, "    measures:\n"
		 "      a: { call: " TWELVE ", last: { parameter: a } }\n"
		 "      k: { call: " TWELVE ", last: { parameter: k } }\n"
		 "      l: { call: " TWELVE ", last: { parameter: l } }\n"
		 "      m: { call: " TWELVE ", last: { parameter: m } }\n"
		 "      o: { call: " TWELVE ", last: { parameter: o } }\n"
		 "      x: { call: " TWELVE ", last: { parameter: d } }\n"
		 "      y: { call: " TWELVE ", last: { parameter: g } }\n"
		 "    events: { e: { when: stop } }\n");
	call(f, 0, &frame);
	assert_int_equal(measured(f, "a", STATISTIC_ITSELF), 101);
	assert_int_equal(measured(f, "k", STATISTIC_ITSELF), 106);
	assert_int_equal(measured(f, "l", STATISTIC_ITSELF), 107);
	assert_int_equal(measured(f, "m", STATISTIC_ITSELF), 108);
	assert_int_equal(measured(f, "o", STATISTIC_ITSELF), 110);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_text_that_can_not_be_read_is_absent),
		RUN(a_text_with_a_length_is_as_long_as_that),
		RUN(parameters_are_found_in_registers_and_on_the_stack),
		RUN(a_place_past_the_page_of_the_stack_is_absent),
		RUN(words_are_widened_as_their_kind_says),
		RUN(floats_are_in_order_and_of_either_width),
		RUN(floats_are_measured_in_millionths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
