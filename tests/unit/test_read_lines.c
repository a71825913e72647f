/*
 * policy/read_ini.c, policy/read_env.c, policy/read_pairs.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/read_scene.h"

static void an_ini_has_sections_and_values_as_they_stand(void **state)
{
	(void)state;
	assert_reads(
		READ_ini,
		"top = 1\n[a b]\n; c\nx = \"y\" ; z\n# d\nw: 2 \n  more\nv\n\n[c]\n[a b]\nu=",
		"{\"top\":\"1\",\"a b\":{\"x\":\"\\\"y\\\" ; z\",\"w\":\"2\\nmore\",\"v\":null,"
		"\"u\":\"\"},\"c\":{}}");
	assert_reads(READ_ini, "[user]\n\tname = A\n\temail = B\n",
		     "{\"user\":{\"name\":\"A\",\"email\":\"B\"}}");
	assert_reads(READ_ini, "", "{}");
	assert_malformed(READ_ini, "[a");
	assert_malformed(READ_ini, "[a\n]");
	assert_malformed(READ_ini, "[a] b");
	assert_malformed(READ_ini, "= 1");
	assert_malformed(READ_ini, "a = 1\na = 2");
	assert_malformed(READ_ini, "a = 1\n[a]\n");
}

static void an_env_file_is_read_as_a_shell_does(void **state)
{
	(void)state;
	assert_reads(
		READ_env,
		"# c\nA=1\nexport B='x y'\nC=\"a\\\"b\\$c\\n\" # d\nD=x y # z\nE=\nF=a\"b\"'c'\n"
		" G = h \nI=a#b\nJ=\"k\nl\"\nM=a\\ b\\\nc\nA=2",
		"{\"A\":\"2\",\"B\":\"x y\",\"C\":\"a\\\"b$c\\\\n\",\"D\":\"x y\",\"E\":\"\","
		"\"F\":\"abc\",\"G\":\"h\",\"I\":\"a#b\",\"J\":\"k\\nl\",\"M\":\"a bc\"}");
	assert_reads(READ_env, "NAME=\"Debian GNU/Linux\"\nID=debian\n",
		     "{\"NAME\":\"Debian GNU/Linux\",\"ID\":\"debian\"}");
	assert_reads(READ_env, "A=$B", "{\"A\":\"$B\"}");
	assert_reads(READ_env, "A='x ' # c", "{\"A\":\"x \"}");
	assert_reads(READ_env, "A= # c", "{\"A\":\"\"}");
	assert_malformed(READ_env, "A");
	assert_malformed(READ_env, "A B=1");
	assert_malformed(READ_env, "A='x");
	assert_malformed(READ_env, "A=\"x");
	assert_malformed(READ_env, "=1");
}

static void pairs_keep_their_quotes(void **state)
{
	(void)state;
	assert_reads(READ_pairs,
		     "NAME=\"Debian GNU/Linux\"\n# c\nID=debian\nVERSION_ID=\"12\"\n\nnothing\nA = "
		     "b=c \n=x\n",
		     "{\"NAME\":\"\\\"Debian GNU/Linux\\\"\",\"ID\":\"debian\","
		     "\"VERSION_ID\":\"\\\"12\\\"\",\"A\":\"b=c\"}");
	assert_reads(READ_pairs, "A=1\nA=2", "{\"A\":\"2\"}");
	assert_reads(READ_pairs, "", "{}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ini_has_sections_and_values_as_they_stand),
		cmocka_unit_test(an_env_file_is_read_as_a_shell_does),
		cmocka_unit_test(pairs_keep_their_quotes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
