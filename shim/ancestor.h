/*
 * The measured process above another one: through its parents, their shells and make. Constructor,
 * or on behalf of a child; reads /proc.
 */
#ifndef BOOKEND_SHIM_ANCESTOR_H
#define BOOKEND_SHIM_ANCESTOR_H

#include "base/slot.h"
#include "policy/decide.h"

/* What is read of its start at most. */
#define ANCESTOR_BYTES (16 * 1024)

struct ancestor {
	uint64_t lifecycle;
	uint32_t bytes;
	uint8_t snapshot[ANCESTOR_BYTES];
};

/* The nearest one of that service, noted in the subject; false: there is none. The pool's file is
 * open. */
bool ancestor_find(struct pool *pool, struct subject *subject, uint32_t service,
		   const uint8_t image[16], struct ancestor *into);

#endif
