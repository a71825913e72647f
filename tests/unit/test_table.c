#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tools/collector/table.h"

static const struct table_column columns[] = { { .title = "NAME", .elastic = true },
					       { .title = "SIZE", .right = true },
					       { .title = "NOTE" } };

static char *print(const char *const rows[][3], size_t count, unsigned width)
{
	struct table *table = table_new(columns, 3);
	char *text;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	for (size_t i = 0; i < count; i++)
		assert_true(table_row(table, rows[i]));
	table_print(table, width, out);
	table_free(table);
	fclose(out);
	return text;
}

static void columns_are_aligned_and_numbers_stand_right(void **state)
{
	static const char *const rows[][3] = { { "a", "7", "x" }, { "longer", "12345", NULL } };
	char *text = print(rows, 2, 80);

	(void)state;
	assert_string_equal(text, "NAME     SIZE  NOTE\n"
				  "a           7  x\n"
				  "longer  12345  \n");
	free(text);
}

static void the_elastic_column_gives_way_at_whole_characters(void **state)
{
	static const char *const rows[][3] = { { "äöüäöüäöüäöü", "1", "note" } };
	char *text = print(rows, 1, 20);

	(void)state;
	assert_string_equal(text, "NAME      SIZE  NOTE\n"
				  "äöüäöüä…     1  note\n");
	free(text);
}

static void nothing_gives_way_below_its_title(void **state)
{
	static const char *const rows[][3] = { { "abcdefgh", "1", "note" } };
	char *text = print(rows, 1, 1);

	(void)state;
	assert_string_equal(text, "NAME  SIZE  NOTE\n"
				  "abc…     1  note\n");
	free(text);
}

static void what_could_command_the_terminal_is_shown_as_a_question_mark(void **state)
{
	static const char *const rows[][3] = { { "\033[2J\n", "\x7f",
						 "\xc2\x9b"
						 "1m" } };
	char *text = print(rows, 1, 80);

	(void)state;
	assert_string_equal(text, "NAME   SIZE  NOTE\n"
				  "?[2J?     ?  ??1m\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_are_aligned_and_numbers_stand_right),
		cmocka_unit_test(the_elastic_column_gives_way_at_whole_characters),
		cmocka_unit_test(nothing_gives_way_below_its_title),
		cmocka_unit_test(what_could_command_the_terminal_is_shown_as_a_question_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
