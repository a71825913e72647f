/*
 * The statistics of the bench: known answers, and intervals that hold the truth as often as they
 * say. The bench is no part of what unit tests are linked with, so its file is included.
 */
#include "tests/bench/statistics.c"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define VALUES 100

static double unit(void)
{
	return (double)(statistics_random() >> 11) / 9007199254740992.0;
}

/* Noise as a shared machine makes it: mostly narrow, now and then far out, to one side. */
static double noise(void)
{
	double narrow = unit() + unit() + unit() - 1.5;

	return statistics_random() % 8 ? narrow : narrow + 40 * unit();
}

static void the_median_is_the_middle_or_the_mean_of_both_middles(void **state)
{
	double odd[] = { 3, 1, 2 }, even[] = { 5, 1, 4, 2, 3, 6 }, one[] = { 7 };
	double same[] = { 2, 2, 2, 2 };

	(void)state;
	assert_true(statistics_median(odd, 3) == 2);
	assert_true(statistics_median(even, 6) == 3.5);
	assert_true(statistics_median(one, 1) == 7);
	assert_true(statistics_median(same, 4) == 2);
	assert_true(isnan(statistics_median(one, 0)));
}

static void selection_agrees_with_sorting(void **state)
{
	double values[VALUES], sorted[VALUES];

	(void)state;
	for (int round = 0; round < 200; round++) {
		size_t count = 1 + statistics_random() % VALUES;

		for (size_t i = 0; i < count; i++)
			values[i] = sorted[i] = (double)(statistics_random() % 20);
		qsort(sorted, count, sizeof(*sorted), compare);
		assert_true(statistics_median(values, count) == middle_of_sorted(sorted, count));
	}
}

static void few_values_give_the_whole_range(void **state)
{
	double values[] = { 3, 1, 2 };
	struct interval found = statistics_of_median(values, 3);

	(void)state;
	assert_true(found.low == 1 && found.middle == 2 && found.high == 3);
}

static void the_interval_of_the_median_holds_the_truth_in_95_of_100_runs(void **state)
{
	double values[VALUES];
	int held = 0;

	(void)state;
	for (int run = 0; run < 400; run++) {
		for (int i = 0; i < VALUES; i++)
			values[i] = noise() - noise(); /* paired: symmetric around 0 */

		struct interval found = statistics_of_median(values, VALUES);
		held += found.low <= 0 && found.high >= 0;
	}
	assert_in_range(held, 360, 400);
}

static double ratio_of_differences(const double *const *columns, const uint32_t *rows, size_t count,
				   double *scratch)
{
	for (size_t i = 0; i < count; i++)
		scratch[i] = columns[1][rows[i]] - columns[0][rows[i]];

	double below = statistics_median(scratch, count);
	for (size_t i = 0; i < count; i++)
		scratch[i] = columns[2][rows[i]] - columns[0][rows[i]];
	return statistics_median(scratch, count) / below;
}

static void the_bootstrap_of_a_twin_holds_1_in_95_of_100_runs(void **state)
{
	double plain[VALUES], yardstick[VALUES], twin[VALUES];
	const double *columns[] = { plain, yardstick, twin };
	int held = 0;

	(void)state;
	for (int run = 0; run < 100; run++) {
		struct interval found;

		for (int i = 0; i < VALUES; i++) {
			plain[i] = 100 + noise();
			yardstick[i] = 130 + noise();
			twin[i] = 130 + noise();
		}
		assert_int_equal(
			statistics_bootstrap(columns, VALUES, ratio_of_differences, &found), 0);
		held += found.low <= 1 && found.high >= 1;
	}
	assert_in_range(held, 85, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_median_is_the_middle_or_the_mean_of_both_middles),
		cmocka_unit_test(selection_agrees_with_sorting),
		cmocka_unit_test(few_values_give_the_whole_range),
		cmocka_unit_test(the_interval_of_the_median_holds_the_truth_in_95_of_100_runs),
		cmocka_unit_test(the_bootstrap_of_a_twin_holds_1_in_95_of_100_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
