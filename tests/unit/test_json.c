/*
 * policy/json.h: finding, merging and dropping in JSON text.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/json.h"

static char out[4096];

static const char *merged(const char *outer, const char *inner)
{
	struct text t = text_init(out, sizeof(out));

	json_merge(&t, json_of(outer), json_of(inner));
	return out;
}

static const char *dropped(const char *object, const char *one, const char *two)
{
	const char *path[2] = { one, two };
	struct text t = text_init(out, sizeof(out));

	json_drop(&t, json_of(object), path, two != NULL ? 2 : 1);
	return out;
}

static void objects_merge_key_by_key_and_the_inner_wins(void **state)
{
	(void)state;
	assert_string_equal(merged("{\"a\":1,\"b\":{\"c\":1,\"d\":[1,2]}}",
				   "{\"b\":{\"c\":2,\"e\":3},\"f\":\"}\"}"),
			    "{\"a\":1,\"b\":{\"c\":2,\"d\":[1,2],\"e\":3},\"f\":\"}\"}");
	assert_string_equal(merged("{}", "{\"a\":1}"), "{\"a\":1}");
	assert_string_equal(merged("{ \"a\" : 1 }", "{}"), "{\"a\":1}");
	assert_string_equal(merged("{\"a\":{\"b\":1}}", "{\"a\":null}"), "{\"a\":null}");
	assert_string_equal(merged("[1]", "{\"a\":1}"), "{\"a\":1}");
}

static void what_lies_at_a_path_is_dropped(void **state)
{
	static const char object[] =
		"{\"a\":{\"b\":1,\"c\":\"x,\\\"}\"},\"d\":[{\"b\":1}],\"ab\":2}";

	(void)state;
	assert_string_equal(dropped(object, "a.b", "d"), "{\"a\":{\"c\":\"x,\\\"}\"},\"ab\":2}");
	assert_string_equal(dropped(object, "a", "ab"), "{\"d\":[{\"b\":1}]}");
	assert_string_equal(dropped(object, "a.b.c", "z"), object);
	assert_string_equal(dropped(object, "a.c", "a.b"), "{\"a\":{},\"d\":[{\"b\":1}],\"ab\":2}");
}

static void assert_found(const char *text, const char *path, enum value_type type,
			 const char *value)
{
	uint8_t memory[512];
	struct arena arena = arena_init(memory, sizeof(memory));
	struct json found;
	struct value v;

	assert_true(json_find(json_of(text), path, &found));
	v = json_value(&arena, found);
	assert_int_equal(v.type, type);
	assert_string_equal(v.text, value);
	assert_int_equal(v.length, strlen(value));
}

static void what_lies_at_a_path_is_found_with_its_type(void **state)
{
	static const char text[] = "{\"s\":\"a\\n\\\"\\u00e9\\ud83d\\ude00\\ud800x\\u0000\","
				   "\"o\":{\"n\":-1.5e3,\"t\":true,\"z\":null,\"l\":[1,{}]}}";
	struct json found;

	(void)state;
	assert_found(text, "s", VALUE_TEXT,
		     "a\n\"\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdx\xef\xbf\xbd");
	assert_found(text, "o.n", VALUE_NUMBER, "-1.5e3");
	assert_found(text, "o.t", VALUE_BOOL, "true");
	assert_found(text, "o.z", VALUE_NULL, "null");
	assert_found(text, "o.l", VALUE_JSON, "[1,{}]");
	assert_false(json_find(json_of(text), "o.x", &found));
	assert_false(json_find(json_of(text), "s.x", &found));
	assert_false(json_find(json_of(text), "", &found));
}

/* Every text cut short, with every byte of it changed: no read beyond its end. */
static void damaged_text_is_never_read_beyond_its_end(void **state)
{
	static const char text[] = "{\"a\":{\"b\":\"\\u12\\\"\"},\"c\":[1,\"]\"]}";
	static const char odd[] = "\"\\{}[],: u\0x";
	uint8_t memory[256];

	(void)state;
	for (size_t length = 0; length < sizeof(text); length++) {
		for (size_t at = 0; at < length * sizeof(odd); at++) {
			struct arena arena = arena_init(memory, sizeof(memory));
			char *copy = malloc(length + 1); /* + 1: not of 0 bytes */
			struct json json = { copy + 1, length }, found;
			struct text t = text_init(out, sizeof(out));
			const char *path = "a.b";

			memcpy(copy + 1, text, length);
			copy[1 + at / sizeof(odd)] = odd[at % sizeof(odd)];
			if (json_find(json, path, &found))
				json_value(&arena, found);
			json_merge(&t, json, json);
			json_drop(&t, json, &path, 1);
			free(copy);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_merge_key_by_key_and_the_inner_wins),
		cmocka_unit_test(what_lies_at_a_path_is_dropped),
		cmocka_unit_test(what_lies_at_a_path_is_found_with_its_type),
		cmocka_unit_test(damaged_text_is_never_read_beyond_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
