/*
 * Identifiers in the state directory: made once, private, and never with their key.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/identity.h"
#include "sender/ids.h"

static char folder[64];
static struct ids ids = { folder };

static int begin(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/bookend-ids-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command);
}

static void the_installations_id_is_made_once_and_private(void **state)
{
	char first[IDENTITY_TEXT], again[IDENTITY_TEXT], path[96];
	struct stat st;

	(void)state;
	assert_int_equal(ids_get(&ids, &(struct eval_id){ .kind = "installation", .key = NULL },
				 first, sizeof(first)),
			 0);
	assert_int_equal(strlen(first), 36);
	assert_int_equal(ids_get(&ids, &(struct eval_id){ .kind = "installation", .key = NULL },
				 again, sizeof(again)),
			 0);
	assert_string_equal(first, again);
	snprintf(path, sizeof(path), "%s/installation-id", folder);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_size, 37);
}

static void many_makers_agree(void **state)
{
	char(*seen)[IDENTITY_TEXT] =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)state;
	for (int i = 0; i < 16; i++)
		if (!fork())
			_exit(ids_get(&ids,
				      &(struct eval_id){ .kind = "installation", .key = NULL },
				      seen[i], IDENTITY_TEXT)
				      ? 1
				      : 0);
	for (int i = 0; i < 16; i++)
		assert_true(wait(NULL) > 0);
	for (int i = 0; i < 16; i++)
		assert_string_equal(seen[i], seen[0]);
	assert_int_equal(strlen(seen[0]), 36);
	munmap(seen, 4096);
}

static void keys_have_their_own_ids_and_are_not_stored(void **state)
{
	char one[IDENTITY_TEXT], two[IDENTITY_TEXT], again[IDENTITY_TEXT], command[256];

	(void)state;
	assert_int_equal(ids_get(&ids, &(struct eval_id){ .kind = "keyed", .key = "workspace-one" },
				 one, sizeof(one)),
			 0);
	assert_int_equal(ids_get(&ids, &(struct eval_id){ .kind = "keyed", .key = "workspace-two" },
				 two, sizeof(two)),
			 0);
	assert_int_equal(ids_get(&ids, &(struct eval_id){ .kind = "keyed", .key = "workspace-one" },
				 again, sizeof(again)),
			 0);
	assert_string_equal(one, again);
	assert_string_not_equal(one, two);
	snprintf(command, sizeof(command),
		 "! ls -R '%s' | grep -q workspace && ! grep -rq workspace '%s'", folder, folder);
	assert_int_equal(system(command), 0);
}

static void an_alphabet_makes_ids_of_its_letters(void **state)
{
	const struct eval_id short_one = { .kind = "installation",
					   .alphabet = "abcdefghijklmnopqrstuvwxyz0123456789",
					   .length = 16 };
	const struct eval_id binary = { .kind = "installation", .alphabet = "01", .length = 64 };
	const struct eval_id keyed = {
		.kind = "keyed", .key = "k", .alphabet = short_one.alphabet, .length = 16
	};
	char one[100], again[100], other[100];

	(void)state;
	assert_int_equal(ids_get(&ids, &short_one, one, sizeof(one)), 0);
	assert_int_equal(strlen(one), 16);
	assert_int_equal(strspn(one, short_one.alphabet), 16);
	assert_int_equal(ids_get(&ids, &short_one, again, sizeof(again)), 0);
	assert_string_equal(one, again);
	assert_int_equal(ids_get(&ids, &binary, other, sizeof(other)), 0);
	assert_int_equal(strspn(other, "01"), 64);
	assert_non_null(strchr(other, '0'));
	assert_non_null(strchr(other, '1'));
	assert_int_equal(ids_get(&ids, &keyed, other, sizeof(other)), 0);
	assert_string_not_equal(one, other);
}

static void an_id_is_taken_from_another_programs_file_or_kept_there(void **state)
{
	struct eval_id id = { .kind = "installation" };
	char path[96], text[100], again[100];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/theirs", folder);
	id.file = path;
	assert_int_equal(ids_get(&ids, &id, text, sizeof(text)), 0);
	assert_int_equal(strlen(text), 36);
	assert_int_equal(ids_get(&ids, &id, again, sizeof(again)), 0);
	assert_string_equal(text, again);
	file = fopen(path, "w");
	fputs("own-id_7 \r\n", file);
	fclose(file);
	assert_int_equal(ids_get(&ids, &id, text, sizeof(text)), 0);
	assert_string_equal(text, "own-id_7");
	id.file = "relative";
	assert_int_equal(ids_get(&ids, &id, text, sizeof(text)), -EINVAL);
	id.file = "/nonexistent/folder/id";
	assert_int_equal(ids_get(&ids, &id, text, sizeof(text)), -ENOENT);
	id.file = "/etc";
	assert_int_equal(ids_get(&ids, &id, text, sizeof(text)), -EBADMSG);
}

static void a_state_directory_that_is_not_there_gives_none(void **state)
{
	struct ids nowhere = { "/nonexistent/state" };
	char id[IDENTITY_TEXT];

	(void)state;
	assert_int_equal(ids_get(&nowhere, &(struct eval_id){ .kind = "installation", .key = NULL },
				 id, sizeof(id)),
			 -ENOENT);
	assert_true(ids_get(&nowhere, &(struct eval_id){ .kind = "keyed", .key = "key" }, id,
			    sizeof(id)) < 0);
	assert_int_equal(
		ids_get(&ids, &(struct eval_id){ .kind = "strange", .key = NULL }, id, sizeof(id)),
		-EINVAL);
}

static void a_damaged_file_is_not_taken_for_an_id(void **state)
{
	char path[96], id[IDENTITY_TEXT];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/installation-id", folder);
	file = fopen(path, "w");
	fputs("two words\n", file);
	fclose(file);
	assert_int_equal(ids_get(&ids, &(struct eval_id){ .kind = "installation", .key = NULL }, id,
				 sizeof(id)),
			 -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_installations_id_is_made_once_and_private,
						begin, end),
		cmocka_unit_test_setup_teardown(many_makers_agree, begin, end),
		cmocka_unit_test_setup_teardown(keys_have_their_own_ids_and_are_not_stored, begin,
						end),
		cmocka_unit_test_setup_teardown(an_alphabet_makes_ids_of_its_letters, begin, end),
		cmocka_unit_test_setup_teardown(
			an_id_is_taken_from_another_programs_file_or_kept_there, begin, end),
		cmocka_unit_test_setup_teardown(a_state_directory_that_is_not_there_gives_none,
						begin, end),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_not_taken_for_an_id, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
