/*
 * policy/read_nacl.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/read_scene.h"

#define N READ_nacl

static void salto_is_configured_like_this(void **state)
{
	(void)state;
	assert_reads(N, "salto { installationID = \"9-a\" telemetry = { enabled = true } }",
		     "{\"salto\":{\"installationID\":\"9-a\",\"telemetry\":{\"enabled\":true}}}");
	assert_reads(N, "salto {\n  installationID = \"9\"\n  telemetry = false\n}\n",
		     "{\"salto\":{\"installationID\":\"9\",\"telemetry\":false}}");
	assert_reads(N,
		     "workspace {\n  uid = \"u\"\n  envs = [\n    {\n      name = \"x\",\n"
		     "      accounts = [ \"a\", \"b\" ],\n    },\n  ]\n}\n",
		     "{\"workspace\":{\"uid\":\"u\",\"envs\":[{\"name\":\"x\",\"accounts\":[\"a\","
		     "\"b\"]}]}}");
}

static void blocks_attributes_and_comments(void **state)
{
	(void)state;
	assert_reads(N, "// a\n# b\n/* c\n } */ type salesforce.x \"y z\" {\n a = 1 }\n",
		     "{\"type.salesforce.x.y z\":{\"a\":1}}");
	assert_reads(N, "a {\n b {\n }\n \"c.d\" : -2.5 e = null f = [ 1, [], ] }",
		     "{\"a\":{\"b\":{},\"c.d\":-2.5,\"e\":null,\"f\":[1,[]]}}");
	assert_reads(N, "a = '''\nx\n  y\n'''\nb = \"\\\"\\n\\u00e9\\$\"",
		     "{\"a\":\"x\\n  y\",\"b\":\"\\\"\\né$\"}");
	assert_reads(N, "", "{}");
}

static void what_must_be_computed_is_there_but_no_constant(void **state)
{
	static const char file[] = "a = b.c\nd = \"x ${ y } z\"\ne = file(\"(\", 1)\nf = 1\n";

	(void)state;
	assert_reads(N, file, "{\"f\":1}");
	assert_finds(N, file, "a", "unreadable");
	assert_finds(N, file, "d", "unreadable");
	assert_finds(N, file, "e", "unreadable");
	assert_finds(N, file, "f", "n:1");
}

static void what_is_no_nacl_is_malformed(void **state)
{
	static const char *const bad[] = {
		"a",
		"a {",
		"a }",
		"}",
		"a = ",
		"a = {",
		"a b = 1",
		"= 1",
		"a = \"x",
		"a = \"x\ny\"",
		"a = [1 2]",
		"a = [1",
		"a = '''x",
		"a = f(",
		"a = f(\"x",
		"/* x",
		"a = 1 a = 2",
		"a {} a {}",
		"a = \"\\q\"",
		"a = [,]",
		"\"${x}\" = 1",
		"a = 1x",
		"{}",
		"a = ]",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (strcmp(read_as(N, bad[i]), "malformed") != 0)
			fail_msg("read: %s: %s", bad[i], read_out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(salto_is_configured_like_this),
		cmocka_unit_test(blocks_attributes_and_comments),
		cmocka_unit_test(what_must_be_computed_is_there_but_no_constant),
		cmocka_unit_test(what_is_no_nacl_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
