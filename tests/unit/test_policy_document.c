/*
 * docs/policy.md against the tables it describes: every key, fact, format and auth stands in it
 * word for word, and every example in it compiles. Run from the top of the tree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/compile/keys.h"
#include "tests/unit/policy_scene.h"

static char document[1 << 16];

static int read_document(void **state)
{
	FILE *file = fopen("docs/policy.md", "re");
	size_t got;

	(void)state;
	if (file == NULL)
		return -1;
	got = fread(document, 1, sizeof(document) - 1, file);
	document[got] = '\0';
	fclose(file);
	return got < sizeof(document) - 1 ? 0 : -1;
}

static void assert_stands(const char *row)
{
	if (strstr(document, row) == NULL)
		fail_msg("docs/policy.md lacks: %s", row);
}

static void look_for_key(void *context, enum key_scope scope, const char *key, const char *takes,
			 const char *about)
{
	char row[512];

	(void)scope;
	snprintf(row, sizeof(row), "\n| `%s` | %s | %s |", key, takes, about);
	assert_stands(row);
	++*(unsigned *)context;
}

static void every_key_stands_in_the_reference(void **state)
{
	unsigned keys = 0;

	(void)state;
	keys_each(look_for_key, &keys);
	assert_true(keys > 60);
}

static void every_fact_stands_in_the_reference(void **state)
{
	static const char *const names[] = {
#define FACT(name, text, known, capture, about) "\n| `" text "` | ",
#include "policy/facts.def"
#undef FACT
	};
	static const char *const abouts[] = {
#define FACT(name, text, known, capture, about) " | " about " |\n",
#include "policy/facts.def"
#undef FACT
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_stands(names[i]);
		assert_stands(abouts[i]);
	}
}

static void every_statistic_stands_in_the_reference(void **state)
{
	static const char *const abouts[] = {
#define STATISTIC(name, text, kinds, about) " | " about " |\n",
#include "policy/statistics.def"
#undef STATISTIC
	};

	(void)state;
	for (size_t i = 0; i < sizeof(abouts) / sizeof(abouts[0]); i++)
		assert_stands(abouts[i]);
}

static void every_format_and_auth_stands_in_the_reference(void **state)
{
	static const char *const rows[] = {
#define FORMAT(name, text) "\n| `" text "` | ",
#define AUTH(name, text)   "\n| `" text "` | ",
#include "policy/formats.def"
#include "policy/auths.def"
#undef FORMAT
#undef AUTH
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_stands(rows[i]);
}

/* An example that is no whole policy is a piece of a service. */
static void wrap(char *policy, size_t capacity, const char *example)
{
	size_t used;

	snprintf(policy, capacity, SCENE_HEAD "%s",
		 strncmp(example, "consent:", 8) == 0 ? "" : SCENE_ALLOW);
	for (const char *line = example; *line != '\0';) {
		size_t length = strcspn(line, "\n") + 1;

		used = strlen(policy);
		snprintf(policy + used, capacity - used, "    %.*s", (int)length, line);
		line += length;
	}
	used = strlen(policy);
	if (strstr(example, "events:") == NULL)
		snprintf(policy + used, capacity - used, SCENE_START);
}

static void every_example_compiles(void **state)
{
	static const char begin[] = "\n```yaml\n", end[] = "\n```\n";
	char example[8192], policy[16384];
	unsigned examples = 0;

	(void)state;
	for (const char *at = strstr(document, begin); at != NULL; at = strstr(at, begin)) {
		const char *stop;

		at += strlen(begin);
		stop = strstr(at, end);
		assert_non_null(stop);
		snprintf(example, sizeof(example), "%.*s\n", (int)(stop - at), at);
		if (strncmp(example, "bookend:", 8) == 0)
			strcpy(policy, example);
		else
			wrap(policy, sizeof(policy), example);
		if (scene_findings(policy)[0] != '\0')
			fail_msg("%s\n%s", policy, scene.out);
		examples++;
	}
	assert_true(examples >= 8);
}

static void the_demonstrations_policy_compiles(void **state)
{
	struct compiled compiled;

	(void)state;
	scene.out[0] = '\0';
	assert_int_equal(compile_file("policy/examples/demo.yaml", &scene_options, &compiled), 0);
	assert_string_equal(scene.out, "");
	free(compiled.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_stands_in_the_reference),
		cmocka_unit_test(every_fact_stands_in_the_reference),
		cmocka_unit_test(every_statistic_stands_in_the_reference),
		cmocka_unit_test(every_format_and_auth_stands_in_the_reference),
		cmocka_unit_test(every_example_compiles),
		cmocka_unit_test(the_demonstrations_policy_compiles),
	};

	return cmocka_run_group_tests(tests, read_document, NULL);
}
