/*
 * policy/read_json.c and what all readers share (policy/read.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/read_scene.h"

#define J READ_json

static void a_document_is_read_as_it_stands(void **state)
{
	(void)state;
	assert_reads(J, "{}", "{}");
	assert_reads(J, " [ ] ", "[]");
	assert_reads(J, "\t{\"a\" : [1, -2.5e+3, true, false, null, {\"b\": \"c\"}, []]}\n",
		     "{\"a\":[1,-2.5e+3,true,false,null,{\"b\":\"c\"},[]]}");
	assert_reads(J, "\"x\"", "\"x\"");
	assert_reads(J, "7", "7");
}

static void escapes_become_characters(void **state)
{
	(void)state;
	assert_reads(J, "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"");
	assert_reads(J, "\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"", "\"Aé€😀\"");
	assert_malformed(J, "\"\\ud83d\"");
	assert_malformed(J, "\"\\ude00\"");
	assert_malformed(J, "\"\\ud83d\\u0041\"");
	assert_malformed(J, "\"\\u12\"");
	assert_malformed(J, "\"\\u0000\"");
	assert_malformed(J, "\"\\x41\"");
}

static void what_is_no_json_is_malformed(void **state)
{
	static const char *const bad[] = {
		"",	    " ",	  "{",	     "}",
		"[1,]",	    "{\"a\":1,}", "{a:1}",   "{'a':1}",
		"[1 2]",    "[01]",	  "[+1]",    "[.5]",
		"[1.]",	    "[1e]",	  "[NaN]",   "[0x1]",
		"[--1]",    "[-]",	  "tru",     "\"a",
		"\"a\nb\"", "[1]]",	  "[1] [2]", "{\"a\"}",
		"{\"a\":}", "[1]//c",	  "{,}",     "[\"a\" \"b\"]",
		"[,1]",	    "{\"a\" 1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (strcmp(read_as(J, bad[i]), "malformed") != 0)
			fail_msg("taken for JSON: %s", bad[i]);
	}
}

static void every_truncation_is_malformed(void **state)
{
	static const char whole[] = "{\"a\":[1,{\"b\":\"c\\u00e9\"}],\"d\":true}";

	(void)state;
	for (size_t length = 0; length < sizeof(whole) - 1; length++)
		assert_string_equal(read_bytes_as(J, whole, length), "malformed");
	assert_string_equal(read_bytes_as(J, whole, sizeof(whole) - 1),
			    "{\"a\":[1,{\"b\":\"cé\"}],\"d\":true}");
}

static void a_mark_at_the_beginning_is_passed_over_and_crlf_is_a_newline(void **state)
{
	(void)state;
	assert_reads(J, "\xef\xbb\xbf{\"a\":1}", "{\"a\":1}");
	assert_malformed(J, "\xef\xbb\xbf");
	assert_reads(J, "{\r\n\"a\":1\r\n}\r\n", "{\"a\":1}");
	assert_reads(READ_env, "A=1\r\nB=2\r\n", "{\"A\":\"1\",\"B\":\"2\"}");
	assert_reads(READ_toml, "a = \"\"\"x\r\ny\"\"\"\r\n", "{\"a\":\"x\\ny\"}");
}

static void what_is_no_text_is_malformed(void **state)
{
	(void)state;
	for (unsigned i = 0; i < READ_FORMATS; i++) {
		assert_string_equal(read_bytes_as((enum read_format)i, "a\0b", 3), "malformed");
		assert_string_equal(read_as((enum read_format)i, "A=\"\xff\""), "malformed");
		assert_string_equal(read_as((enum read_format)i, "A=\"\xc3"), "malformed");
		assert_string_equal(read_as((enum read_format)i, "A=\"\xed\xa0\x80\""),
				    "malformed");
		assert_string_equal(read_bytes_as((enum read_format)i, "\xff\xfe{\0}\0", 6),
				    "malformed");
	}
}

static void depth_and_size_are_bounded(void **state)
{
	static char deep[2 * READ_DEPTH + 3];
	char *large = malloc(READ_BYTES_MAX + 2);

	(void)state;
	memset(deep, '[', READ_DEPTH);
	memset(deep + READ_DEPTH, ']', READ_DEPTH);
	assert_string_not_equal(read_as(J, deep), "malformed");
	memset(deep, '[', READ_DEPTH + 1);
	memset(deep + READ_DEPTH + 1, ']', READ_DEPTH + 1);
	assert_malformed(J, deep);
	memset(large, ' ', READ_BYTES_MAX + 1);
	large[0] = '1';
	assert_string_equal(read_bytes_as(J, large, READ_BYTES_MAX), "1");
	assert_string_equal(read_bytes_as(J, large, READ_BYTES_MAX + 1), "malformed");
	free(large);
}

static void a_key_that_stands_twice_is_malformed(void **state)
{
	(void)state;
	assert_malformed(J, "{\"a\":1,\"a\":1}");
	assert_reads(J, "[{\"a\":1},{\"a\":2}]", "[{\"a\":1},{\"a\":2}]");
}

static void formats_are_known_by_word_and_by_name(void **state)
{
	(void)state;
	assert_int_equal(read_format_of_word("toml"), READ_toml);
	assert_int_equal(read_format_of_word("tom"), READ_FORMATS);
	assert_int_equal(read_format_of_path("/a/b.json", 9), READ_json);
	assert_int_equal(read_format_of_path("/a/b.yml", 8), READ_yaml);
	assert_int_equal(read_format_of_path("/a/.env", 7), READ_env);
	assert_int_equal(read_format_of_path("config", 6), READ_FORMATS);
	assert_int_equal(read_format_of_path("", 0), READ_FORMATS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_is_read_as_it_stands),
		cmocka_unit_test(escapes_become_characters),
		cmocka_unit_test(what_is_no_json_is_malformed),
		cmocka_unit_test(every_truncation_is_malformed),
		cmocka_unit_test(a_mark_at_the_beginning_is_passed_over_and_crlf_is_a_newline),
		cmocka_unit_test(what_is_no_text_is_malformed),
		cmocka_unit_test(depth_and_size_are_bounded),
		cmocka_unit_test(a_key_that_stands_twice_is_malformed),
		cmocka_unit_test(formats_are_known_by_word_and_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
