/*
 * Totals, differences and quantiles of measures, against brute force.
 */
#include "policy/measures.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/arena.h"

#define VALUES 5000

static const int64_t edges[] = { 0,	    1,	      49,      50,
				 51,	    52,	      101,     102,
				 103,	    204,      1000,    999999,
				 -1,	    -777,     1 << 30, INT64_C(1) << 43,
				 INT64_MAX, INT64_MIN };

static int64_t clamped(int64_t value)
{
	if (value < 0)
		return 0;
	return value > (int64_t)MEASURE_TOP ? (int64_t)MEASURE_TOP : value;
}

static void assert_near(int64_t found, int64_t exact)
{
	int64_t apart = found > exact ? found - exact : exact - found;

	if (apart > exact / 100)
		fail_msg("%lld is not within 1 %% of %lld", (long long)found, (long long)exact);
}

static void the_middle_of_a_bucket_is_within_one_percent(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		assert_near(measures_middle(measures_bucket(edges[i])), clamped(edges[i]));
	for (int64_t v = 0; v < (int64_t)MEASURE_TOP; v += 1 + v / 97)
		assert_near(measures_middle(measures_bucket(v)), v);
}

static void buckets_follow_each_other_and_fill_the_array(void **state)
{
	uint32_t last = 0;

	(void)state;
	for (int64_t v = 1; v < 200000; v++) {
		uint32_t bucket = measures_bucket(v);

		assert_true(bucket == last || bucket == last + 1);
		last = bucket;
	}
	assert_int_equal(measures_bucket((int64_t)MEASURE_TOP), MEASURE_BUCKETS - 1);
	assert_int_equal(measures_bucket(INT64_MAX), MEASURE_BUCKETS - 1);
	for (uint32_t i = 0; i < MEASURE_BUCKETS; i++)
		assert_int_equal(measures_bucket(measures_middle(i)), i);
}

/* As a hook does. */
static void record(uint64_t *total, int64_t value)
{
	uint64_t inverted;

	value = clamped(value);
	inverted = UINT64_MAX - (uint64_t)value;
	total[0] += (uint64_t)value;
	total[1] = inverted > total[1] ? inverted : total[1];
	total[2] = (uint64_t)value + 1 > total[2] ? (uint64_t)value + 1 : total[2];
	total[3 + measures_bucket(value)]++;
}

static int64_t statistic(enum measure_kind kind, const uint64_t *total,
			 enum measure_statistic which)
{
	int64_t value = -1;
	bool is_count;

