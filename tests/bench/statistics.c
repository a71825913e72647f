/*
 * Medians and their intervals. No assumption about how the noise of a shared machine is
 * distributed.
 */
#include "tests/bench/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/random.h>

#define DRAWS 1000

uint64_t statistics_random(void)
{
	static uint64_t state;

	while (!state && getrandom(&state, sizeof(state), 0) < 0)
		continue;
	state += UINT64_C(0x9e3779b97f4a7c15);

	uint64_t z = state;
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double middle_of_sorted(const double *values, size_t count)
{
	if (!count)
		return NAN;
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Hoare's selection: afterwards values[rank] is in its place, smaller ones before it, larger ones
 * behind. */
static void select_rank(double *values, ptrdiff_t count, ptrdiff_t rank)
{
	ptrdiff_t low = 0, high = count - 1;

	while (low < high) {
		double pivot = values[low + (high - low) / 2];
		ptrdiff_t i = low, j = high;

		while (i <= j) {
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i > j)
				break;
			double swapped = values[i];
			values[i++] = values[j];
			values[j--] = swapped;
		}
		if (rank <= j)
			high = j;
		else if (rank >= i)
			low = i;
		else
			return;
	}
}

double statistics_median(double *values, size_t count)
{
	if (!count)
		return NAN;

	size_t rank = (count - 1) / 2;
	select_rank(values, (ptrdiff_t)count, (ptrdiff_t)rank);
	if (count % 2)
		return values[rank];

	double above = values[rank + 1];
	for (size_t i = rank + 2; i < count; i++)
		above = fmin(above, values[i]);
	return (values[rank] + above) / 2;
}

struct interval statistics_of_median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);

	struct interval result = { NAN, middle_of_sorted(values, count), NAN };
	if (!count)
		return result;

	double half = 1.96 * sqrt((double)count) / 2;
	double first = floor((double)count / 2 - half), last = ceil((double)count / 2 + half);
	result.low = values[first < 0 ? 0 : (size_t)first];
	result.high = values[last > (double)count - 1 ? count - 1 : (size_t)last];
	return result;
}

static double draw(const double *const *columns, size_t count, statistics_fn statistic,
		   uint32_t *rows, double *scratch)
{
	for (size_t i = 0; i < count; i++)
		rows[i] = (uint32_t)(statistics_random() % count);
	return statistic(columns, rows, count, scratch);
}

int statistics_bootstrap(const double *const *columns, size_t count, statistics_fn statistic,
			 struct interval *into)
{
	uint32_t *rows = calloc(count, sizeof(*rows));
	double *scratch = calloc(count, sizeof(*scratch));
	double *drawn = calloc(DRAWS, sizeof(*drawn));
	int result = rows && scratch && drawn ? 0 : -ENOMEM;

	if (result < 0)
		goto out;
	for (size_t i = 0; i < count; i++)
		rows[i] = (uint32_t)i;
	into->middle = statistic(columns, rows, count, scratch);
	for (size_t i = 0; i < DRAWS; i++)
		drawn[i] = draw(columns, count, statistic, rows, scratch);
	qsort(drawn, DRAWS, sizeof(*drawn), compare);
	into->low = drawn[DRAWS / 40];
	into->high = drawn[DRAWS - 1 - DRAWS / 40];
out:
	free(drawn);
	free(scratch);
	free(rows);
	return result;
}
