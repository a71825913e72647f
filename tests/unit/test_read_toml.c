/*
 * policy/read_toml.c, policy/read_toml_scalar.c. More documents: tests/unit/test_read_compare.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/read_scene.h"

#define T READ_toml

static void tables_keys_and_comments(void **state)
{
	(void)state;
	assert_reads(T, "", "{}");
	assert_reads(T, "a = 1 # c\n\n# d\n\"b c\" = 'x'\n'd' = \"y\"\n1-2_3 = 3",
		     "{\"a\":1,\"b c\":\"x\",\"d\":\"y\",\"1-2_3\":3}");
	assert_reads(T, "[a]\nx = 1\n[ a . b ]\ny = 2\n[c]\n",
		     "{\"a\":{\"x\":1,\"b\":{\"y\":2}},\"c\":{}}");
	assert_reads(T, "[a.b]\nx=1\n[a]\ny=2", "{\"a\":{\"b\":{\"x\":1},\"y\":2}}");
	assert_reads(T, "a.b.c = 1\na.b.d = 2\n[t]\na . \"b\" = 3",
		     "{\"a\":{\"b\":{\"c\":1,\"d\":2}},\"t\":{\"a\":{\"b\":3}}}");
}

static void lists_and_inline_tables(void **state)
{
	(void)state;
	assert_reads(T, "a = [1, [2,\n 3], # c\n]\nb = []", "{\"a\":[1,[2,3]],\"b\":[]}");
	assert_reads(T, "a = { b = 1, c.d = [ { e = 2 } ], c.f = {} }",
		     "{\"a\":{\"b\":1,\"c\":{\"d\":[{\"e\":2}],\"f\":{}}}}");
	assert_reads(T, "[[a]]\nx = 1\n[[a]]\nx = 2\n[a.b]\ny = 3\n[[a.c]]\n[[a.c]]",
		     "{\"a\":[{\"x\":1},{\"x\":2,\"b\":{\"y\":3},\"c\":[{},{}]}]}");
}

static void strings_of_four_kinds(void **state)
{
	(void)state;
	assert_reads(T, "a = \"\\b\\t\\n\\f\\r\\\"\\\\\\u00e9\\U0001F600\"",
		     "{\"a\":\"\\b\\t\\n\\f\\r\\\"\\\\é😀\"}");
	assert_reads(T, "a = 'C:\\n'", "{\"a\":\"C:\\\\n\"}");
	assert_reads(T, "a = \"\"\"\nx\\\n  \n  y\n\"\" z\"\"\"\"\"",
		     "{\"a\":\"xy\\n\\\"\\\" z\\\"\\\"\"}");
	assert_reads(T, "a = '''\nx\\\ny''z'''\nb = ''", "{\"a\":\"x\\\\\\ny''z\",\"b\":\"\"}");
}

static void numbers_truths_and_dates(void **state)
{
	(void)state;
	assert_reads(T, "a = [+1, -17, 1_000, 0xDead_beef, 0o17, 0b1_0, 1e06, +1.5, 6.2e-3, -0]",
		     "{\"a\":[1,-17,1000,3735928559,15,2,1e06,1.5,6.2e-3,-0]}");
	assert_reads(T, "a = 0x7fffffffffffffff\nb = true\nc = false",
		     "{\"a\":9223372036854775807,\"b\":true,\"c\":false}");
	assert_reads(
		T, "a = [1979-05-27T07:32:00Z, 1979-05-27 07:32:00.5-07:00, 1979-05-27, 07:32:00]",
		"{\"a\":[\"1979-05-27T07:32:00Z\",\"1979-05-27 07:32:00.5-07:00\","
		"\"1979-05-27\",\"07:32:00\"]}");
	assert_reads(T, "a = [inf, -inf, nan]", "{\"a\":[\"inf\",\"-inf\",\"nan\"]}");
}

static void what_is_no_toml_is_malformed(void **state)
{
	static const char *const bad[] = {
		"a",
		"a =",
		"= 1",
		"a = 1 b = 2",
		"a = x",
		"a = 01",
		"a = 1_",
		"a = _1",
		"a = 1__0",
		"a = 0x_1",
		"a = 1._5",
		"a = 1.",
		"a = .5",
		"a = +0x1",
		"a = 1e_5",
		"a = \"x",
		"a = \"x\ny\"",
		"a = '\n'",
		"a = \"\\e\"",
		"a = \"\\ud800\"",
		"a = \"\"\"x",
		"a = [1",
		"a = [1 2]",
		"a = [,]",
		"a = { b = 1, }",
		"a = {\nb=1}",
		"a = { b }",
		"[a",
		"[a]]",
		"[[a]",
		"[]",
		"[a.]",
		"a. = 1",
		"[a] b = 1",
		"a = 1979-13-01",
		"a = 25:00:00",
		"a = \"\x01\"",
		"# \x01",
		"a = 1\rb = 2",
		"a b = 1",
		"a = tru",
		"a = 1979-05-27T",
		"a = \"\x7f\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (strcmp(read_as(T, bad[i]), "malformed") != 0)
			fail_msg("taken for TOML: %s: %s", bad[i], read_out);
	}
}

static void what_contradicts_itself_is_malformed(void **state)
{
	static const char *const bad[] = {
		"a = 1\na = 2",
		"[a]\n[a]",
		"a = 1\n[a]",
		"[a]\nb = 1\n[a.b]",
		"a = {}\n[a.b]",
		"a = []\n[[a]]",
		"[[a]]\n[a]",
		"[a]\n[[a]]",
		"a.b = 1\na = 2",
		"a.b = 1\n[a]",
		"a = {b = 1}\na.c = 2",
		"[a.b]\n[a]\nb.c = 1",
		"a = { b = 1, b.c = 2 }",
		"a = { b = 1, b = 2 }",
		"[a.b.c]\n[a.b]\n[a.b]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (strcmp(read_as(T, bad[i]), "malformed") != 0)
			fail_msg("taken for TOML: %s: %s", bad[i], read_out);
	}
}

static void depth_is_bounded_by_any_way_down(void **state)
{
	static char deep[4 * READ_DEPTH];

	(void)state;
	strcpy(deep, "a = ");
	memset(deep + 4, '[', READ_DEPTH);
	memset(deep + 4 + READ_DEPTH, ']', READ_DEPTH);
	assert_malformed(T, deep);
	deep[0] = '\0';
	for (unsigned i = 0; i <= READ_DEPTH; i++)
		strcat(deep, "a.");
	strcat(deep, "a = 1");
	assert_malformed(T, deep);
	deep[0] = '[';
	assert_malformed(T, deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_keys_and_comments),
		cmocka_unit_test(lists_and_inline_tables),
		cmocka_unit_test(strings_of_four_kinds),
		cmocka_unit_test(numbers_truths_and_dates),
		cmocka_unit_test(what_is_no_toml_is_malformed),
		cmocka_unit_test(what_contradicts_itself_is_malformed),
		cmocka_unit_test(depth_is_bounded_by_any_way_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
