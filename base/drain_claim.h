/*
 * The claim of a drainer on a slot, with lease and fencing. A drainer that was paused past its
 * lease loses the slot to the next one, and finds out at its next step, because every step is a
 * compare-and-swap from the exact word it stored. Drainers only (never the host's threads).
 */
#ifndef BOOKEND_BASE_DRAIN_CLAIM_H
#define BOOKEND_BASE_DRAIN_CLAIM_H

#include "base/clock.h"
#include "base/slot.h"

#define DRAIN_LEASE_SECONDS 30

struct drain_claim {
	struct slot_ref ref;
	uint64_t word; /* as stored by us */
};

/* How long a claim without a start is left alone: its pid may live in another pid namespace. */
#define DRAIN_TAKEN_GRACE_NS (1 * CLOCK_SECOND)
/* How long a descendant may take to take over after exit(0). */
#define DRAIN_HEIR_WAIT_NS (2 * CLOCK_SECOND)
/* How long a parent that lives may take to report a child that it reaped, and one that it did not.
 */
#define DRAIN_REAPED_NS (1 * CLOCK_SECOND)
#define DRAIN_ZOMBIE_NS (10 * CLOCK_SECOND)
/* When a stop is believed whose process can not be looked at. */
#define DRAIN_UNKNOWN_NS (5 * CLOCK_SECOND)
/* How long an exec may take to fail that the process has noted as the end of its lifecycle. */
#define DRAIN_EXEC_NS (2 * CLOCK_SECOND)

/* A drainer's number in this pool: never 0. */
uint32_t drain_number(struct pool *pool);

/*
 * 0: claimed, claim->word tells what is done already. -ENOENT: the slot is free.
 * -EBUSY: another drainer's lease runs; *holder is its number.
 * -ESTALE: the lease has run out; the caller may call again with steal after it has looked after
 * the holder's segment. steal: goes past a lease that has run out, and past a running one of
 * *holder, which the caller knows to be dead.
 */
int drain_claim(struct pool *pool, uint32_t number, uint32_t drainer, bool steal,
		struct drain_claim *into, uint32_t *holder);
/* Extends the lease. False: lost; nothing of this claim counts. */
bool drain_renew(struct drain_claim *claim);
/* Releases with more done. False: lost, and what was spooled under this claim must be voided. */
bool drain_commit(struct drain_claim *claim, unsigned done_now);
/* Releases and leaves everything as it was. */
void drain_abandon(struct drain_claim *claim);

/*
 * Is the lifecycle over, and how? Looks at claim word, notes, waiter and /proc. When it is over the
 * slot's state is moved to CLAIM_FINAL (or is CLAIM_ENDED) and *stop is filled from the notes, the
 * waiter's overriding code and signal. Damaged blocks are counted POOL_DAMAGED then, once.
 */
enum drain_end {
	DRAIN_LIVES,   /* or unknown */
	DRAIN_WAITING, /* dead, but its waiter, or an heir, may still say more */
	DRAIN_OVER,
	DRAIN_EMPTY, /* dead and nothing was ever committed: freed; the claim is gone */
	DRAIN_VOID,  /* nothing is to be told, and nothing was: to be committed and freed */
};
struct stop_facts {
	enum exit_reason reason;
	int code; /* -1: unknown */
	int signal;
	int after_signal;
	bool untrusted;	  /* as slot_untrusted_at(): no probe may be run for it */
	uint64_t boot_ns; /* of the stop, or when its death was noticed */
	uint64_t real_ns;
};
enum drain_end drain_observe(struct drain_claim *claim, struct stop_facts *stop);
/* The same look without a claim, changing nothing; never DRAIN_EMPTY. For `tail`. */
enum drain_end drain_peek(const struct slot_ref *ref, struct stop_facts *stop);

/* May the start of a lifecycle that is not over be told, or could it still be taken back? */
bool drain_start_settled(const struct start_block *start);

/*
 * FINAL, ENDED or VOID to FREE, next generation. Only after drain_commit() with both DONE bits;
 * also by who finds both set, because a drainer was killed before its drain_free().
 */
bool drain_free(struct slot_ref *ref);

#endif
