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
	assert_int_equal(ids_get(&ids, "installation", NULL, first, sizeof(first)), 0);
	assert_int_equal(strlen(first), 36);
	assert_int_equal(ids_get(&ids, "installation", NULL, again, sizeof(again)), 0);
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
			_exit(ids_get(&ids, "installation", NULL, seen[i], IDENTITY_TEXT) ? 1 : 0);
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
	assert_int_equal(ids_get(&ids, "keyed", "workspace-one", one, sizeof(one)), 0);
	assert_int_equal(ids_get(&ids, "keyed", "workspace-two", two, sizeof(two)), 0);
	assert_int_equal(ids_get(&ids, "keyed", "workspace-one", again, sizeof(again)), 0);
	assert_string_equal(one, again);
	assert_string_not_equal(one, two);
	snprintf(command, sizeof(command),
		 "! ls -R '%s' | grep -q workspace && ! grep -rq workspace '%s'", folder, folder);
	assert_int_equal(system(command), 0);
}

static void a_state_directory_that_is_not_there_gives_none(void **state)
{
	struct ids nowhere = { "/nonexistent/state" };
	char id[IDENTITY_TEXT];

	(void)state;
	assert_int_equal(ids_get(&nowhere, "installation", NULL, id, sizeof(id)), -ENOENT);
	assert_true(ids_get(&nowhere, "keyed", "key", id, sizeof(id)) < 0);
	assert_int_equal(ids_get(&ids, "strange", NULL, id, sizeof(id)), -EINVAL);
}

static void a_damaged_file_is_not_taken_for_an_id(void **state)
{
	char path[96], id[IDENTITY_TEXT];
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/installation-id", folder);
	file = fopen(path, "w");
	fputs("short\n", file);
	fclose(file);
	assert_int_equal(ids_get(&ids, "installation", NULL, id, sizeof(id)), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_installations_id_is_made_once_and_private,
						begin, end),
		cmocka_unit_test_setup_teardown(many_makers_agree, begin, end),
		cmocka_unit_test_setup_teardown(keys_have_their_own_ids_and_are_not_stored, begin,
						end),
		cmocka_unit_test_setup_teardown(a_state_directory_that_is_not_there_gives_none,
						begin, end),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_not_taken_for_an_id, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
