/*
 * Buckets with chains; an entry is added at the end of its chain.
 */
#include "hooks/names.h"

#include <string.h>

#include "hooks/hooks.h"
#include "hooks/object.h"

uint32_t names_buckets(uint32_t count)
{
	uint32_t buckets = 16;

	while (buckets < count * 2)
		buckets *= 2;
	return buckets;
}

static uint32_t *names_bucket(const struct names *names, uint32_t hash)
{
	return &names->bucket[hash >> 1 & (names->buckets - 1)];
}

void names_add(struct names *names, const struct hooks_spec *spec)
{
	uint32_t hash = object_hash(spec->name) | 1, bit = hash >> 1 & (NAMES_FILTER - 1);
	uint32_t *last = names_bucket(names, hash);

	while (*last)
		last = &names->entry[*last - 1].next;
	names->entry[names->count] =
		(struct names_entry){ .spec = spec, .name = spec->name, .hash = hash };
	names->count++;
	names->filter[bit / 64] |= UINT64_C(1) << bit % 64;
	/* Others may be walking the chain. */
	__atomic_store_n(last, names->count, __ATOMIC_RELEASE);
}

static struct names_entry *names_among(const struct names *names, uint32_t number, uint32_t hash,
				       const char *name)
{
	for (; number; number = names->entry[number - 1].next) {
		struct names_entry *entry = &names->entry[number - 1];

		if (entry->hash == hash && !strcmp(entry->name, name))
			return entry;
	}
	return NULL;
}

struct names_entry *names_find(const struct names *names, uint32_t hash, const char *name)
{
	return names_among(names, *names_bucket(names, hash), hash | 1, name);
}

struct names_entry *names_next(const struct names *names, const struct names_entry *entry)
{
	return names_among(names, entry->next, entry->hash, entry->name);
}
