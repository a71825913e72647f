/*
 * Sets of characters as ranges.
 */
#include <stdlib.h>

#include "policy/compile/regex.h"

void regex_set_add(struct heap *h, struct regex_set *set, uint32_t first, uint32_t last)
{
	set->range = heap_grow(h, set->range, set->ranges, sizeof(*set->range));
	set->range[set->ranges++] = (struct regex_range){ first, last };
}

static int compare(const void *a, const void *b)
{
	const struct regex_range *left = a;
	const struct regex_range *right = b;

	return left->first < right->first ? -1 : left->first > right->first;
}

void regex_set_tidy(struct regex_set *set)
{
	unsigned kept = 0;

	if (set->ranges == 0)
		return;
	qsort(set->range, set->ranges, sizeof(*set->range), compare);
	for (unsigned i = 1; i < set->ranges; i++) {
		struct regex_range *last = &set->range[kept];

		if (set->range[i].first > last->last + 1)
			set->range[++kept] = set->range[i];
		else if (set->range[i].last > last->last)
			last->last = set->range[i].last;
	}
	set->ranges = kept + 1;
}

void regex_set_invert(struct heap *h, struct regex_set *set)
{
	struct regex_set all = { 0 };
	uint32_t next = 0;

	regex_set_tidy(set);
	for (unsigned i = 0; i < set->ranges; i++) {
		if (set->range[i].first > next)
			regex_set_add(h, &all, next, set->range[i].first - 1);
		next = set->range[i].last + 1;
	}
	if (next <= REGEX_CHAR_MAX)
		regex_set_add(h, &all, next, REGEX_CHAR_MAX);
	*set = all;
}

/* The part of the range between two letters, moved by so much. */
static void fold(struct heap *h, struct regex_set *set, struct regex_range range, uint32_t first,
		 int by)
{
	uint32_t from = range.first > first ? range.first : first;
	uint32_t to = range.last < first + 25 ? range.last : first + 25;

	if (from <= to)
		regex_set_add(h, set, from + (uint32_t)by, to + (uint32_t)by);
}

void regex_set_fold(struct heap *h, struct regex_set *set)
{
	unsigned ranges = set->ranges;

	for (unsigned i = 0; i < ranges; i++) {
		fold(h, set, set->range[i], 'a', 'A' - 'a');
		fold(h, set, set->range[i], 'A', 'a' - 'A');
	}
}

static void add_class(struct heap *h, struct regex_set *set, char letter)
{
	if (letter == 's') {
		regex_set_add(h, set, '\t', '\r');
		regex_set_add(h, set, ' ', ' ');
		return;
	}
	regex_set_add(h, set, '0', '9');
	if (letter == 'd')
		return;
	regex_set_add(h, set, 'A', 'Z');
	regex_set_add(h, set, '_', '_');
	regex_set_add(h, set, 'a', 'z');
}

bool regex_set_class(struct heap *h, struct regex_set *set, char letter)
{
	struct regex_set contrary = { 0 };

	if (letter == 'd' || letter == 'w' || letter == 's') {
		add_class(h, set, letter);
		return true;
	}
	if (letter != 'D' && letter != 'W' && letter != 'S')
		return false;
	add_class(h, &contrary, (char)(letter - 'A' + 'a'));
	regex_set_invert(h, &contrary);
	for (unsigned i = 0; i < contrary.ranges; i++)
		regex_set_add(h, set, contrary.range[i].first, contrary.range[i].last);
	return true;
}
