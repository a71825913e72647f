/*
 * What pool.c, pool_facts.c and pool_make.c share. Not for others.
 */
#ifndef BOOKEND_BASE_POOL_PRIVATE_H
#define BOOKEND_BASE_POOL_PRIVATE_H

#include <stdbool.h>

#include "base/pool_format.h"
#include "base/reasons.h"

/* Header and claim words of a pool, in whole pages. */
static inline uint64_t pool_head_bytes(uint64_t slots)
{
	return (POOL_PAGE + slots * sizeof(uint64_t) + POOL_PAGE - 1) / POOL_PAGE * POOL_PAGE;
}

/* A new pool's facts, with its geometry, id and check. */
int pool_facts_fill(struct pool_facts *facts, unsigned uid, const char *state);
/* Is this private copy consistent in itself and with a file of that size? */
bool pool_facts_hold(const struct pool_facts *facts, uint64_t file_bytes);
/* How much of a pool of the usual geometry is to be mapped to see its header and claim words. */
uint64_t pool_usual_head_bytes(void);

/* Makes the pool `name` in the open folder; 0 also when another process was faster. */
int pool_make_in(int folder, const char *name, unsigned uid, const char *state, enum reason *why);

#endif
