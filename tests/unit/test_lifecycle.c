#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/collector/ingest.h"
#include "tools/collector/summary.h"

/* Events as a collector gets them, in any order, and the lifecycles it makes of them, in order of
 * start. */
static struct lifecycles join(const char *events, int64_t since)
{
	struct lifecycles all = { 0 };
	struct complaint complaint;
	struct batch batch;
	struct store *store;
	uint32_t fresh;

	assert_int_equal(store_open(NULL, STORE_MEMORY, &store), 0);
	if (ingest_json(events, strlen(events), 0, &batch, &complaint) != 0)
		fail_msg("%s: %s", complaint.where, complaint.what);
	assert_int_equal(store_insert(store, &batch, 0, &fresh), 0);
	batch_free(&batch);
	assert_int_equal(store_sessions(store, NULL, 0, lifecycles_add, &all), 0);
	store_close(store);
	lifecycles_sort(&all, since);
	return all;
}

#define EVENT(kind, session, seconds, more)                                                        \
	"{\"event\":\"app_" kind "\",\"kind\":\"" kind "\",\"session\":\"" session                 \
	"\",\"service\":\"app\",\"time\":\"2026-11-21T10:00:" seconds "Z\"" more "}"

#define TEN INT64_C(1795255200000000)

static void a_start_and_its_stop_are_one_whatever_the_order_of_arrival(void **state)
{
	struct lifecycles all =
		join("[" EVENT("stop", "a", "03.5", ",\"properties\":{\"code\":0}") "," EVENT(
			     "start", "a", "01", ",\"pid\":7") "]",
		     INT64_MIN);

	(void)state;
	assert_int_equal(all.count, 1);
	assert_true(all.list[0].start_seen && all.list[0].stop_seen);
	assert_int_equal(all.list[0].started, TEN + 1000000);
	assert_int_equal((int64_t)all.list[0].lasted_us, 2500000);
	assert_int_equal(all.list[0].pid, 7);
	assert_int_equal(all.list[0].end.ending, ENDING_CLEAN);
	assert_string_equal(all.list[0].service, "app");
	assert_string_equal(all.list[0].what, "app");
	lifecycles_free(&all);
}

static void start_and_stop_at_one_moment_are_still_one(void **state)
{
	struct lifecycles all = join(
		"[" EVENT("stop", "a", "01", "") "," EVENT("start", "a", "01", "") "]", INT64_MIN);

	(void)state;
	assert_int_equal(all.count, 1);
	assert_int_equal((int64_t)all.list[0].lasted_us, 0);
	lifecycles_free(&all);
}

static void the_duration_that_was_measured_counts_more_than_the_times(void **state)
{
	struct lifecycles all = join(
		"[" EVENT("start", "a", "01", "") "," EVENT(
			"stop", "a", "09", ",\"properties\":{\"code\":0,\"duration_ms\":12.5}") "]",
		INT64_MIN);

	(void)state;
	assert_int_equal((int64_t)all.list[0].lasted_us, 12500);
	lifecycles_free(&all);
}

static void a_start_alone_is_open_and_a_stop_alone_knows_when_it_began(void **state)
{
	struct lifecycles all =
		join("[" EVENT("start", "a", "01", "") "," EVENT(
			     "stop", "b", "09", ",\"properties\":{\"duration_ms\":3000}") "]",
		     INT64_MIN);

	(void)state;
	assert_int_equal(all.count, 2);
	assert_int_equal(all.list[0].end.ending, ENDING_OPEN);
	assert_true(all.list[0].lasted_us < 0);
	assert_int_equal(all.list[1].started, TEN + 6000000);
	assert_int_equal(all.list[1].end.ending, ENDING_UNKNOWN);
	assert_false(all.list[1].start_seen);
	lifecycles_free(&all);
}

static void a_session_that_starts_again_has_two(void **state)
{
	struct lifecycles all = join(
		"[" EVENT("start", "a", "01", "") "," EVENT("stop", "a", "02", ",\"properties\":{\"code\":0}") "," EVENT(
			"start", "a", "03",
			"") "," EVENT("stop", "a", "05",
				      ",\"properties\":{\"code\":1}") "," EVENT("start", "a", "06",
										"") "," EVENT("star"
											      "t",
											      "a",
											      "07",
											      "") "]",
		INT64_MIN);

	(void)state;
	assert_int_equal(all.count, 4);
	assert_int_equal(all.list[0].end.ending, ENDING_CLEAN);
	assert_int_equal(all.list[1].end.ending, ENDING_FAILED);
	assert_int_equal(all.list[2].end.ending, ENDING_OPEN);
	assert_int_equal(all.list[3].end.ending, ENDING_OPEN);
	lifecycles_free(&all);
}

