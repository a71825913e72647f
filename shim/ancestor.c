/*
 * Up the chain of parents, which ends at one that can not be looked at.
 */
#include "shim/ancestor.h"

#include <string.h>

#include "base/process.h"

#define ANCESTOR_PARENTS 32

/* A child that is no service itself is passed by. */
static bool ancestor_is(struct slot_ref *slot, uint32_t service, const uint8_t image[16],
			struct ancestor *into)
{
	struct start_block start;

	if (slot_read_start(slot, &start, into->snapshot, sizeof(into->snapshot)) < 0 ||
	    start.service != service || start.flags & START_ONLY_CHILD ||
	    memcmp(start.image, image, sizeof(start.image)) != 0)
		return false;
	into->lifecycle = start.flags & START_WORKER ? start.ancestor : slot->lifecycle;
	into->bytes = start.payload;
	return true;
}

bool ancestor_find(struct pool *pool, struct subject *subject, uint32_t service,
		   const uint8_t image[16], struct ancestor *into)
{
	uint32_t pid = subject->parent;

	for (int i = 0; i < ANCESTOR_PARENTS && pid > 0; i++) {
		struct process_stat stat;
		struct slot_ref slot;
		bool found;

		if (slot_find(pool, pid, 0, &slot) == 0) {
			found = ancestor_is(&slot, service, image, into);
			slot_unmap(&slot);
			if (found) {
				subject->ancestor = into->lifecycle;
				subject->ancestor_snapshot = into->snapshot;
				subject->ancestor_bytes = into->bytes;
				return true;
			}
		}
		if (process_stat((int)pid, &stat) < 0)
			return false;
		pid = (uint32_t)stat.parent;
	}
	return false;
}
