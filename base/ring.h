/*
 * The ring of a slot: records from any thread of the owner, read by one drainer at a time.
 * Producers reserve units by compare-and-swap on ring_tail, fill the record, and store its commit
 * word last with release. At the wrap an explicit padding record fills up. A full ring refuses and
 * counts; nobody ever waits. Async-signal-safe.
 *
 * A producer killed, or thrown out by longjmp, between reservation and commit leaves a hole. In a
 * live process a hole looks like a producer at work: a walk stops there until the record behind it
 * is RING_HOLE_NS old, then passes on. Readers deliver past holes; the units of a hole are reused
 * only when the process is dead.
 */
#ifndef BOOKEND_BASE_RING_H
#define BOOKEND_BASE_RING_H

#include "base/clock.h"
#include "base/slot.h"

/* A producer that is between reservation and commit for so long (a debugger) loses its record. */
#define RING_HOLE_NS (2 * CLOCK_SECOND)

/*
 * 0; -ENOSPC: full, counted in ring_dropped and POOL_RING_FULL; -EMSGSIZE: over RING_PAYLOAD_MAX or
 * a quarter of the ring.
 */
int ring_append(struct slot_ref *ref, uint8_t type, uint64_t boot_ns, const void *payload,
		uint32_t length);

/*
 * The same in two steps, for a payload that is written where it will lie: length bytes at payload,
 * aligned to 8. Another producer is not held up in between; see above for one that never commits.
 */
struct ring_place {
	uint64_t position;
	uint8_t *payload;
	uint32_t length;
};
int ring_reserve(struct slot_ref *ref, uint32_t length, struct ring_place *into);
void ring_commit(struct slot_ref *ref, const struct ring_place *place, uint8_t type,
		 uint64_t boot_ns);

/* A reader's walk over one ring, in the caller's memory. */
struct ring_cursor {
	uint64_t position; /* next to look at */
	uint64_t end;	   /* ring_tail when the walk began */
	uint64_t freed;	 /* up to here every unit may be reused: what ring_release() may be given */
	uint64_t now_ns; /* boot time when the walk began */
	uint32_t holes;	 /* units passed by */
	uint32_t damaged; /* records passed by because their check failed */
	bool dead;	  /* the owner is dead: holes are freed too */
};

void ring_begin(const struct slot_ref *ref, bool dead, struct ring_cursor *cursor);
/*
 * The next committed record, copied to `into` (capacity bytes; RING_PAYLOAD_MAX + 24 always
 * suffices): its position in *position. 0, or -ENODATA at the end. Damaged records are skipped as
 * holes. Writes nothing: a read-only mapping will do. -EMSGSIZE: capacity.
 */
int ring_next(const struct slot_ref *ref, struct ring_cursor *cursor, struct ring_record *into,
	      uint32_t capacity, uint64_t *position);
/*
 * After delivery: ring_done from `from` to cursor->position, then ring_head up to cursor->freed,
 * both by compare-and-swap, so that exactly one drainer delivers a range: true says that it was
 * this one, false that another has moved on and what was copied does not count. `from` is where
 * ring_begin() started, or where the last release of this walk ended. Damaged records are counted
 * POOL_DAMAGED here, once.
 */
bool ring_release(struct slot_ref *ref, uint64_t from, const struct ring_cursor *cursor);

#endif
