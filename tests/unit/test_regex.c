/*
 * policy/regex.h and its compiler: what is found, where, and what is refused.
 * tests/unit/data/regex.txt has what Python's re finds, made by regex.py beside it; another such
 * file may be the argument.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "policy/compile/regex.h"
#include "policy/regex.h"

static const char *cases = "tests/unit/data/regex.txt";
static char finding[2048];

static void note(void *context, const struct diagnostic *d)
{
	(void)context;
	snprintf(finding, sizeof(finding), "%s", d->text);
}

/* The program of a pattern, malloc'd; its bytes; NULL and `finding` when it is refused. */
static void *compile(const char *pattern, size_t *length)
{
	const struct yaml y = { .kind = YAML_SCALAR, .text = pattern, .at = { 1, 1 } };
	struct compiler *c = calloc(1, sizeof(*c));
	static void *bytes;
	struct expr *e;

	finding[0] = 0;
	bytes = NULL;
	c->d.say = note;
	assert_int_equal(setjmp(c->heap.full), 0);
	e = regex_of(c, &y);
	if (c->d.count == 0) {
		*length = e->value;
		bytes = malloc(*length);
		memcpy(bytes, e->text, *length);
	}
	diagnose_say(&c->d);
	heap_fini(&c->heap);
	free(c);
	return bytes;
}

static int find(const char *pattern, const char *text, size_t text_length, uint32_t *budget,
		struct regex_match *match)
{
	size_t length = 0;
	void *bytes = compile(pattern, &length);
	struct regex r;
	void *memory;
	int found;

	if (bytes == NULL)
		fail_msg("%s", finding);
	assert_int_equal(regex_open(&r, bytes, length), 0);
	assert_true(regex_memory(&r) <= REGEX_MEMORY_MAX);
	memory = malloc(regex_memory(&r));
	found = regex_find(&r, text, (uint32_t)text_length, 0, memory, budget, match);
	free(memory);
	free(bytes);
	return found;
}

/* "from to" of the match and of the first group, "-" for what is not. */
static void show(const char *pattern, const char *text, size_t length, char into[64])
{
	struct regex_match match;
	uint32_t budget = UINT32_MAX;
	int found = find(pattern, text, length, &budget, &match);

	if (found != 1)
		snprintf(into, 64, found == 0 ? "-" : "error %d", found);
	else if (match.group_to == REGEX_NONE)
		snprintf(into, 64, "%u %u -", match.from, match.to);
	else
		snprintf(into, 64, "%u %u %u %u", match.from, match.to, match.group_from,
			 match.group_to);
}

static void assert_found(const char *pattern, const char *text, const char *expected)
{
	char shown[64];

	show(pattern, text, strlen(text), shown);
	if (strcmp(shown, expected) != 0)
		fail_msg("'%s' in '%s': %s, not %s", pattern, text, shown, expected);
}

static void what_is_found_is_what_python_finds(void **state)
{
	FILE *file = fopen(cases, "re");
	char line[2048];
	unsigned count = 0;

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		char *rest = line;
		const char *pattern = strsep(&rest, "\t");
		char *text = strsep(&rest, "\t");
		const char *expected = strsep(&rest, "\n");

		assert_non_null(rest);
		/* "." stands for the empty text: every text ends with one. */
		text[strlen(text) - 1] = '\0';
		for (char *p = text; *p != '\0'; p++)
			*p = *p == '~' ? '\n' : *p;
		assert_found(pattern, text, expected);
		count++;
	}
	fclose(file);
	assert_true(count > 1000);
}

static void a_character_is_a_code_point_and_a_stray_byte_is_one_too(void **state)
{
	(void)state;
	assert_found("^.$", "\xc3\xa9", "0 2 -");
	assert_found("^.$", "\xf0\x9f\x98\x80", "0 4 -");
	assert_found("^..$", "\xff\xfe", "0 2 -");
	assert_found("^.{3}$", "\xed\xa0\x80", "0 3 -");
	assert_found("[\xc3\xa0-\xc3\xbf]+", "a\xc3\xa9\xc3\xa8z", "1 5 -");
	assert_found("[^a]", "a\xc3", "1 2 -");
	assert_found("\\w+",
		     "\xc3\xa9"
		     "a",
		     "2 3 -");
}

static void flags_fold_ascii_to_the_end_of_their_group(void **state)
{
	(void)state;
	assert_found("(?i)AbC[x-z]", "aBcY", "0 4 -");
	assert_found("a(?i:b)c", "aBc", "0 3 -");
	assert_found("a(?i:b)c", "aBC", "-");
	assert_found("(?:(?i)a)b", "AB", "-");
	assert_found("(?i)[^a]", "Ab", "1 2 -");
	assert_found("(?i)\xc3\xa9", "\xc3\x89", "-");
}

static void assert_refused(const char *pattern, const char *said)
{
	size_t length;
	void *bytes = compile(pattern, &length);

	assert_null(bytes);
	if (strstr(finding, said) == NULL)
		fail_msg("'%s': %s", pattern, finding);
}

