#include "tools/collector/summary.h"

#include <stdlib.h>
#include <string.h>

static int by_service(const struct lifecycle *left, const struct lifecycle *right)
{
	if (!left->service || !right->service)
		return (left->service != NULL) - (right->service != NULL);
	return strcmp(left->service, right->service);
}

/* By service, then by duration. */
static int compare(const void *a, const void *b)
{
	const struct lifecycle *left = *(const struct lifecycle *const *)a;
	const struct lifecycle *right = *(const struct lifecycle *const *)b;
	const int order = by_service(left, right);

	if (order)
		return order;
	return (left->lasted_us > right->lasted_us) - (left->lasted_us < right->lasted_us);
}

static double rank(const struct lifecycle *const *sorted, size_t count, unsigned percent)
{
	return count ? sorted[(count * percent + 99) / 100 - 1]->lasted_us : -1;
}

static struct summary count_group(const struct lifecycle *const *group, size_t count)
{
	struct summary summary = { .service = group[0]->service, .lifecycles = (unsigned)count };
	size_t unknown = 0;

	for (size_t i = 0; i < count; i++) {
		summary.failed += group[i]->end.ending == ENDING_FAILED;
		summary.crashed += group[i]->end.ending == ENDING_CRASHED;
		unknown += group[i]->lasted_us < 0; /* they come first */
	}
	summary.median_us = rank(group + unknown, count - unknown, 50);
	summary.p95_us = rank(group + unknown, count - unknown, 95);
	return summary;
}

struct summary *summary_make(const struct lifecycles *lifecycles, size_t *count)
{
	const size_t all = lifecycles->count;
	const struct lifecycle **sorted = calloc(all ? all : 1, sizeof(*sorted));
	struct summary *made = calloc(all ? all : 1, sizeof(*made));

	*count = 0;
	if (!sorted || !made || all == 0) {
		free(sorted);
		free(made);
		return NULL;
	}
	for (size_t i = 0; i < all; i++)
		sorted[i] = &lifecycles->list[i];
	qsort(sorted, all, sizeof(*sorted), compare);
	for (size_t first = 0, next; first < all; first = next) {
		next = first + 1;
		while (next < all && by_service(sorted[first], sorted[next]) == 0)
			next++;
		made[(*count)++] = count_group(sorted + first, next - first);
	}
	free(sorted);
	return made;
}
