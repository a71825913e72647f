/*
 * What is switched off: everything, or single services by name. The truth is a file in the state
 * directory, which survives the pool: a line with the name of a service, or `*` for all. `bookend
 * off` and `on` write it, and the pool's header after it; a pool that is made later reads it. In
 * the header a hash stands for a name, so that a running process asks with a few loads. Any thread,
 * any world; no allocation.
 */
#ifndef BOOKEND_BASE_SWITCHES_H
#define BOOKEND_BASE_SWITCHES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/pool_format.h"

#define SWITCHES_FILE "/off"
#define SWITCHES_ALL  "*"

struct switches {
	uint32_t control; /* POOL_CONTROL_... */
	uint32_t count;
	uint64_t off[POOL_OFF_SERVICES];
};

/* Never 0. */
uint64_t switches_hash(const char *service, size_t length);

/* Is that service off, as the pool says? */
bool switches_off(const struct pool_header *header, uint64_t hash);
/* The same of a copy. */
bool switches_have(const struct switches *switches, uint64_t hash);

/* What the file of a state directory says; nothing is off when there is none. 0; -E2BIG: more than
 * fits, and then everything is off; other -errno: it can not be read, likewise. */
int switches_read(const char *state, struct switches *into);
/* Into a pool's header: by who holds the lock of the state directory, or makes the pool. */
void switches_store(struct pool_header *header, const struct switches *switches);

#endif