static void a_command_names_its_lifecycle_and_ends_it_only_if_it_says_how(void **state)
{
	struct lifecycles all = join(
		"[" EVENT("start", "a", "01", ",\"properties\":{\"exe\":\"/usr/bin/git\"}") "," EVENT(
			"command", "a", "02",
			",\"properties\":{\"command\":\"git log\"}") "," EVENT("command", "b", "03",
									       ",\"properties\":{"
									       "\"command\":\"git "
									       "push\",\"code\":1,"
									       "\"duration_ms\":"
									       "500}") "]",
		INT64_MIN);

	(void)state;
	assert_int_equal(all.count, 2);
	assert_string_equal(all.list[0].what, "git log");
	assert_int_equal(all.list[0].end.ending, ENDING_OPEN);
	assert_string_equal(all.list[1].what, "git push");
	assert_int_equal(all.list[1].end.ending, ENDING_FAILED);
	assert_int_equal(all.list[1].started, TEN + 2500000);
	lifecycles_free(&all);
}

static void services_do_not_share_sessions_and_events_without_one_stand_alone(void **state)
{
	struct lifecycles all =
		join("[" EVENT("start", "a", "01",
			       "") ","
				   "{\"event\":\"stop\",\"kind\":\"stop\",\"session\":\"a\","
				   "\"service\":\"b\"},"
				   "{\"event\":\"start\",\"kind\":\"start\",\"id\":\"1\"},"
				   "{\"event\":\"stop\",\"kind\":\"stop\",\"id\":\"2\"},"
				   "{\"event\":\"call\",\"kind\":\"call\"},{\"event\":\"x\"}]",
		     INT64_MIN);

	(void)state;
	assert_int_equal(all.count, 4);
	lifecycles_free(&all);
}

static void since_keeps_what_something_happened_to(void **state)
{
	struct lifecycles all =
		join("[" EVENT("start", "a", "01", "") "," EVENT("stop", "a", "05", "") "," EVENT(
			     "start", "b", "02", "") "]",
		     TEN + 5000000);

	(void)state;
	assert_int_equal(all.count, 1);
	assert_string_equal(all.list[0].session, "a");
	lifecycles_free(&all);
}

static void the_summary_counts_by_service_with_nearest_rank_percentiles(void **state)
{
	struct lifecycle list[23] = { 0 };
	const struct lifecycles all = { .list = list, .count = 23 };
	size_t count;

	(void)state;
	for (int i = 0; i < 20; i++) {
		list[i].service = (char *)(uintptr_t) "app";
		list[i].lasted_us = 20 - i;
		list[i].end.ending = i == 3 ? ENDING_FAILED : i < 2 ? ENDING_CRASHED : ENDING_CLEAN;
	}
	list[20].service = (char *)(uintptr_t) "app";
	list[20].lasted_us = -1;
	list[21].lasted_us = list[22].lasted_us = -1;
	struct summary *made = summary_make(&all, &count);
	assert_int_equal(count, 2);
	assert_null(made[0].service);
	assert_int_equal(made[0].lifecycles, 2);
	assert_true(made[0].median_us < 0);
	assert_int_equal(made[1].lifecycles, 21);
	assert_int_equal(made[1].failed, 1);
	assert_int_equal(made[1].crashed, 2);
	assert_int_equal((int)made[1].median_us, 10);
	assert_int_equal((int)made[1].p95_us, 19);
	free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_and_its_stop_are_one_whatever_the_order_of_arrival),
		cmocka_unit_test(start_and_stop_at_one_moment_are_still_one),
		cmocka_unit_test(the_duration_that_was_measured_counts_more_than_the_times),
		cmocka_unit_test(a_start_alone_is_open_and_a_stop_alone_knows_when_it_began),
		cmocka_unit_test(a_session_that_starts_again_has_two),
		cmocka_unit_test(a_command_names_its_lifecycle_and_ends_it_only_if_it_says_how),
		cmocka_unit_test(services_do_not_share_sessions_and_events_without_one_stand_alone),
		cmocka_unit_test(since_keeps_what_something_happened_to),
		cmocka_unit_test(the_summary_counts_by_service_with_nearest_rank_percentiles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
