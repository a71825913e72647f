/*
 * The layout of a ring in its slot, for ring.c and ring_read.c. Not for others.
 */
#ifndef BOOKEND_BASE_RING_PRIVATE_H
#define BOOKEND_BASE_RING_PRIVATE_H

#include "base/ring.h"

/* Behind commit and check; behind commit. */
#define RING_BODY offsetof(struct ring_record, length)
#define RING_REST offsetof(struct ring_record, check)

static inline uint32_t ring_units(const struct slot_ref *ref)
{
	return ref->class.ring_bytes / RING_UNIT;
}

/* The record that begins at a position; the ring has at least one unit. */
static inline struct ring_record *ring_at(const struct slot_ref *ref, uint64_t position)
{
	uint8_t *ring =
		(uint8_t *)(ref->slot + 1) + ref->class.payload_bytes + ref->class.counter_bytes;

	return (struct ring_record *)(ring + (position & (ring_units(ref) - 1)) * RING_UNIT);
}

#endif
