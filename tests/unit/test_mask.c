/*
 * sender/mask.h: what is secret is nowhere in what is shown, and JSON stays JSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sender/mask.h"

static char out[1024];

static const char *masked(const char *secrets, const char *key, const char *text, bool json)
{
	struct buffer lines = { 0 }, into = { 0 };
	struct mask mask;

	buffer_text(&lines, secrets);
	assert_int_equal(mask_init(&mask, &lines, key), 0);
	(json ? mask_json : mask_text)(&mask, &into, text, strlen(text));
	buffer_add(&into, "", 1);
	assert_false(into.failed);
	strcpy(out, into.data);
	buffer_free(&into);
	buffer_free(&lines);
	mask_fini(&mask);
	return out;
}

static void secrets_are_hidden_in_json_as_they_stand_there(void **state)
{
	(void)state;
	assert_string_equal(
		masked("a\"b c\n", "", "{\"x\":\"a\\\"b c\",\"y\":\"-a\\\"b c-\"}", true),
		"{\"x\":\"(secret)\",\"y\":\"-(secret)-\"}");
	assert_string_equal(
		masked("123456\n", "", "{\"n\":123456,\"m\":1234567,\"s\":\"x123456\"}", true),
		"{\"n\":\"(secret)\",\"m\":1234567,\"s\":\"x(secret)\"}");
	assert_string_equal(masked("", "the key", "[\"the key\",\"\\\\\"]", true),
			    "[\"(secret)\",\"\\\\\"]");
}

static void short_secrets_are_hidden_where_they_stand_alone(void **state)
{
	(void)state;
	assert_string_equal(
		masked("1\nme\n", "", "{\"me\":\"me\",\"name\":1,\"a\":[10,1.5]}", true),
		"{\"(secret)\":\"(secret)\",\"name\":\"(secret)\",\"a\":[10,1.5]}");
	assert_string_equal(masked("me\n", "", "of me, by some-me name", false),
			    "of (secret), by some-(secret) name");
}

static void the_longest_one_counts(void **state)
{
	(void)state;
	assert_string_equal(masked("secret\nsecretly\n", "", "secretly secret", false),
			    "(secret) (secret)");
}

static void a_secret_may_begin_with_any_byte(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		const char secret[] = { (char)c, 'q', 'q', 'q', '\n', '\0' };
		const char text[] = { 'a', '-', (char)c, 'q', 'q', 'q', '-', '\0' };
		struct buffer json = { 0 };

		if (c == '\n')
			continue;
		assert_string_equal(masked(secret, "", text, false), "a-(secret)-");
		buffer_json(&json, text, strlen(text));
		buffer_add(&json, "", 1);
		assert_string_equal(masked(secret, "", json.data, true), "\"a-(secret)-\"");
		buffer_free(&json);
	}
}

static void too_many_hide_everything(void **state)
{
	char many[1000] = "";
	struct buffer lines = { 0 };
	struct mask mask;

	(void)state;
	for (int i = 0; i <= MASK_MOST; i++)
		strcat(many, "x\n");
	buffer_text(&lines, many);
	assert_int_equal(mask_init(&mask, &lines, ""), 0);
	assert_true(mask.all);
	mask_fini(&mask);
	buffer_clear(&lines);
	buffer_text(&lines, "\n");
	assert_int_equal(mask_init(&mask, &lines, ""), 0);
	assert_true(mask.all);
	mask_fini(&mask);
	buffer_free(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_are_hidden_in_json_as_they_stand_there),
		cmocka_unit_test(short_secrets_are_hidden_where_they_stand_alone),
		cmocka_unit_test(the_longest_one_counts),
		cmocka_unit_test(a_secret_may_begin_with_any_byte),
		cmocka_unit_test(too_many_hide_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
