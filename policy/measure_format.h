/*
 * The counters of a service: where its measures lie in a slot's counter area. Words of 8 bytes,
 * added to by every thread of the process and of its forked workers, relaxed; zero when the slot is
 * claimed. Offsets come from the image (struct image_measure), so that reader and writer agree.
 *
 *   MEASURE_SHARDS shards of `stride` bytes: the words that every call touches. Which shard is of
 *     no meaning; a total is the sum over all. One cache line at least, a power of two.
 *   behind them, once: words that need no shards (min, max, buckets), and the gates' state.
 *
 * Values are signed integers; floats and durations in millionths (MEASURE_MICRO: of a millisecond,
 * so durations are ns).
 */
#ifndef BOOKEND_POLICY_MEASURE_FORMAT_H
#define BOOKEND_POLICY_MEASURE_FORMAT_H

#include <stdint.h>

#define MEASURE_SHARDS	   16
#define MEASURE_STRIDE_MIN 64

/* Of shard 0: how many shards have a thread that owns them (hooks/shards.h). Measures lie behind
 * it. */
#define MEASURE_OWNERS 0
#define MEASURE_FIRST  8

enum measure_kind {
#define MEASURE(name, text, narrow, wide, about) MEASURE_##name,
#include "policy/measure_kinds.def"
#undef MEASURE
	MEASURE_KIND_COUNT
};

/*
 * A histogram's buckets: values 0 to 50 have one each; from there on each doubling has 51 of equal
 * width, so that the middle of a bucket is within 1 % of what is in it. What is below 0 counts as
 * 0; what is above MEASURE_TOP, 51 * 2^38 or 3.9 hours in ns, counts there.
 */
#define MEASURE_STEPS	51u
#define MEASURE_DOUBLES 38u
#define MEASURE_BUCKETS (MEASURE_STEPS * (MEASURE_DOUBLES + 1))
#define MEASURE_TOP	(((uint64_t)MEASURE_STEPS << MEASURE_DOUBLES) - 1)

/*
 * Words of one measure. Narrow, in every shard: COUNT calls; SUM calls, sum; HISTOGRAM sum. Wide:
 * LAST calls, value; HISTOGRAM largest inverted value (UINT64_MAX - least; 0: none), largest value
 * + 1 (0: none), buckets.
 */
#define MEASURE_WIDE_BUCKETS 2

/* The most that a compiler gives a service: what the largest class of slots has. */
#define MEASURE_BYTES_MAX (224u << 10)

/* What ${measure.NAME.x} asks for, NODE_MEASURE's value. */
enum measure_statistic {
#define STATISTIC(name, text, kinds, about) STATISTIC_##name,
#include "policy/statistics.def"
#undef STATISTIC
	STATISTICS
};

#endif
