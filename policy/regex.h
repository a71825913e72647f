/*
 * Matching of a compiled pattern (policy/regex_format.h) in time that grows with text times
 * pattern, whatever they are: all ways through the pattern are followed at once, in the order in
 * which a backtracking matcher would try them (Thompson 1968, Pike). Leftmost match, alternatives
 * and quantifiers as in Perl and Python. No allocation, no recursion; any world.
 */
#ifndef BOOKEND_POLICY_REGEX_H
#define BOOKEND_POLICY_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/regex_format.h"

struct regex {
	const struct regex_step *step;
	const struct regex_range *range;
	uint32_t steps, ranges;
	bool grouped; /* it has a ( ) */
};

/* Checks every step, so that a damaged program can do no harm. 0 or -EBADMSG; bytes are kept. */
int regex_open(struct regex *r, const void *bytes, size_t length);

/* What regex_find() needs, at most REGEX_MEMORY_MAX. */
size_t regex_memory(const struct regex *r);
#define REGEX_MEMORY_MAX (REGEX_STEPS_MAX * 44 + 16)

#define REGEX_NONE UINT32_MAX

struct regex_match {
	uint32_t from, to;
	bool grouped;		       /* the pattern has a ( ) */
	uint32_t group_from, group_to; /* of the first one; REGEX_NONE: it took no part */
};

/*
 * The first match at or behind `from`. 1 and *into (may be NULL: is there one?), 0: there is none,
 * -E2BIG: the budget of steps ran out. Memory is aligned to 8.
 */
int regex_find(const struct regex *r, const char *text, uint32_t length, uint32_t from,
	       void *memory, uint32_t *budget, struct regex_match *into);

/* The character at p < end: its bytes are returned. */
unsigned regex_character(const char *p, const char *end, uint32_t *into);

#endif
