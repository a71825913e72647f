/*
 * policy/find.c: the value of one key, while the file is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/read_scene.h"

struct find_case {
	enum read_format format;
	const char *document, *path, *value;
};

static void assert_cases(const struct find_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_finds(cases[i].format, cases[i].document, cases[i].path, cases[i].value);
}

/* A test of which each row is a claim: a key's value in a document. */
#define FINDS(name, ...)                                                                           \
	static void name(void **state)                                                             \
	{                                                                                          \
		static const struct find_case cases[] = { __VA_ARGS__ };                           \
                                                                                                   \
		(void)state;                                                                       \
		assert_cases(cases, sizeof(cases) / sizeof(cases[0]));                             \
	}

FINDS(the_same_key_is_found_in_every_format,
      { READ_json, "{\"x\":{\"b\":1},\"a\":{\"c\":2,\"b\":true}}", "a.b", "b:true" },
      { READ_toml, "b = 1\n[a]\nb = true\n[x]\nb = 2", "a.b", "b:true" },
      { READ_toml, "a.b = true", "a.b", "b:true" },
      { READ_toml, "a = { c = 1, b = true }", "a.b", "b:true" },
      { READ_yaml, "x:\n  b: 1\na:\n  c: 2\n  b: true\nb: 3\n", "a.b", "b:true" },
      { READ_ini, "b = 1\n[a]\nc = 2\nb = true\n[x]\nb = 3", "a.b", "t:true" },
      { READ_env, "a.b=true", "a.b", "t:true" }, { READ_pairs, "a.b=true", "a.b", "t:true" },
      { READ_nacl, "x { b = 1 } a { c = 2 b = true }", "a.b", "b:true" })

#define TYPES                                                                                      \
	"{\"t\":\"x\",\"e\":\"\",\"n\":-1.5,\"b\":false,\"z\":null,"                               \
	"\"o\":{\"p\":1},\"l\":[0],"                                                               \
	"\"oo\":{},\"ll\":[]}"

FINDS(types_are_kept, { READ_json, TYPES, "t", "t:x" }, { READ_json, TYPES, "e", "t:" },
      { READ_json, TYPES, "n", "n:-1.5" }, { READ_json, TYPES, "b", "b:false" },
      { READ_json, TYPES, "z", "null" }, { READ_json, TYPES, "o", "j:{...}" },
      { READ_json, TYPES, "l", "j:[...]" }, { READ_json, TYPES, "oo", "j:{}" },
      { READ_json, TYPES, "ll", "j:[]" })

#define TREE "{\"a\":{\"b\":1,\"c\":[{\"d\":2}]},\"e\":3,\"abc\":4}"

FINDS(what_is_not_there_is_absent, { READ_json, TREE, "x", "absent" },
      { READ_json, TREE, "a.x", "absent" }, { READ_json, TREE, "a.b.x", "absent" },
      { READ_json, TREE, "e.b", "absent" }, { READ_json, TREE, "b", "absent" },
      { READ_json, TREE, "ab", "absent" }, { READ_json, TREE, "a.c.d", "absent" },
      { READ_json, "[{\"a\":1}]", "a", "absent" }, { READ_json, "1", "a", "absent" },
      { READ_yaml, "", "a", "absent" },
      { READ_json, "{\"a\":[{\"a\":1}],\"b\":{\"a\":2}}", "a.a", "absent" })

FINDS(a_key_may_have_dots_in_it, { READ_json, "{\"a.b\":{\"c\":1}}", "a.b.c", "n:1" },
      { READ_json, "{\"a\":{\"b.c\":1}}", "a.b.c", "n:1" },
      { READ_json, "{\"a\":{\"b\":1},\"a.b\":1}", "a.b", "unreadable" },
      { READ_json, "{\"a.b\":1,\"a\":{\"c\":1}}", "a.b", "n:1" })

FINDS(a_file_that_is_malformed_anywhere_is_unreadable,
      { READ_json, "{\"a\":1,", "a", "unreadable" }, { READ_json, "{\"a\":1}x", "a", "unreadable" },
      { READ_json, "{\"a\":1,\"a\":1}", "a", "unreadable" },
      { READ_json, "{\"a\":{\"b\":1},\"a\":{}}", "a.b", "unreadable" },
      { READ_toml, "[a]\nb=1\n[a]\nc=1", "a.b", "unreadable" },
      { READ_toml, "a.b=1\n[a.b]", "a.b", "unreadable" },
      { READ_ini, "[a]\nb=1\n[a]\nb=2", "a.b", "unreadable" }, { READ_env, "a=1\na=2", "a", "t:2" })

FINDS(tables_written_piece_by_piece_are_one,
      { READ_toml, "[a.x]\nb=1\n[c]\n[a]\nb=2\n[a.y]\nb=3", "a.b", "n:2" },
      { READ_toml, "[a.x]\nb=1", "a", "j:{...}" }, { READ_toml, "[a]\n[b]\nc=1", "a", "j:{}" },
      { READ_toml, "[a]\nb=1", "a", "j:{...}" },
      { READ_toml, "[[a]]\nb=1\n[[a]]\nb=2", "a.b", "absent" },
      { READ_toml, "[[a]]\nb=1\n[[a]]\nb=2", "a", "j:[{}]" },
      { READ_toml, "[[a]]\n[a.b]\nc=1\n[[a]]\n[a.b]\nc=2", "a.b.c", "absent" })

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
