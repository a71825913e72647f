/*
 * Reading the counters of a service: totals over the shards, what was added since an earlier
 * reading, and what ${measure.NAME.x} says of them. For drainers, while the process goes on
 * counting: each word is whole, the words of one reading need not be of one instant. No allocation;
 * any thread.
 *
 * A total is an array of measures_words(kind) words, in the order of policy/measure_format.h:
 * narrow ones first, then wide ones. Totals of two processes add up, and an earlier one of the same
 * process can be taken away.
 */
#ifndef BOOKEND_POLICY_MEASURES_H
#define BOOKEND_POLICY_MEASURES_H

#include "base/slot.h"
#include "policy/arena.h"
#include "policy/image.h"
#include "policy/measure_format.h"
#include "policy/value.h"

#define MEASURES_WORDS_MAX (3 + MEASURE_BUCKETS)

/* The counters of one slot, and how the image of its start lays them out. */
struct measures {
	const uint8_t *counters;
	uint32_t bytes;
	uint32_t stride;
	const struct section *section;
	const struct image_measure *measure;
	uint32_t count;
};

/* 0, or -ENODATA: the service has no measures, or the slot no room for them. service: a number of
 * image. */
int measures_open(const struct slot_ref *slot, const struct image *image, uint32_t service,
		  struct measures *into);

/* The measure of that name, or -1. */
int measures_find(const struct measures *m, const char *name);

uint32_t measures_words(enum measure_kind kind);
void measures_total(const struct measures *m, uint32_t which, uint64_t *into);
/* Added together; of two last values that of `other` counts, when it has one. */
void measures_add(enum measure_kind kind, uint64_t *total, const uint64_t *other);
/* What came after `earlier`. Smallest and largest value are then those of the buckets. */
void measures_subtract(enum measure_kind kind, uint64_t *total, const uint64_t *earlier);

/*
 * A statistic of a total: false when there is none (nothing was counted; not of this kind). In
 * millionths when the measure has MEASURE_MICRO, but for counts.
 */
bool measures_statistic(enum measure_kind kind, const uint64_t *total, enum measure_statistic which,
			int64_t *into, bool *is_count);
/* The same as a number of the policy's; absent when there is none. */
struct value measures_value(const struct image_measure *measure, const uint64_t *total,
			    enum measure_statistic which, struct arena *arena);

/* The bucket of a value, and the value that stands for a bucket: within 1 % of all in it. */
uint32_t measures_bucket(int64_t value);
int64_t measures_middle(uint32_t bucket);

#endif
