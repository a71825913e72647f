/*
 * The names of all specs, found by their hash: the one of the GNU hash section, because objects
 * bring it along for what they define. Its lowest bit is lost there, so it is ignored here. Filled
 * at the installation, read under the loader's lock.
 */
#ifndef BOOKEND_HOOKS_NAMES_H
#define BOOKEND_HOOKS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hooks_spec;

struct names_entry {
	const struct hooks_spec *spec;
	const char *name;
	uint32_t hash;
	uint32_t next;	/* in the bucket, number + 1 */
	uint32_t stubs; /* its first one, number + 1: see stub.c */
};

#define NAMES_FILTER 16384 /* bits */

struct names {
	struct names_entry *entry;
	uint32_t *bucket; /* number + 1 of the first entry */
	uint32_t buckets; /* a power of two */
	uint32_t count;
	uint64_t filter[NAMES_FILTER / 64];
};

uint32_t names_buckets(uint32_t count);
void names_add(struct names *names, const struct hooks_spec *spec);

/* False: no name has this hash. */
static inline bool names_may_have(const struct names *names, uint32_t hash)
{
	uint32_t bit = hash >> 1 & (NAMES_FILTER - 1);

	return names->filter[bit / 64] >> bit % 64 & 1;
}

/* The first entry of that name, whose hash is known; in the order of adding; NULL: there is none.
 */
struct names_entry *names_find(const struct names *names, uint32_t hash, const char *name);
/* The next one of the same name. */
struct names_entry *names_next(const struct names *names, const struct names_entry *entry);

#endif
