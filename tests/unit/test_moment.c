#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tools/collector/moment.h"

static void times_are_read_to_the_microsecond(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
	} times[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2026-11-21T10:00:00Z", 1795255200000000 },
		{ "2026-11-21t10:00:00z", 1795255200000000 },
		{ "2026-11-21 10:00:00Z", 1795255200000000 },
		{ "2026-11-21T10:00:00.5Z", 1795255200500000 },
		{ "2026-11-21T10:00:00,000001Z", 1795255200000001 },
		{ "2026-11-21T10:00:00.0000019Z", 1795255200000001 },
		{ "2026-11-21T11:30:00+01:30", 1795255200000000 },
		{ "2026-11-21T05:30:00-0430", 1795255200000000 },
		{ "2024-02-29T00:00:00Z", 1709164800000000 },
		{ "2016-12-31T23:59:60Z", 1483228800000000 },
		{ "9999-12-31T23:59:59Z", 253402300799000000 },
	};
	int64_t us;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		assert_true(moment_parse(times[i].text, &us));
		assert_int_equal(us, times[i].us);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"now",
		"2026-11-21",
		"2026-11-21T10:00:00",
		"2026-11-21T10:00Z",
		"2026-13-01T00:00:00Z",
		"2026-02-30T00:00:00Z",
		"2025-02-29T00:00:00Z",
		"2026-11-21T24:00:00Z",
		"2026-11-21T10:00:61Z",
		"2026-11-21T10:00:00.Z",
		"2026-11-21T10:00:00Z ",
		"2026-11-21T10:00:00+24:00",
		"2026-11-21T10:00:00+1",
		"1969-12-31T23:59:59Z",
		"10000-01-01T00:00:00Z",
		" 2026-11-21T10:00:00Z",
		"2026-1-21T10:00:00Z",
	};
	int64_t us = 77;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		assert_false(moment_parse(texts[i], &us));
	assert_int_equal(us, 77);
}

static void a_time_written_is_read_back(void **state)
{
	static const int64_t times[] = { 0, 1, 1795255200000001, 253402300799999999 };
	char text[MOMENT_TEXT];
	int64_t us;

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++) {
		moment_utc(times[i], text);
		assert_true(moment_parse(text, &us));
		assert_int_equal(us, times[i]);
	}
	assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
}

static void local_time_follows_the_time_zone(void **state)
{
	char text[MOMENT_TEXT];

	(void)state;
	setenv("TZ", "EET-2", 1);
	tzset();
	moment_local(1795255200000000, text);
	assert_string_equal(text, "2026-11-21 12:00:00");
}

static void durations_are_a_number_and_a_unit(void **state)
{
	int64_t us = 77;

	(void)state;
	assert_true(moment_parse_duration("1.5s", &us));
	assert_int_equal(us, 1500000);
	assert_true(moment_parse_duration("24h", &us));
	assert_int_equal(us, 86400000000);
	assert_true(moment_parse_duration("15m", &us));
	assert_int_equal(us, 900000000);
	assert_true(moment_parse_duration("250us", &us));
	assert_int_equal(us, 250);
	static const char *const wrong[] = { "",   "s",	    "24",  "24 h", "-1h",
					     "1w", "1e99d", "inf", "nan",  "h24" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_false(moment_parse_duration(wrong[i], &us));
	assert_int_equal(us, 250);
}

static void durations_are_written_as_people_say_them(void **state)
{
	static const struct {
		double us;
		const char *text;
	} durations[] = {
		{ 0, "< 1 ms" },
		{ 850, "850 us" },
		{ 999.6, "1.0 ms" },
		{ 2000, "2 ms" },
		{ 2340, "2.3 ms" },
		{ 9996, "10 ms" },
		{ 12345, "12 ms" },
		{ 999499, "999 ms" },
		{ 999600, "1.0 s" },
		{ 3.4e6, "3.4 s" },
		{ 59.94e6, "59.9 s" },
		{ 59.96e6, "1 min 0 s" },
		{ 303e6, "5 min 3 s" },
		{ 3599.6e6, "1 h 0 min" },
		{ 7500e6, "2 h 5 min" },
		{ 86400e6 * 3.5, "3 d 12 h" },
		{ -1, "?" },
		{ 1e300, "?" },
	};
	char text[MOMENT_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(*durations); i++) {
		moment_human(durations[i].us, text);
		assert_string_equal(text, durations[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read_to_the_microsecond),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(a_time_written_is_read_back),
		cmocka_unit_test(local_time_follows_the_time_zone),
		cmocka_unit_test(durations_are_a_number_and_a_unit),
		cmocka_unit_test(durations_are_written_as_people_say_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
