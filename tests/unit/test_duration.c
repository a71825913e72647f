#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "tools/duration.h"

static void every_unit_is_known(void **state)
{
	static const struct {
		const char *text;
		int ms;
	} cases[] = { { "0ms", 0 },	{ "500ms", 500 },   { "1s", 1000 },
		      { "2m", 120000 }, { "3h", 10800000 }, { "1d", 86400000 } };
	int ms;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(duration_parse(cases[i].text, &ms), 0);
		assert_int_equal(ms, cases[i].ms);
	}
}

static void what_is_no_duration_is_refused(void **state)
{
	static const char *const cases[] = { "",    "5",   "s",	   "-1s", "+1s",
					     " 1s", "1 s", "1.5s", "1ss", "1w" };
	int ms = 42;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(duration_parse(cases[i], &ms), -EINVAL);
	assert_int_equal(ms, 42);
}

static void what_does_not_fit_is_refused(void **state)
{
	int ms = 42;

	(void)state;
	assert_int_equal(duration_parse("25d", &ms), -ERANGE);
	assert_int_equal(duration_parse("99999999999999999999ms", &ms), -ERANGE);
	assert_int_equal(ms, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_unit_is_known),
		cmocka_unit_test(what_is_no_duration_is_refused),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
