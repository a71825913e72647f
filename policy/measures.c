/*
 * Totals and quantiles.
 */
#include "policy/measures.h"

#include <errno.h>
#include <string.h>

static const struct {
	uint32_t narrow, wide, statistics;
} kinds[] = {
#define MEASURE(name, text, narrow, wide, about) { narrow, wide, 0 },
#include "policy/measure_kinds.def"
#undef MEASURE
};

static const uint32_t has[] = {
#define STATISTIC(name, text, kinds, about) kinds,
#include "policy/statistics.def"
#undef STATISTIC
};

/* Words of a histogram's total. */
enum { TOTAL_SUM, TOTAL_LEAST, TOTAL_MOST, TOTAL_BUCKETS };

static bool fits(const struct measures *m, const struct image_measure *measure)
{
	uint64_t narrow, wide;

	if (measure->kind >= MEASURE_KIND_COUNT)
		return false;
	narrow = measure->narrow + 8ull * kinds[measure->kind].narrow;
	wide = measure->wide + 8ull * kinds[measure->kind].wide;
	return measure->narrow % 8 == 0 && measure->wide % 8 == 0 && narrow <= m->stride &&
	       wide <= m->bytes;
}

int measures_open(const struct slot_ref *slot, const struct image *image, uint32_t service,
		  struct measures *into)
{
	const struct image_service *s = &image->service[service];
	struct measures m = { .bytes = s->counter_bytes,
			      .stride = s->stride,
			      .section = &image->late,
			      .count = s->measure_count };

	m.measure = section_table(&image->late, s->measures, s->measure_count,
				  sizeof(struct image_measure));
	m.counters = slot_counters(slot);
	if (m.count == 0 || m.measure == NULL || m.bytes > slot->class.counter_bytes ||
	    (uint64_t)m.stride * MEASURE_SHARDS > m.bytes || m.stride % 8 != 0)
		return -ENODATA;
	for (uint32_t i = 0; i < m.count; i++) {
		if (!fits(&m, &m.measure[i]))
			return -ENODATA;
	}
	*into = m;
	return 0;
}

int measures_find(const struct measures *m, const char *name)
{
	for (uint32_t i = 0; i < m->count; i++) {
		if (strcmp(node_text_at(m->section, m->measure[i].name), name) == 0)
			return (int)i;
	}
	return -1;
}

uint32_t measures_words(enum measure_kind kind)
{
	return kinds[kind].narrow + kinds[kind].wide;
}

static uint64_t load(const struct measures *m, uint32_t offset)
{
	const _Atomic uint64_t *word = (const void *)(m->counters + offset);

	return atomic_load_explicit(word, memory_order_relaxed);
}

void measures_total(const struct measures *m, uint32_t which, uint64_t *into)
{
	const struct image_measure *measure = &m->measure[which];
	uint32_t narrow = kinds[measure->kind].narrow;

	for (uint32_t i = 0; i < narrow; i++) {
		into[i] = 0;
		for (uint32_t shard = 0; shard < MEASURE_SHARDS; shard++)
			into[i] += load(m, shard * m->stride + measure->narrow + 8 * i);
	}
	for (uint32_t i = 0; i < kinds[measure->kind].wide; i++)
		into[narrow + i] = load(m, measure->wide + 8 * i);
}

void measures_add(enum measure_kind kind, uint64_t *total, const uint64_t *other)
{
	uint32_t words = measures_words(kind);

	for (uint32_t i = 0; i < words; i++) {
		bool extreme = kind == MEASURE_HISTOGRAM && (i == TOTAL_LEAST || i == TOTAL_MOST);

		if (kind == MEASURE_LAST && i == 1)
			total[i] = other[0] != 0 ? other[i] : total[i];
		else if (extreme)
			total[i] = other[i] > total[i] ? other[i] : total[i];
		else
			total[i] += other[i];
	}
}

/* Smallest and largest, from the buckets that are not empty. */
static void set_extremes(uint64_t *total)
{
	uint64_t least = 0, most = 0;

	for (uint32_t i = 0; i < MEASURE_BUCKETS; i++) {
		uint64_t middle = (uint64_t)measures_middle(i);

		if (total[TOTAL_BUCKETS + i] == 0)
			continue;
		least = least == 0 ? UINT64_MAX - middle : least;
		most = middle + 1;
	}
	/* Never past what is known exactly. */
	if (least < total[TOTAL_LEAST])
		total[TOTAL_LEAST] = least;
	if (most < total[TOTAL_MOST])
		total[TOTAL_MOST] = most;
}