static void what_is_not_known_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_refused("(a)\\1", "character 4: back-references, \\1,");
	assert_refused("a(?=b)", "character 2: look-around, (?=...),");
	assert_refused("(?!b)", "character 1: look-around");
	assert_refused("x(?<=b)", "character 2: look-around");
	assert_refused("(?<!b)", "look-around");
	assert_refused("(?P<n>a)", "no names");
	assert_refused("\xc3\xa9(?x)", "character 2: (?x is not known");
	assert_refused("a++", "one repetition behind another");
	assert_refused("a**", "one repetition behind another");
	assert_refused("*a", "nothing for * to repeat");
	assert_refused("a|*", "character 3: there is nothing");
	assert_refused("a{2", "write {2}");
	assert_refused("a{2,", "write {2}");
	assert_refused("a{2,x}", "write {2}");
	assert_refused("a{,2}", "write {2}");
	assert_refused("a{3,2}", "wrong way round");
	assert_refused("{2}", "{ begins a repetition");
	assert_refused("a{1001}", "at most 1000");
	assert_refused("[a", "this [ has no ]");
	assert_refused("[]", "nothing stands between");
	assert_refused("[b-a]", "wrong way round");
	assert_refused("[\\d-z]", "a character at both ends");
	assert_refused("[[:alpha:]]", "[:...:] is not known");
	assert_refused("(a", "character 1: this ( has no )");
	assert_refused("a)", "character 2: this ) has no (");
	assert_refused("\\", "a \\ at the end");
	assert_refused("[\\", "a \\ at the end");
	assert_refused("\\A", "\\A is not known");
	assert_refused("\\pL", "\\p is not known");
	assert_refused("\\x8f", "two digits");
	assert_refused("^*", "can not be repeated");
}

static void what_would_blow_up_is_refused(void **state)
{
	char deep[300] = "";

	(void)state;
	assert_refused("(?:a{1000}){1000}", "too large");
	assert_refused("(?:(?:(?:(?:){1000}){1000}){1000}){1000}", "too large");
	assert_refused("(?:(?:a?){30}){30}", "too large");
	for (unsigned i = 0; i < 100; i++)
		strcat(deep, "(");
	assert_refused(deep, "nested more than");
}

/* In the time of a backtracking matcher this would never end. */
static void matching_takes_time_that_grows_with_the_text_only(void **state)
{
	static char text[20001];
	static const char *const patterns[] = { "^(a*)*$",  "^(a|a)*$", "(a+)+b",
						"(a|aa)+$", "(.*.*)*x", "(?:a?){100}a{100}$" };
	struct regex_match match;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 2] = '!';
	for (unsigned i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		uint32_t budget = 20000u * 700;

		assert_int_equal(find(patterns[i], text, sizeof(text) - 1, &budget, &match), 0);
	}
}

static void a_budget_that_runs_out_is_said(void **state)
{
	struct regex_match match;
	uint32_t budget = 10;

	(void)state;
	assert_int_equal(find("a*b", "aaaaaaaaaaaaaaaaaaaaaaa", 23, &budget, &match), -E2BIG);
	assert_int_equal(budget, 0);
}

static void a_text_with_a_nul_is_searched_whole(void **state)
{
	char shown[64];

	(void)state;
	show("b$", "a\0b", 3, shown);
	assert_string_equal(shown, "2 3 -");
}

static void a_damaged_program_is_refused(void **state)
{
	size_t length = 0;
	uint8_t *bytes = compile("(a|[bc])*d", &length);
	struct regex_step *step = (void *)(bytes + sizeof(struct regex_head));
	struct regex r;

	(void)state;
	assert_int_equal(regex_open(&r, bytes, 3), -EBADMSG);
	assert_int_equal(regex_open(&r, bytes, length - 1), -EBADMSG);
	assert_int_equal(regex_open(&r, bytes, length), 0);
	for (uint32_t i = 0; i < r.steps; i++) {
		struct regex_step kept = step[i];

		step[i].op = REGEX_OPS;
		assert_int_equal(regex_open(&r, bytes, length), -EBADMSG);
		step[i] = (struct regex_step){ REGEX_SPLIT, 0, r.steps };
		assert_int_equal(regex_open(&r, bytes, length), -EBADMSG);
		step[i] = (struct regex_step){ REGEX_CLASS, 3, 0 };
		assert_int_equal(regex_open(&r, bytes, length), -EBADMSG);
		step[i] = kept;
	}
	step[r.steps - 1].op = REGEX_BEGIN;
	assert_int_equal(regex_open(&r, bytes, length), -EBADMSG);
	free(bytes);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_found_is_what_python_finds),
		cmocka_unit_test(a_character_is_a_code_point_and_a_stray_byte_is_one_too),
		cmocka_unit_test(flags_fold_ascii_to_the_end_of_their_group),
		cmocka_unit_test(what_is_not_known_is_refused_with_its_place),
		cmocka_unit_test(what_would_blow_up_is_refused),
		cmocka_unit_test(matching_takes_time_that_grows_with_the_text_only),
		cmocka_unit_test(a_budget_that_runs_out_is_said),
		cmocka_unit_test(a_text_with_a_nul_is_searched_whole),
		cmocka_unit_test(a_damaged_program_is_refused),
	};

	if (argc > 1)
		cases = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
