/*
 * base/text.h: the buffer never overruns, stays terminated and remembers; numbers, times and JSON
 * come out right.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static char buffer[256];

static struct text fresh(void)
{
	return text_init(buffer, sizeof(buffer));
}

static void a_text_that_does_not_fit_is_cut_and_remembered(void **state)
{
	char *small = malloc(4); /* so that AddressSanitizer sees one byte too many */
	struct text t = text_init(small, 4);

	(void)state;
	text_add(&t, "ab");
	assert_false(t.truncated);
	text_add(&t, "cde");
	assert_true(t.truncated);
	assert_string_equal(small, "abc");
	text_add_char(&t, 'x');
	assert_int_equal(t.length, 3);
	text_clear(&t);
	assert_false(t.truncated);
	assert_string_equal(small, "");
	free(small);
}

static void numbers_have_all_their_digits(void **state)
{
	struct text t = fresh();

	(void)state;
	text_add_unsigned(&t, 0);
	text_add_char(&t, ' ');
	text_add_unsigned(&t, UINT64_MAX);
	text_add_char(&t, ' ');
	text_add_signed(&t, INT64_MIN);
	text_add_char(&t, ' ');
	text_add_signed(&t, 7);
	assert_string_equal(buffer, "0 18446744073709551615 -9223372036854775808 7");
}

static void bytes_are_written_as_hexadecimal(void **state)
{
	struct text t = fresh();
	static const uint8_t bytes[] = { 0x00, 0x9f, 0xff };

	(void)state;
	text_add_hex(&t, bytes, sizeof(bytes));
	assert_string_equal(buffer, "009fff");
}

static void times_follow_the_gregorian_calendar(void **state)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} table[] = {
		{ 0, "1970-01-01T00:00:00Z" },		 { 951782400, "2000-02-29T00:00:00Z" },
		{ 951868799, "2000-02-29T23:59:59Z" },	 { 1709164800, "2024-02-29T00:00:00Z" },
		{ 1735689599, "2024-12-31T23:59:59Z" },	 { 1767225600, "2026-01-01T00:00:00Z" },
		{ 4107542399, "2100-02-28T23:59:59Z" },	 { 4107542400, "2100-03-01T00:00:00Z" },
		{ 13574563200, "2400-02-29T00:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct text t = fresh();

		text_add_time(&t, table[i].seconds * 1000000000, 0);
		assert_string_equal(buffer, table[i].text);
	}
}

static void fractions_of_a_second_are_cut_not_rounded(void **state)
{
	static const char *const texts[] = { "1970-01-01T00:00:01.009Z",
					     "1970-01-01T00:00:01.009999Z",
					     "1970-01-01T00:00:01.009999999Z" };

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct text t = fresh();

		text_add_time(&t, 1009999999, 3 * (i + 1));
		assert_string_equal(buffer, texts[i]);
	}
}

static void json_strings_are_escaped(void **state)
{
	struct text t = fresh();

	(void)state;
	text_add_json(&t, "a\"b\\c\n\t\r\b\f\x01\x1f\x7f\0z", 15);
	assert_string_equal(buffer, "\"a\\\"b\\\\c\\n\\t\\r\\b\\f\\u0001\\u001f\\u007f\\u0000z\"");
}

static void well_formed_utf8_is_kept(void **state)
{
	static const char s[] = "\xc2\x80 \xc3\xa9 \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 "
				"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf";
	struct text t = fresh();

	(void)state;
	text_add_json(&t, s, sizeof(s) - 1);
	assert_int_equal(t.length, sizeof(s) - 1 + 2);
	assert_memory_equal(buffer + 1, s, sizeof(s) - 1);
}

static void what_is_not_utf8_is_replaced(void **state)
{
	/* Lone continuation, overlong forms, surrogate, past U+10FFFF, cut short, never valid. */
	static const char *const bad[] = { "\x80",	   "\xc0\xaf",	       "\xe0\x80\xaf",
					   "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82",
					   "\xff" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct text t = fresh();
		size_t length = strlen(bad[i]);

		text_add_json(&t, bad[i], length);
		assert_int_equal(t.length, 2 + 3 * length);
		for (size_t at = 0; at < length; at++)
			assert_memory_equal(buffer + 1 + 3 * at, "\xef\xbf\xbd", 3);
	}
}

static void decimals_have_no_zeros_at_their_end(void **state)
{
	char memory[64];
	struct text t = text_init(memory, sizeof(memory));

	(void)state;
	text_add_decimal(&t, 1500, 3);
	text_add_char(&t, ' ');
	text_add_decimal(&t, -7, 6);
	text_add_char(&t, ' ');
	text_add_decimal(&t, 42000000, 6);
	text_add_char(&t, ' ');
	text_add_decimal(&t, 0, 6);
	text_add_char(&t, ' ');
	text_add_decimal(&t, INT64_MIN, 6);
	assert_string_equal(memory, "1.5 -0.000007 42 0 -9223372036854.775808");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decimals_have_no_zeros_at_their_end),
		cmocka_unit_test(a_text_that_does_not_fit_is_cut_and_remembered),
		cmocka_unit_test(numbers_have_all_their_digits),
		cmocka_unit_test(bytes_are_written_as_hexadecimal),
		cmocka_unit_test(times_follow_the_gregorian_calendar),
		cmocka_unit_test(fractions_of_a_second_are_cut_not_rounded),
		cmocka_unit_test(json_strings_are_escaped),
		cmocka_unit_test(well_formed_utf8_is_kept),
		cmocka_unit_test(what_is_not_utf8_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
