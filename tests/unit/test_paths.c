/*
 * base/paths.h: one directory has one name, and two directories never share a pool.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/paths.h"

/* NAME, value, NAME, value, ..., NULL */
static const char *look_up(void *context, const char *name)
{
	const char *const *pair = context;

	for (; *pair != NULL; pair += 2)
		if (strcmp(pair[0], name) == 0)
			return pair[1];
	return NULL;
}

static void assert_state(const char *const *environment, int result, const char *path)
{
	char into[PATHS_MAX];

	assert_int_equal(paths_state(1000, look_up, (void *)(uintptr_t)environment, into), result);
	if (result == 0)
		assert_string_equal(into, path);
}

static void bookend_state_comes_first_and_is_cleaned(void **state)
{
	static const char *const given[] = { "HOME", "/home/ada", "BOOKEND_STATE", "//var///x/y//",
					     NULL };
	static const char *const root[] = { "BOOKEND_STATE", "///", NULL };

	(void)state;
	assert_state(given, 0, "/var/x/y");
	assert_state(root, 0, "/");
}

static void a_relative_bookend_state_is_refused(void **state)
{
	static const char *const relative[] = { "HOME", "/home/ada", "BOOKEND_STATE", "x", NULL };

	(void)state;
	assert_state(relative, -EINVAL, NULL);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
	char path[PATHS_MAX + 8];
	const char *const given[] = { "BOOKEND_STATE", path, NULL };

	(void)state;
	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_state(given, -ENAMETOOLONG, NULL);
}

static void without_an_installation_the_state_is_at_home(void **state)
{
	static const char *const xdg[] = { "HOME", "/home/ada", "XDG_STATE_HOME", "/s//", NULL };
	static const char *const home[] = { "HOME",	"/home/ada/",	 "XDG_STATE_HOME",
					    "relative", "BOOKEND_STATE", "",
					    NULL };
	static const char *const nothing[] = { NULL };
	struct stat st;

	(void)state;
	if (stat("/var/lib/bookend", &st) == 0) {
		print_message("skipped: this machine has /var/lib/bookend\n");
		skip();
	}
	assert_state(xdg, 0, "/s/bookend");
	assert_state(home, 0, "/home/ada/.local/state/bookend");
	assert_state(nothing, -ENOENT, NULL);
}

static void each_state_directory_has_its_own_pool_name(void **state)
{
	char a[64], b[64];

	(void)state;
	paths_pool_name("/home/ada/.local/state/bookend", a);
	paths_pool_name("/home/bob/.local/state/bookend", b);
	/* Worked out by openssl mac: the name is part of the format. */
	assert_string_equal(a, "pool-1-00b4365598c8dd69");
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), strlen(b));
}

static void the_pool_folder_names_the_user(void **state)
{
	char path[PATHS_MAX];

	(void)state;
	assert_int_equal(paths_pool_folder(1000, path), 0);
	assert_non_null(strstr(path, "bookend"));
	assert_string_equal(path + strlen(path) - 4, "1000");
}

static void an_image_lies_beside_its_yaml(void **state)
{
	static const char *const table[][2] = {
		{ "/etc/bookend/policy.yaml", "/etc/bookend/policy.bki" },
		{ "a.yml", "a.bki" },
		{ "a.bki", "a.bki" },
		{ ".yaml", ".yaml" },
		{ "x.yaml.d/image", "x.yaml.d/image" },
	};
	char path[PATHS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(paths_image(table[i][0], path), 0);
		assert_string_equal(path, table[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bookend_state_comes_first_and_is_cleaned),
		cmocka_unit_test(a_relative_bookend_state_is_refused),
		cmocka_unit_test(a_path_that_is_too_long_is_refused),
		cmocka_unit_test(without_an_installation_the_state_is_at_home),
		cmocka_unit_test(each_state_directory_has_its_own_pool_name),
		cmocka_unit_test(the_pool_folder_names_the_user),
		cmocka_unit_test(an_image_lies_beside_its_yaml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
