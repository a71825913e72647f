/*
 * policy/read_yaml*.c. More documents: tests/unit/test_read_compare.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/read_scene.h"

#define Y READ_yaml

static void blocks_open_and_close_by_indentation(void **state)
{
	(void)state;
	assert_reads(Y, "a: 1\nb:\n  c: 2\n  d:\n      e: 3\n  f: 4\ng: 5\n",
		     "{\"a\":1,\"b\":{\"c\":2,\"d\":{\"e\":3},\"f\":4},\"g\":5}");
	assert_reads(Y, "- a\n- - b\n  - c\n-\n  - d\n- e: 1\n  f: 2\n-\n",
		     "[\"a\",[\"b\",\"c\"],[\"d\"],{\"e\":1,\"f\":2},null]");
	assert_reads(Y, "a:\n- 1\n- 2\nb:\n  - 3\nc:\n", "{\"a\":[1,2],\"b\":[3],\"c\":null}");
	assert_reads(Y, "a:\n  - b: 1\n    c:\n    - 2\n  - d\ne: 3",
		     "{\"a\":[{\"b\":1,\"c\":[2]},\"d\"],\"e\":3}");
	assert_reads(Y, "text", "\"text\"");
	assert_reads(Y, "", "null");
	assert_reads(Y, "# nothing\n\n", "null");
}

static void comments_and_markers(void **state)
{
	(void)state;
	assert_reads(Y, "--- # x\n# y\na: 1 # z\n\n  # w\nb: x#y\n...\n# end\n",
		     "{\"a\":1,\"b\":\"x#y\"}");
	assert_reads(Y, "---\n- a\n", "[\"a\"]");
	assert_malformed(Y, "a: 1\n---\nb: 2\n");
	assert_malformed(Y, "a: 1\n...\nb: 2\n");
	assert_malformed(Y, "---\n---\n");
	assert_malformed(Y, "--- a: 1\n");
}

static void plain_scalars_are_what_they_look_like(void **state)
{
	(void)state;
	assert_reads(
		Y, "[true, False, NULL, ~, 1, -2.5, 1e3, 0x1F, +7, tRue, yes, 010, .5, 0o7, 1_0]",
		"[true,false,null,null,1,-2.5,1e3,31,7,\"tRue\",\"yes\",\"010\",\".5\",\"0o7\","
		"\"1_0\"]");
	assert_reads(Y, "a: b c\nd: -x\ne: http://x:1/y\nf: a'b\"c\ng: \"1\"\n",
		     "{\"a\":\"b "
		     "c\",\"d\":\"-x\",\"e\":\"http://x:1/y\",\"f\":\"a'b\\\"c\",\"g\":\"1\"}");
	assert_reads(Y, "a: x\n  y\n\n\n  z\nb: 1", "{\"a\":\"x y\\n\\nz\",\"b\":1}");
	assert_reads(Y, "a:\n  x\n  y # c\n", "{\"a\":\"x y\"}");
	assert_reads(Y, "true: 1\n? x", "malformed");
}

static void quoted_scalars(void **state)
{
	(void)state;
	assert_reads(Y, "'it''s': 'a\\n'", "{\"it's\":\"a\\\\n\"}");
	assert_reads(Y, "\"a\\tb: c\" : \"\\x41\\u00e9\\U0001F600\\ud83d\\ude00\\_\\N\\e\\/\"",
		     "{\"a\\tb: c\":\"Aé😀😀\xc2\xa0\xc2\x85\\u001b/\"}");
	assert_reads(Y, "a: \"x  \n  y\n\n  z \\\n   w\\n\"\n", "{\"a\":\"x y\\nz w\\n\"}");
	assert_reads(Y, "a: 'x\n\n  y'\n", "{\"a\":\"x\\ny\"}");
	assert_malformed(Y, "a: \"x");
	assert_malformed(Y, "a: 'x");
	assert_malformed(Y, "a: \"\\q\"");
	assert_malformed(Y, "a: \"\\0\"");
	assert_malformed(Y, "a: \"b\" c");
	assert_malformed(Y, "a: \"x\n---\n\"");
}

static void blocks_of_lines(void **state)
{
	(void)state;
	assert_reads(Y, "a: |\n  x\n    y\n\n  z\n\nb: 1", "{\"a\":\"x\\n  y\\n\\nz\\n\",\"b\":1}");
	assert_reads(Y, "a: |-\n  x\n\nb: |+\n  y\n\nc: >\n  u\n  v\n\n  w\n    x\n  y\n",
		     "{\"a\":\"x\",\"b\":\"y\\n\\n\",\"c\":\"u v\\nw\\n  x\\ny\\n\"}");
	assert_reads(Y, "- |2\n    x\n   y\n- >- # c\n z\n", "[\"  x\\n y\\n\",\"z\"]");
	assert_reads(Y, "a: |\nb: |\n\n", "{\"a\":\"\",\"b\":\"\"}");
	assert_reads(Y, "a: |\n  x", "{\"a\":\"x\"}");
	assert_malformed(Y, "a: |x\n  y\n");
	assert_malformed(Y, "a: |\n     \n  x\n");
}

static void flow_collections(void **state)
{
	(void)state;
	assert_reads(Y, "a: { b: 1, \"c\":2, d, e: , f: [x, [y], {z: 'w'}], }\ng: []\n",
		     "{\"a\":{\"b\":1,\"c\":2,\"d\":null,\"e\":null,\"f\":[\"x\",[\"y\"],{\"z\":"
		     "\"w\"}]},"
		     "\"g\":[]}");
	assert_reads(Y, "[ a, # c\n  b c,\n  http://x,\n]", "[\"a\",\"b c\",\"http://x\"]");
	assert_reads(Y, "{\"a\": {\"b\": [1, 2.5, \"x\", null, true]}}",
		     "{\"a\":{\"b\":[1,2.5,\"x\",null,true]}}");
	assert_malformed(Y, "[a: 1]");
	assert_malformed(Y, "[a\n b]");
	assert_malformed(Y, "[a,, b]");
	assert_malformed(Y, "[a");
	assert_malformed(Y, "{a: 1");
	assert_malformed(Y, "[a]]");
	assert_malformed(Y, "[a] b");
	assert_malformed(Y, "{a: 1}: 2");
}

static void what_the_subset_lacks_is_malformed(void **state)
{
	static const char *const bad[] = {
		"a: &x 1",
		"a: *x",
		"a: !!str 1",
		"a: {<<: {b: 1}}",
		"<<: {a: 1}",
		"%YAML 1.2\n---\na: 1",
		"? a\n: b",
		"a: @x",
		"a: `x",
		"a: %x",
		"a: b: c",
		"a: - b",
		"\ta: 1",
		"a:\n\tb: 1",
		"a: 1\n b: 2",
		"  a: 1\nb: 2",
		"a:\n  b: 1\n c: 2",
		"- a\nb: 1",
		"a: 1\n- b",
		"a: 1\nb",
		"a: x\n  b: 1",
		": 1",
		"a: ]",
		"a: , ",
		"a: [*x]",
		"a: 1\na: 2",
		"a: x\n  # c\n  y",
		"-a: 1\n- b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (strcmp(read_as(Y, bad[i]), "malformed") != 0)
			fail_msg("read: %s: %s", bad[i], read_out);
	}
}

static void depth_is_bounded_by_any_way_down(void **state)
{
	static char deep[2 * READ_DEPTH * READ_DEPTH + 1000];

	(void)state;
	for (unsigned i = 0; i <= READ_DEPTH; i++)
		strcat(deep, "- ");
	assert_malformed(Y, deep);
	memset(deep, '[', READ_DEPTH + 1);
	assert_malformed(Y, deep);
	deep[0] = '\0';
	for (unsigned i = 0; i <= READ_DEPTH; i++)
		sprintf(deep + strlen(deep), "%*sa:\n", (int)i, "");
	assert_malformed(Y, deep);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blocks_open_and_close_by_indentation),
		cmocka_unit_test(comments_and_markers),
		cmocka_unit_test(plain_scalars_are_what_they_look_like),
		cmocka_unit_test(quoted_scalars),
		cmocka_unit_test(blocks_of_lines),
		cmocka_unit_test(flow_collections),
		cmocka_unit_test(what_the_subset_lacks_is_malformed),
		cmocka_unit_test(depth_is_bounded_by_any_way_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
