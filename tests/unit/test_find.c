/*
 * policy/find.c: the value of one key, while the file is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/read_scene.h"

static void the_same_key_is_found_in_every_format(void **state)
{
	static const struct {
		enum read_format format;
		const char *document, *value;
	} files[] = {
		{ READ_json, "{\"x\":{\"b\":1},\"a\":{\"c\":2,\"b\":true}}", "b:true" },
		{ READ_toml, "b = 1\n[a]\nb = true\n[x]\nb = 2", "b:true" },
		{ READ_toml, "a.b = true", "b:true" },
		{ READ_toml, "a = { c = 1, b = true }", "b:true" },
		{ READ_yaml, "x:\n  b: 1\na:\n  c: 2\n  b: true\nb: 3\n", "b:true" },
		{ READ_ini, "b = 1\n[a]\nc = 2\nb = true\n[x]\nb = 3", "t:true" },
		{ READ_env, "a.b=true", "t:true" },
		{ READ_pairs, "a.b=true", "t:true" },
		{ READ_nacl, "x { b = 1 } a { c = 2 b = true }", "b:true" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_finds(files[i].format, files[i].document, "a.b", files[i].value);
}

static void types_are_kept(void **state)
{
	static const char file[] = "{\"t\":\"x\",\"e\":\"\",\"n\":-1.5,\"b\":false,\"z\":null,"
				   "\"o\":{\"p\":1},\"l\":[0],"
				   "\"oo\":{},\"ll\":[]}";

	(void)state;
	assert_finds(READ_json, file, "t", "t:x");
	assert_finds(READ_json, file, "e", "t:");
	assert_finds(READ_json, file, "n", "n:-1.5");
	assert_finds(READ_json, file, "b", "b:false");
	assert_finds(READ_json, file, "z", "null");
	assert_finds(READ_json, file, "o", "j:{...}");
	assert_finds(READ_json, file, "l", "j:[...]");
	assert_finds(READ_json, file, "oo", "j:{}");
	assert_finds(READ_json, file, "ll", "j:[]");
}

static void what_is_not_there_is_absent(void **state)
{
	static const char file[] = "{\"a\":{\"b\":1,\"c\":[{\"d\":2}]},\"e\":3,\"abc\":4}";

	(void)state;
	assert_finds(READ_json, file, "x", "absent");
	assert_finds(READ_json, file, "a.x", "absent");
	assert_finds(READ_json, file, "a.b.x", "absent");
	assert_finds(READ_json, file, "e.b", "absent");
	assert_finds(READ_json, file, "b", "absent");
	assert_finds(READ_json, file, "ab", "absent");
	assert_finds(READ_json, file, "a.c.d", "absent");
	assert_finds(READ_json, "[{\"a\":1}]", "a", "absent");
	assert_finds(READ_json, "1", "a", "absent");
	assert_finds(READ_yaml, "", "a", "absent");
	assert_finds(READ_json, "{\"a\":[{\"a\":1}],\"b\":{\"a\":2}}", "a.a", "absent");
}

static void a_key_may_have_dots_in_it(void **state)
{
	(void)state;
	assert_finds(READ_json, "{\"a.b\":{\"c\":1}}", "a.b.c", "n:1");
	assert_finds(READ_json, "{\"a\":{\"b.c\":1}}", "a.b.c", "n:1");
	assert_finds(READ_json, "{\"a\":{\"b\":1},\"a.b\":1}", "a.b", "unreadable");
	assert_finds(READ_json, "{\"a.b\":1,\"a\":{\"c\":1}}", "a.b", "n:1");
}

static void a_file_that_is_malformed_anywhere_is_unreadable(void **state)
{
	(void)state;
	assert_finds(READ_json, "{\"a\":1,", "a", "unreadable");
	assert_finds(READ_json, "{\"a\":1}x", "a", "unreadable");
	assert_finds(READ_json, "{\"a\":1,\"a\":1}", "a", "unreadable");
	assert_finds(READ_json, "{\"a\":{\"b\":1},\"a\":{}}", "a.b", "unreadable");
	assert_finds(READ_toml, "[a]\nb=1\n[a]\nc=1", "a.b", "unreadable");
	assert_finds(READ_toml, "a.b=1\n[a.b]", "a.b", "unreadable");
	assert_finds(READ_ini, "[a]\nb=1\n[a]\nb=2", "a.b", "unreadable");
	assert_finds(READ_env, "a=1\na=2", "a", "t:2");
}

static void tables_written_piece_by_piece_are_one(void **state)
{
	(void)state;
	assert_finds(READ_toml, "[a.x]\nb=1\n[c]\n[a]\nb=2\n[a.y]\nb=3", "a.b", "n:2");
	assert_finds(READ_toml, "[a.x]\nb=1", "a", "j:{...}");
	assert_finds(READ_toml, "[a]\n[b]\nc=1", "a", "j:{}");
	assert_finds(READ_toml, "[a]\nb=1", "a", "j:{...}");
	assert_finds(READ_toml, "[[a]]\nb=1\n[[a]]\nb=2", "a.b", "absent");
	assert_finds(READ_toml, "[[a]]\nb=1\n[[a]]\nb=2", "a", "j:[{}]");
	assert_finds(READ_toml, "[[a]]\n[a.b]\nc=1\n[[a]]\n[a.b]\nc=2", "a.b.c", "absent");
}

static void paths_and_memory_are_bounded(void **state)
{
	char path[FIND_PATH_MAX + 2], document[FIND_PATH_MAX + 16];
	char copy[] = "{\"a\":\"0123456789\"}", memory[8];
	struct arena arena = arena_init(memory, sizeof(memory));

	(void)state;
	memset(path, 'a', sizeof(path));
	path[FIND_PATH_MAX] = '\0';
	snprintf(document, sizeof(document), "{\"%s\":1}", path);
	assert_finds(READ_json, document, path, "n:1");
	path[FIND_PATH_MAX] = 'a';
	path[FIND_PATH_MAX + 1] = '\0';
	assert_finds(READ_json, document, path, "unreadable");
	assert_int_equal(find_in(READ_json, copy, strlen(copy), "a", &arena).type,
			 VALUE_UNREADABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_key_is_found_in_every_format),
		cmocka_unit_test(types_are_kept),
		cmocka_unit_test(what_is_not_there_is_absent),
		cmocka_unit_test(a_key_may_have_dots_in_it),
		cmocka_unit_test(a_file_that_is_malformed_anywhere_is_unreadable),
		cmocka_unit_test(tables_written_piece_by_piece_are_one),
		cmocka_unit_test(paths_and_memory_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
