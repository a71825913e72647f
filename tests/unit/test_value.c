/*
 * policy/value.h: reading and comparing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <math.h>
#include <string.h>

#include <cmocka.h>

#include "policy/value.h"

static void truth_is_read_as_go_reads_it(void **state)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };
	static const char *const neither[] = { "", "yes", "tRUE", "10", " 1", "truee" };
	bool truth;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		assert_int_equal(value_read_bool(yes[i], strlen(yes[i]), &truth), 0);
		assert_true(truth);
		assert_int_equal(value_read_bool(no[i], strlen(no[i]), &truth), 0);
		assert_false(truth);
		assert_int_not_equal(value_read_bool(neither[i], strlen(neither[i]), &truth), 0);
	}
}

static void numbers_are_json_numbers_and_nothing_else(void **state)
{
	static const struct {
		const char *text;
		double number;
	} good[] = {
		{ "0", 0 },	     { "-7", -7 },
		{ "12.5", 12.5 },    { "1e3", 1000 },
		{ "25E-2", 0.25 },   { "9007199254740993", 9007199254740993.0 },
		{ "-0.125", -.125 }, { "1e999", (double)INFINITY },
	};
	static const char *const bad[] = { "",	 "-",	"+1", "01",  "1.", ".5",
					   "1e", "0x1", "1 ", "NaN", "1,5" };
	double number;

	(void)state;
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(value_read_number(good[i].text, strlen(good[i].text), &number), 0);
		assert_true(number == good[i].number);
	}
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(value_read_number(bad[i], strlen(bad[i]), &number), 0);
}

static void a_value_with_a_nul_behind_a_digit_is_no_number(void **state)
{
	double number;

	(void)state;
	assert_int_not_equal(value_read_number("1\0002", 3, &number), 0);
}

static void equality_depends_on_the_type_of_what_is_asked_for(void **state)
{
	struct value text = value_text("1");
	struct value word = value_text("one");
	struct value number = value_of(VALUE_NUMBER, "1.0", 3);
	struct value null = value_of(VALUE_NULL, "null", 4);
	struct value absent = value_absent();
	struct value unreadable = value_unreadable();
	struct value yes = value_bool(true);

	(void)state;
	assert_int_equal(value_is(&text, &yes), TRUTH_TRUE);
	assert_int_equal(value_is(&text, &number), TRUTH_TRUE);
	assert_int_equal(value_is(&number, &text), TRUTH_FALSE);
	assert_int_equal(value_is(&word, &yes), TRUTH_UNKNOWN);
	assert_int_equal(value_is(&word, &number), TRUTH_UNKNOWN);
	assert_int_equal(value_is(&word, &text), TRUTH_FALSE);
	assert_int_equal(value_is(&null, &null), TRUTH_TRUE);
	assert_int_equal(value_is(&null, &text), TRUTH_FALSE);
	assert_int_equal(value_is(&absent, &text), TRUTH_FALSE);
	assert_int_equal(value_is(&text, &absent), TRUTH_FALSE);
	assert_int_equal(value_is(&unreadable, &text), TRUTH_UNKNOWN);
}

static void presence_is_neither_empty_nor_false(void **state)
{
	struct value good[] = { value_text("x"), value_bool(true), value_of(VALUE_NUMBER, "0", 1),
				value_of(VALUE_JSON, "[1]", 3), value_text("no") };
	struct value bad[] = { value_absent(),	    value_of(VALUE_NULL, "null", 4),
			       value_bool(false),   value_of(VALUE_TEXT, "", 0),
			       value_text("false"), value_of(VALUE_JSON, "{}", 2) };
	struct value unreadable = value_unreadable();

	(void)state;
	for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_int_equal(value_holds(&good[i]), TRUTH_TRUE);
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(value_holds(&bad[i]), TRUTH_FALSE);
	assert_int_equal(value_holds(&unreadable), TRUTH_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(truth_is_read_as_go_reads_it),
		cmocka_unit_test(numbers_are_json_numbers_and_nothing_else),
		cmocka_unit_test(a_value_with_a_nul_behind_a_digit_is_no_number),
		cmocka_unit_test(equality_depends_on_the_type_of_what_is_asked_for),
		cmocka_unit_test(presence_is_neither_empty_nor_false),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
