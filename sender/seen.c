/*
 * Open addressing, at most half full.
 */
#include "sender/seen.h"

#include <stdlib.h>
#include <string.h>

static bool put(struct seen *seen, uint64_t key)
{
	size_t at = key & (seen->slots - 1);

	while (seen->slot[at] && seen->slot[at] != key)
		at = (at + 1) & (seen->slots - 1);
	if (seen->slot[at])
		return false;
	seen->slot[at] = key;
	seen->used++;
	return true;
}

static bool grow(struct seen *seen)
{
	struct seen bigger = { .slots = seen->slots ? 2 * seen->slots : 1024 };

	bigger.slot = calloc(bigger.slots, sizeof(*bigger.slot));
	if (!bigger.slot)
		return false;
	for (size_t i = 0; i < seen->slots; i++)
		if (seen->slot[i])
			put(&bigger, seen->slot[i]);
	free(seen->slot);
	*seen = bigger;
	return true;
}

bool seen_add(struct seen *seen, const uint8_t id[16])
{
	uint64_t key, other;

	/* The two halves together: version and variant bits are the same in all. */
	memcpy(&key, id, 8);
	memcpy(&other, id + 8, 8);
	key ^= other << 1 | other >> 63;
	if (!key)
		key = 1;
	if (2 * (seen->used + 1) > seen->slots && !grow(seen))
		return true;
	return put(seen, key);
}

void seen_free(struct seen *seen)
{
	free(seen->slot);
	*seen = (struct seen){ 0 };
}
