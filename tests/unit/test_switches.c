/* base/switches.h: the file, the header, and that doubt means off. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/switches.h"

static char state[64];

static int make_state(void **unused)
{
	(void)unused;
	strcpy(state, "/tmp/bookend-switches-XXXXXX");
	return mkdtemp(state) != NULL ? 0 : -1;
}

static int remove_state(void **unused)
{
	char command[96];

	(void)unused;
	snprintf(command, sizeof(command), "rm -rf '%s'", state);
	return system(command);
}

static void write_file(const char *text)
{
	char path[96];
	FILE *file;

	snprintf(path, sizeof(path), "%s%s", state, SWITCHES_FILE);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static uint64_t hash(const char *name)
{
	return switches_hash(name, strlen(name));
}

static void without_a_file_nothing_is_off(void **unused)
{
	struct switches s;

	(void)unused;
	assert_int_equal(switches_read(state, &s), 0);
	assert_int_equal(s.control, 0);
	assert_false(switches_have(&s, hash("acme")));
}

static void each_line_names_a_service_the_last_one_too(void **unused)
{
	struct switches s;

	(void)unused;
	write_file("acme\n\nother");
	assert_int_equal(switches_read(state, &s), 0);
	assert_int_equal(s.count, 2);
	assert_true(switches_have(&s, hash("acme")));
	assert_true(switches_have(&s, hash("other")));
	assert_false(switches_have(&s, hash("acm")));
}

static void a_star_is_everything(void **unused)
{
	struct switches s;

	(void)unused;
	write_file("*\n");
	assert_int_equal(switches_read(state, &s), 0);
	assert_true(switches_have(&s, hash("whatever")));
}

static void lines_may_lie_across_reads(void **unused)
{
	char text[POOL_OFF_SERVICES * 64 + 1];
	char name[64];
	struct switches s;

	(void)unused;
	text[0] = '\0';
	for (int i = 0; i < POOL_OFF_SERVICES; i++) {
		snprintf(name, sizeof(name), "service-%052d\n", i);
		strcat(text, name);
	}
	write_file(text);
	assert_int_equal(switches_read(state, &s), 0);
	assert_int_equal(s.count, POOL_OFF_SERVICES);
	for (int i = 0; i < POOL_OFF_SERVICES; i++) {
		snprintf(name, sizeof(name), "service-%052d", i);
		assert_true(switches_have(&s, hash(name)));
	}
}

static void what_can_not_be_read_is_off(void **unused)
{
	static char line[2000];
	char path[96];
	struct switches s;

	(void)unused;
	memset(line, 'x', sizeof(line) - 1);
	write_file(line);
	assert_int_equal(switches_read(state, &s), -7); /* E2BIG */
	assert_true(switches_have(&s, hash("acme")));
	snprintf(path, sizeof(path), "%s%s", state, SWITCHES_FILE);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_not_equal(switches_read(state, &s), 0);
	assert_true(switches_have(&s, hash("acme")));
}

static void the_header_says_what_was_stored(void **unused)
{
	static struct pool_header header;
	struct switches s;

	(void)unused;
	write_file("acme\n");
	assert_int_equal(switches_read(state, &s), 0);
	assert_false(switches_off(&header, hash("acme")));
	switches_store(&header, &s);
	assert_true(switches_off(&header, hash("acme")));
	assert_false(switches_off(&header, hash("other")));
	s = (struct switches){ .control = POOL_CONTROL_OFF };
	switches_store(&header, &s);
	assert_true(switches_off(&header, hash("other")));
	s = (struct switches){ .control = 0 };
	switches_store(&header, &s);
	assert_false(switches_off(&header, hash("acme")));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_state, remove_state)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_a_file_nothing_is_off),
		TEST(each_line_names_a_service_the_last_one_too),
		TEST(a_star_is_everything),
		TEST(lines_may_lie_across_reads),
		TEST(what_can_not_be_read_is_off),
		TEST(the_header_says_what_was_stored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