void measures_subtract(enum measure_kind kind, uint64_t *total, const uint64_t *earlier)
{
	uint32_t words = measures_words(kind);
	bool any = false;

	for (uint32_t i = 0; i < words; i++) {
		any |= earlier[i] != 0;
		if (kind == MEASURE_HISTOGRAM && (i == TOTAL_LEAST || i == TOTAL_MOST))
			continue;
		if (kind == MEASURE_LAST && i == 1)
			continue;
		total[i] -= earlier[i];
	}
	if (kind == MEASURE_HISTOGRAM && any)
		set_extremes(total);
}

uint32_t measures_bucket(int64_t value)
{
	uint64_t v = value < 0 ? 0 : (uint64_t)value;
	unsigned doubles;

	if (v > MEASURE_TOP)
		v = MEASURE_TOP;
	if (v < MEASURE_STEPS)
		return (uint32_t)v;
	/* The doubling that v lies in: v >> doubles is in [51, 102). */
	doubles = 63 - (unsigned)__builtin_clzll(v / MEASURE_STEPS);
	return MEASURE_STEPS * doubles + (uint32_t)(v >> doubles);
}

int64_t measures_middle(uint32_t bucket)
{
	unsigned doubles = bucket < MEASURE_STEPS ? 0 : bucket / MEASURE_STEPS - 1;
	uint64_t low = (uint64_t)(bucket - MEASURE_STEPS * doubles) << doubles;

	return (int64_t)(low + ((UINT64_C(1) << doubles) - 1) / 2);
}

static uint64_t calls_of(enum measure_kind kind, const uint64_t *total)
{
	uint64_t calls = 0;

	if (kind != MEASURE_HISTOGRAM)
		return total[0];
	for (uint32_t i = 0; i < MEASURE_BUCKETS; i++)
		calls += total[TOTAL_BUCKETS + i];
	return calls;
}

/* The value that `percent` of the values do not exceed, nearest rank. */
static int64_t quantile(const uint64_t *total, uint64_t calls, unsigned percent)
{
	uint64_t rank = calls / 100 * percent + (calls % 100 * percent + 99) / 100;
	int64_t least = (int64_t)(UINT64_MAX - total[TOTAL_LEAST]);
	int64_t most = (int64_t)(total[TOTAL_MOST] - 1);
	int64_t middle = most;
	uint64_t seen = 0;

	for (uint32_t i = 0; i < MEASURE_BUCKETS; i++) {
		seen += total[TOTAL_BUCKETS + i];
		if (seen >= rank) {
			middle = measures_middle(i);
			break;
		}
	}
	if (middle < least)
		return least;
	return middle > most ? most : middle;
}

static int64_t histogram(const uint64_t *total, enum measure_statistic which, uint64_t calls)
{
	switch (which) {
	case STATISTIC_SUM:
		return (int64_t)total[TOTAL_SUM];
	case STATISTIC_MIN:
		return (int64_t)(UINT64_MAX - total[TOTAL_LEAST]);
	case STATISTIC_MAX:
		return (int64_t)(total[TOTAL_MOST] - 1);
	case STATISTIC_P50:
		return quantile(total, calls, 50);
	case STATISTIC_P90:
		return quantile(total, calls, 90);
	default:
		return quantile(total, calls, 99);
	}
}

bool measures_statistic(enum measure_kind kind, const uint64_t *total, enum measure_statistic which,
			int64_t *into, bool *is_count)
{
	uint64_t calls = calls_of(kind, total);
	bool itself = which == STATISTIC_ITSELF || which == STATISTIC_TOTAL;

	if ((has[which] >> kind & 1) == 0)
		return false;
	*is_count = which == STATISTIC_COUNT ||
		    (itself && (kind == MEASURE_COUNT || kind == MEASURE_HISTOGRAM));
	if (*is_count) {
		*into = (int64_t)calls;
		return true;
	}
	if (kind == MEASURE_SUM) {
		*into = (int64_t)total[1];
		return true;
	}
	if (calls == 0)
		return kind == MEASURE_HISTOGRAM && which == STATISTIC_SUM ? (*into = 0, true)
									   : false;
	*into = kind == MEASURE_LAST ? (int64_t)total[1] : histogram(total, which, calls);
	return true;
}

struct value measures_value(const struct image_measure *measure, const uint64_t *total,
			    enum measure_statistic which, struct arena *arena)
{
	char digits[32];
	struct text t = text_init(digits, sizeof(digits));
	bool is_count;
	int64_t number;
	char *kept;

	if (!measures_statistic((enum measure_kind)measure->kind, total, which, &number, &is_count))
		return value_absent();
	if ((measure->flags & MEASURE_MICRO) != 0 && !is_count)
		text_add_decimal(&t, number, 6);
	else
		text_add_signed(&t, number);
	kept = arena_copy(arena, digits, t.length);
	return kept != NULL ? value_of(VALUE_NUMBER, kept, t.length) : value_unreadable();
}
