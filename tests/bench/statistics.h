/*
 * The little statistics that the rows of `make bench` need: medians with their 95 % intervals. One
 * thread.
 */
#ifndef BOOKEND_BENCH_STATISTICS_H
#define BOOKEND_BENCH_STATISTICS_H

#include <stddef.h>
#include <stdint.h>

struct interval {
	double low;
	double middle;
	double high;
};

/* splitmix64 (Steele, Lea, Flood 2014), seeded by the kernel at first use. */
uint64_t statistics_random(void);

/* The values are reordered. NAN when there are none. */
double statistics_median(double *values, size_t count);

/* Median and its distribution-free interval: the order statistics of the binomial. The values are
 * sorted. */
struct interval statistics_of_median(double *values, size_t count);

/*
 * A statistic of several columns of equal length, whose rows belong together. scratch holds as many
 * values as one column and is the function's to use.
 */
typedef double (*statistics_fn)(const double *const *columns, const uint32_t *rows, size_t count,
				double *scratch);

/*
 * The statistic of all rows, and between which values 95 % of its bootstrap lies: 1,000 draws of
 * whole rows with replacement, percentile method (Efron 1979). 0 or -ENOMEM.
 */
int statistics_bootstrap(const double *const *columns, size_t count, statistics_fn statistic,
			 struct interval *into);

#endif
