/*
 * policy/tree.c, policy/tree_select.c: what is taken out of a document.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/read_scene.h"

static _Alignas(8) char memory[1 << 16];
static struct arena arena;
static char copy[1024];

static struct tree *tree_of(const char *json)
{
	struct tree *t;

	arena = arena_init(memory, sizeof(memory));
	strcpy(copy, json);
	t = tree_read(READ_json, copy, strlen(copy), &arena);
	assert_non_null(t);
	return t;
}

static const char *json_of(const struct tree *t)
{
	struct text text = text_init(read_out, sizeof(read_out));

	tree_add_json(&text, t);
	return read_out;
}

#define VERSION                                                                                    \
	"{\"id\":\"V1\",\"secret\":1,\"config\":{\"cdn\":null,\"kv\":{\"x\":1},\"match\":[2]}}"

static void a_path_leads_to_one_value(void **state)
{
	bool ambiguous;

	(void)state;
	assert_string_equal(json_of(tree_at(tree_of(VERSION), "config.kv", &ambiguous)),
			    "{\"x\":1}");
	assert_string_equal(json_of(tree_at(tree_of(VERSION), "id", &ambiguous)), "\"V1\"");
	assert_null(tree_at(tree_of(VERSION), "config.kv.y", &ambiguous));
	assert_false(ambiguous);
	assert_null(tree_at(tree_of("{\"a\":{\"b\":1},\"a.b\":2}"), "a.b", &ambiguous));
	assert_true(ambiguous);
	assert_null(tree_at(tree_of("[1]"), "a", &ambiguous));
}

static const char *keep(const char *json, const char *one, const char *other)
{
	const char *const paths[] = { one, other };
	struct tree *t = tree_of(json);

	tree_keep(t, paths, other != NULL ? 2 : 1);
	return json_of(t);
}

static void keep_leaves_what_is_named_and_nothing_else(void **state)
{
	(void)state;
	assert_string_equal(keep(VERSION, "id", "config.kv"),
			    "{\"id\":\"V1\",\"config\":{\"kv\":{\"x\":1}}}");
	assert_string_equal(keep(VERSION, "config", NULL),
			    "{\"config\":{\"cdn\":null,\"kv\":{\"x\":1},\"match\":[2]}}");
	assert_string_equal(keep(VERSION, "nothing", "secret.x"), "{}");
	assert_string_equal(keep("[{\"a\":1,\"b\":2},3,{\"b\":4},[{\"a\":5,\"b\":6}]]", "a", NULL),
			    "[{\"a\":1},{},[{\"a\":5}]]");
	assert_string_equal(keep("{\"l\":[{\"a\":1,\"b\":2},3]}", "l.a", NULL),
			    "{\"l\":[{\"a\":1}]}");
	assert_string_equal(keep("{\"l\":[1,2]}", "l", NULL), "{\"l\":[1,2]}");
	assert_string_equal(keep("7", "l", NULL), "7");
}

static void drop_takes_away_what_is_named(void **state)
{
	struct tree *t = tree_of(VERSION);

	(void)state;
	tree_drop(t, "config.kv.x");
	tree_drop(t, "secret");
	tree_drop(t, "nothing.at.all");
	assert_string_equal(json_of(t),
			    "{\"id\":\"V1\",\"config\":{\"cdn\":null,\"kv\":{},\"match\":[2]}}");
	t = tree_of("{\"l\":[{\"a\":1,\"b\":2},[{\"a\":3}],4]}");
	tree_drop(t, "l.a");
	assert_string_equal(json_of(t), "{\"l\":[{\"b\":2},[{}],4]}");
	tree_drop(t, "l");
	assert_string_equal(json_of(t), "{}");
}

static void presence_says_only_whether_it_is_there(void **state)
{
	struct tree *t = tree_of(VERSION);

	(void)state;
	tree_mask(t, "config.cdn", &arena);
	tree_mask(t, "config.kv", &arena);
	tree_mask(t, "config.match", &arena);
	tree_mask(t, "config.identity", &arena);
	tree_mask(t, "secret", &arena);
	tree_mask(t, "a.b", &arena);
	assert_string_equal(json_of(t),
			    "{\"id\":\"V1\",\"secret\":{},\"config\":{\"cdn\":null,\"kv\":{}"
			    ",\"match\":{},\"identity\":null},\"a\":{\"b\":null}}");
	t = tree_of("{\"api\":{\"x\":1},\"cdn\":null,\"n\":5}");
	tree_mask_all(t);
	assert_string_equal(json_of(t), "{\"api\":{},\"cdn\":null,\"n\":{}}");
	t = tree_of("{\"config\":7,\"l\":[{\"a\":1},{}]}");
	tree_mask(t, "config.cdn", &arena);
	tree_mask(t, "l.a", &arena);
	assert_string_equal(json_of(t),
			    "{\"config\":{\"cdn\":null},\"l\":[{\"a\":{}},{\"a\":null}]}");
}

static void lists_of_scalars_are_plain(void **state)
{
	(void)state;
	assert_true(tree_is_plain(tree_of("[1,[\"a\"]]")));
	assert_true(tree_is_plain(tree_of("1")));
	assert_false(tree_is_plain(tree_of("[1,[{}]]")));
	assert_false(tree_is_plain(tree_of("{}")));
}

static void a_document_too_large_for_the_arena_is_none(void **state)
{
	static char json[1024] = "[1";

	(void)state;
	arena = arena_init(memory, 512);
	while (strlen(json) < 200)
		strcat(json, ",1");
	strcat(json, "]");
	assert_null(tree_read(READ_json, json, strlen(json), &arena));
}

static void very_many_keys_are_refused_in_bounded_time(void **state)
{
	static char json[READ_BYTES_MAX + 1];
	static _Alignas(8) char much[32 << 20];
	struct arena large = arena_init(much, sizeof(much));
	size_t used = 0;

	(void)state;
	json[used++] = '{';
	for (unsigned i = 0; used < READ_BYTES_MAX - 20; i++)
		used += (size_t)sprintf(json + used, "\"%x\":1,", i);
	used += (size_t)sprintf(json + used, "\"z\":1}");
	assert_null(tree_read(READ_json, json, used, &large));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_leads_to_one_value),
		cmocka_unit_test(keep_leaves_what_is_named_and_nothing_else),
		cmocka_unit_test(drop_takes_away_what_is_named),
		cmocka_unit_test(presence_says_only_whether_it_is_there),
		cmocka_unit_test(lists_of_scalars_are_plain),
		cmocka_unit_test(a_document_too_large_for_the_arena_is_none),
		cmocka_unit_test(very_many_keys_are_refused_in_bounded_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
