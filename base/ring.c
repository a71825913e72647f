/*
 * The producers' side of a ring. A reservation that would cross the end of the ring takes the rest
 * of it as well, for a padding record: the next record begins at the ring's start.
 */
#include "base/ring.h"

#include <errno.h>

#include "base/checksum.h"
#include "base/ring_private.h"
#include "base/shared.h"

static uint32_t units_of(uint32_t length)
{
	return (uint32_t)(sizeof(struct ring_record) + length + RING_UNIT - 1) / RING_UNIT;
}

/*
 * Reserves `units` in one piece, with *padding units in front of them: the position of the padding,
 * or of the record where there is none. UINT64_MAX: no room.
 */
static uint64_t reserve(struct slot_ref *ref, uint32_t units, uint32_t *padding)
{
	uint32_t ring = ring_units(ref);
	struct slot *slot = ref->slot;
	uint64_t tail = atomic_load_explicit(&slot->ring_tail, memory_order_relaxed);
	uint32_t rest;

	do {
		/* Pairs with the release in ring_release(): what lies before head is no longer
		 * read. */
		uint64_t head = atomic_load_explicit(&slot->ring_head, memory_order_acquire);

		rest = ring - (uint32_t)(tail & (ring - 1));
		*padding = units > rest ? rest : 0;
		if (tail - head + *padding + units > ring)
			return UINT64_MAX;
	} while (!atomic_compare_exchange_weak_explicit(
		&slot->ring_tail, &tail, tail + *padding + units, memory_order_relaxed,
		memory_order_relaxed));
	return tail;
}

/* The payload is in place. */
static void commit_record(struct slot_ref *ref, uint64_t position, struct ring_record *header)
{
	struct ring_record *target = ring_at(ref, position);
	uint32_t body = checksum((const uint8_t *)header + RING_BODY, sizeof(*header) - RING_BODY,
				 position);

	header->check = checksum(target->payload, header->length, body);
	shared_store((uint8_t *)target + RING_REST, (const uint8_t *)header + RING_REST,
		     sizeof(*header) - RING_REST);
	/* Pairs with the acquire in ring_read.c. */
	atomic_store_explicit(&target->commit, position + 1, memory_order_release);
}

static void write_padding(struct slot_ref *ref, uint64_t position, uint32_t units)
{
	struct ring_record header = { .type = RING_PADDING, .units = (uint8_t)units };

	commit_record(ref, position, &header);
}

int ring_reserve(struct slot_ref *ref, uint32_t length, struct ring_place *into)
{
	uint32_t units = units_of(length);
	uint32_t padding;
	uint64_t position;

	if (length > RING_PAYLOAD_MAX || units > ring_units(ref) / 4)
		return -EMSGSIZE;
	position = reserve(ref, units, &padding);
	if (position == UINT64_MAX) {
		atomic_fetch_add_explicit(&ref->slot->ring_dropped, 1, memory_order_relaxed);
		pool_count(ref->pool, POOL_RING_FULL, 1);
		return -ENOSPC;
	}
	if (padding > 0)
		write_padding(ref, position, padding);
	into->position = position + padding;
	into->payload = ring_at(ref, into->position)->payload;
	into->length = length;
	return 0;
}

void ring_commit(struct slot_ref *ref, const struct ring_place *place, uint8_t type,
		 uint64_t boot_ns)
{
	struct ring_record header = { .length = (uint16_t)place->length,
				      .type = type,
				      .units = (uint8_t)units_of(place->length),
				      .boot_ns = boot_ns };

	commit_record(ref, place->position, &header);
}

int ring_append(struct slot_ref *ref, uint8_t type, uint64_t boot_ns, const void *payload,
		uint32_t length)
{
	struct ring_place place;
	int error = ring_reserve(ref, length, &place);

	if (error != 0)
		return error;
	shared_store(place.payload, payload, length);
	ring_commit(ref, &place, type, boot_ns);
	return 0;
}