	assert_true(measures_statistic(kind, total, which, &value, &is_count));
	return value;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void check_quantile(const uint64_t *total, const int64_t *sorted, unsigned count,
			   unsigned percent, enum measure_statistic which)
{
	unsigned rank = (count * percent + 99) / 100;

	assert_near(statistic(MEASURE_HISTOGRAM, total, which), sorted[rank - 1]);
}

static int64_t draw(unsigned shape)
{
	int64_t value = rand();

	switch (shape) {
	case 0:
		return value % 7;
	case 1:
		return value % 1000;
	case 2:
		return value % 100000 * (value % 1000);
	default:
		return value % 2 == 0 ? 17 : 40000000;
	}
}

static void quantiles_are_those_of_the_sorted_values(void **state)
{
	static int64_t values[VALUES];
	static uint64_t total[MEASURES_WORDS_MAX];

	(void)state;
	srand(7);
	for (unsigned round = 0; round < 40; round++) {
		unsigned count = round < 8 ? round + 1 : 1 + (unsigned)rand() % VALUES;
		int64_t sum = 0;

		memset(total, 0, sizeof(total));
		for (unsigned i = 0; i < count; i++) {
			values[i] = draw(round % 4);
			sum += values[i];
			record(total, values[i]);
		}
		qsort(values, count, sizeof(values[0]), compare);
		check_quantile(total, values, count, 50, STATISTIC_P50);
		check_quantile(total, values, count, 90, STATISTIC_P90);
		check_quantile(total, values, count, 99, STATISTIC_P99);
		assert_int_equal(statistic(MEASURE_HISTOGRAM, total, STATISTIC_COUNT), count);
		assert_int_equal(statistic(MEASURE_HISTOGRAM, total, STATISTIC_SUM), sum);
		assert_int_equal(statistic(MEASURE_HISTOGRAM, total, STATISTIC_MIN), values[0]);
		assert_int_equal(statistic(MEASURE_HISTOGRAM, total, STATISTIC_MAX),
				 values[count - 1]);
	}
}

static void a_difference_is_what_came_since(void **state)
{
	static uint64_t earlier[MEASURES_WORDS_MAX], total[MEASURES_WORDS_MAX];

	(void)state;
	memset(total, 0, sizeof(total));
	for (int i = 1; i <= 100; i++)
		record(total, i);
	memcpy(earlier, total, sizeof(total));
	for (int i = 1000; i < 2000; i++)
		record(total, i);
	measures_subtract(MEASURE_HISTOGRAM, total, earlier);
	assert_int_equal(statistic(MEASURE_HISTOGRAM, total, STATISTIC_COUNT), 1000);
	assert_near(statistic(MEASURE_HISTOGRAM, total, STATISTIC_MIN), 1000);
	assert_int_equal(statistic(MEASURE_HISTOGRAM, total, STATISTIC_MAX), 1999);
	assert_near(statistic(MEASURE_HISTOGRAM, total, STATISTIC_P50), 1499);
}

static void a_difference_from_nothing_keeps_the_exact_extremes(void **state)
{
	static uint64_t nothing[MEASURES_WORDS_MAX], total[MEASURES_WORDS_MAX];

	(void)state;
	memset(total, 0, sizeof(total));
	record(total, 1234567);
	measures_subtract(MEASURE_HISTOGRAM, total, nothing);
	assert_int_equal(statistic(MEASURE_HISTOGRAM, total, STATISTIC_MIN), 1234567);
	assert_int_equal(statistic(MEASURE_HISTOGRAM, total, STATISTIC_P99), 1234567);
}

static void totals_of_two_processes_add_up(void **state)
{
	static uint64_t a[MEASURES_WORDS_MAX], b[MEASURES_WORDS_MAX];
	uint64_t last[2] = { 1, 5 }, other[2] = { 3, 9 }, none[2] = { 0, 0 };
	uint64_t sum[2] = { 2, 30 }, more[2] = { 1, (uint64_t)-40 };

	(void)state;
	record(a, 10);
	record(b, 99);
	measures_add(MEASURE_HISTOGRAM, a, b);
	assert_int_equal(statistic(MEASURE_HISTOGRAM, a, STATISTIC_MIN), 10);
	assert_int_equal(statistic(MEASURE_HISTOGRAM, a, STATISTIC_MAX), 99);
	assert_int_equal(statistic(MEASURE_HISTOGRAM, a, STATISTIC_COUNT), 2);
	measures_add(MEASURE_LAST, last, other);
	assert_int_equal(statistic(MEASURE_LAST, last, STATISTIC_ITSELF), 9);
	measures_add(MEASURE_LAST, last, none);
	assert_int_equal(statistic(MEASURE_LAST, last, STATISTIC_ITSELF), 9);
	assert_int_equal(statistic(MEASURE_LAST, last, STATISTIC_COUNT), 4);
	measures_add(MEASURE_SUM, sum, more);
	assert_int_equal(statistic(MEASURE_SUM, sum, STATISTIC_ITSELF), -10);
}

static void what_was_not_counted_is_absent_or_zero(void **state)
{
	static const uint64_t nothing[MEASURES_WORDS_MAX];
	int64_t value;
	bool is_count;

	(void)state;
	assert_int_equal(statistic(MEASURE_COUNT, nothing, STATISTIC_ITSELF), 0);
	assert_int_equal(statistic(MEASURE_SUM, nothing, STATISTIC_TOTAL), 0);
	assert_int_equal(statistic(MEASURE_HISTOGRAM, nothing, STATISTIC_ITSELF), 0);
	assert_false(
		measures_statistic(MEASURE_LAST, nothing, STATISTIC_ITSELF, &value, &is_count));
	assert_false(
		measures_statistic(MEASURE_HISTOGRAM, nothing, STATISTIC_P50, &value, &is_count));
	assert_false(measures_statistic(MEASURE_COUNT, nothing, STATISTIC_P50, &value, &is_count));
	assert_false(measures_statistic(MEASURE_COUNT, nothing, STATISTIC_SUM, &value, &is_count));
}

static void durations_read_as_milliseconds(void **state)
{
	struct image_measure measure = { .kind = MEASURE_HISTOGRAM, .flags = MEASURE_MICRO };
	static uint64_t total[MEASURES_WORDS_MAX];
	uint8_t memory[256];
	struct arena arena = arena_init(memory, sizeof(memory));

	(void)state;
	memset(total, 0, sizeof(total));
	record(total, 1500000);
	assert_string_equal(measures_value(&measure, total, STATISTIC_P50, &arena).text, "1.5");
	assert_string_equal(measures_value(&measure, total, STATISTIC_COUNT, &arena).text, "1");
}

/* Sixteen shards of one line, a count in each, and what lies behind them. */
static void a_total_is_the_sum_of_all_shards(void **state)
{
	static _Alignas(8) uint64_t counters[MEASURE_SHARDS * 8 + 2];
	struct image_measure measure[2] = {
		{ .kind = MEASURE_COUNT, .narrow = 8 },
		{ .kind = MEASURE_LAST, .wide = MEASURE_SHARDS * 64 },
	};
	struct measures m = { .counters = (uint8_t *)counters,
			      .bytes = sizeof(counters),
			      .stride = 64,
			      .measure = measure,
			      .count = 2 };
	uint64_t total[2];

	(void)state;
	for (unsigned i = 0; i < MEASURE_SHARDS; i++)
		counters[i * 8 + 1] = i;
	counters[MEASURE_SHARDS * 8] = 3;
	counters[MEASURE_SHARDS * 8 + 1] = 42;
	measures_total(&m, 0, total);
	assert_int_equal(total[0], 15 * 16 / 2);
	measures_total(&m, 1, total);
	assert_int_equal(total[0], 3);
	assert_int_equal(total[1], 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_middle_of_a_bucket_is_within_one_percent),
		cmocka_unit_test(buckets_follow_each_other_and_fill_the_array),
		cmocka_unit_test(quantiles_are_those_of_the_sorted_values),
		cmocka_unit_test(a_difference_is_what_came_since),
		cmocka_unit_test(a_difference_from_nothing_keeps_the_exact_extremes),
		cmocka_unit_test(totals_of_two_processes_add_up),
		cmocka_unit_test(what_was_not_counted_is_absent_or_zero),
		cmocka_unit_test(durations_read_as_milliseconds),
		cmocka_unit_test(a_total_is_the_sum_of_all_shards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
