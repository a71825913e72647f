/*
 * The drainers' side of a ring. The mapping is never trusted: a record is copied, then checked, and
 * every walk ends after as many steps as the ring has units.
 */
#include <errno.h>
#include <string.h>

#include "base/checksum.h"
#include "base/ring_private.h"
#include "base/shared.h"

/* What lies at a position. */
enum found { FOUND_NOTHING, FOUND_DAMAGED, FOUND_RECORD };

static bool is_consistent(const struct slot_ref *ref, const struct ring_cursor *cursor,
			  const struct ring_record *header, uint64_t position)
{
	uint32_t ring = ring_units(ref);
	uint32_t needed = (uint32_t)sizeof(*header) + header->length;

	if (header->units == 0 || header->units > cursor->end - position ||
	    header->units > ring - (position & (ring - 1)))
		return false;
	return header->type == RING_PADDING ? header->length == 0
					    : needed <= (uint32_t)header->units * RING_UNIT;
}

static bool is_intact(const struct ring_record *header, const void *payload, uint64_t position)
{
	uint32_t body = checksum((const uint8_t *)header + RING_BODY, sizeof(*header) - RING_BODY,
				 position);

	return header->check == checksum(payload, header->length, body);
}

/* Copies the record at a position. The payload goes to `payload`, or is checked in place when it
 * has no room there. */
static enum found look(const struct slot_ref *ref, const struct ring_cursor *cursor,
		       uint64_t position, struct ring_record *header, uint8_t *payload,
		       uint32_t room)
{
	const struct ring_record *record = ring_at(ref, position);
	const uint8_t *bytes = record->payload;

	/* Pairs with the release in write_record(). */
	if (atomic_load_explicit(&record->commit, memory_order_acquire) != position + 1)
		return FOUND_NOTHING;
	shared_load(header, record, sizeof(*header));
	if (!is_consistent(ref, cursor, header, position))
		return FOUND_DAMAGED;
	if (header->length <= room) {
		shared_load(payload, bytes, header->length);
		bytes = payload;
	}
	return is_intact(header, bytes, position) ? FOUND_RECORD : FOUND_DAMAGED;
}

/*
 * From head to done everything was delivered but holes. Head is behind because of a hole, which may
 * have been committed meanwhile, or because a drainer was killed inside ring_release().
 */
static void catch_up(const struct slot_ref *ref, struct ring_cursor *cursor)
{
	struct ring_record header;

	if (cursor->dead)
		cursor->freed = cursor->position;
	while (cursor->freed < cursor->position &&
	       look(ref, cursor, cursor->freed, &header, NULL, 0) == FOUND_RECORD)
		cursor->freed += header.units;
}

void ring_begin(const struct slot_ref *ref, bool dead, struct ring_cursor *cursor)
{
	const struct slot *slot = ref->slot;
	uint64_t head = atomic_load_explicit(&slot->ring_head, memory_order_acquire);
	uint64_t done = atomic_load_explicit(&slot->ring_done, memory_order_acquire);
	uint64_t tail = atomic_load_explicit(&slot->ring_tail, memory_order_acquire);

	*cursor = (struct ring_cursor){ .position = done,
					.end = tail,
					.freed = head,
					.now_ns = clock_boot_ns(),
					.dead = dead };
	/* Words that can not be: nothing here is worth a walk. The next claim of the slot heals
	 * them. */
	if (tail - head > ring_units(ref) || done - head > tail - head)
		cursor->end = done;
	catch_up(ref, cursor);
}

/* Is the producer of what is missing at `position` still at work? Judged by the age of the next
 * record behind it. */
static bool is_in_flight(const struct slot_ref *ref, const struct ring_cursor *cursor,
			 uint64_t position)
{
	struct ring_record header;

	if (cursor->dead)
		return false;
	for (uint64_t at = position; at < cursor->end; at++)
		if (look(ref, cursor, at, &header, NULL, 0) == FOUND_RECORD &&
		    header.type != RING_PADDING)
			return header.boot_ns + RING_HOLE_NS > cursor->now_ns;
	return true;
}

static void pass(struct ring_cursor *cursor, uint32_t units, bool reusable)
{
	if (cursor->freed == cursor->position && reusable)
		cursor->freed += units;
	cursor->position += units;
}

int ring_next(const struct slot_ref *ref, struct ring_cursor *cursor, struct ring_record *into,
	      uint32_t capacity, uint64_t *position)
{
	bool in_hole = false; /* which was found to be old */

	while (cursor->position < cursor->end) {
		struct ring_record header;
		enum found found = look(ref, cursor, cursor->position, &header, into->payload,
					capacity - (uint32_t)sizeof(header));

		if (found != FOUND_RECORD) {
			if (found == FOUND_NOTHING && !in_hole &&
			    is_in_flight(ref, cursor, cursor->position))
				return -ENODATA;
			in_hole = true;
			cursor->holes++;
			cursor->damaged += found == FOUND_DAMAGED;
			pass(cursor, 1, cursor->dead);
			continue;
		}
		if (header.length > capacity - sizeof(header))
			return -EMSGSIZE;
		*position = cursor->position;
		pass(cursor, header.units, true);
		in_hole = false;
		if (header.type == RING_PADDING)
			continue;
		memcpy(into, &header, sizeof(header));
		return 0;
	}
	return -ENODATA;
}

bool ring_release(struct slot_ref *ref, uint64_t from, const struct ring_cursor *cursor)
{
	struct slot *slot = ref->slot;
	uint64_t head;

	if (!atomic_compare_exchange_strong_explicit(&slot->ring_done, &from, cursor->position,
						     memory_order_acq_rel, memory_order_relaxed))
		return false;
	if (cursor->damaged > 0)
		pool_count(ref->pool, POOL_DAMAGED, cursor->damaged);
	head = atomic_load_explicit(&slot->ring_head, memory_order_relaxed);
	/* Release: our reads of the units before a producer's stores into them; pairs with
	 * reserve(). */
	while (head < cursor->freed &&
	       !atomic_compare_exchange_weak_explicit(&slot->ring_head, &head, cursor->freed,
						      memory_order_release, memory_order_relaxed))
		;
	return true;
}
