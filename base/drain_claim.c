/*
 * The drain word: claim, lease, fencing. What a claimed slot says about its process is in
 * drain_observe.c.
 */
#include "base/drain_claim.h"

#include <errno.h>

#define LEASE_MASK 0xffffffu

static uint32_t now_seconds(void)
{
	return (uint32_t)(clock_boot_ns() / CLOCK_SECOND) & LEASE_MASK;
}

/* A lease that ends later than any could is not one. */
static bool lease_runs(uint64_t word)
{
	uint32_t left = (DRAIN_LEASE(word) - now_seconds()) & LEASE_MASK;

	return left > 0 && left <= DRAIN_LEASE_SECONDS;
}

static uint64_t claimed_word(uint32_t drainer, unsigned done)
{
	return DRAIN_WORD(drainer, now_seconds() + DRAIN_LEASE_SECONDS, done, DRAIN_CLAIMED);
}

/*
 * Acquire: what the drainer before did; release: what this one did. The exact word is expected, so
 * that who lost the claim changes nothing.
 */
static bool swap_drain(struct slot *slot, uint64_t *from, uint64_t to)
{
	return atomic_compare_exchange_strong_explicit(&slot->drain, from, to, memory_order_acq_rel,
						       memory_order_acquire);
}

uint32_t drain_number(struct pool *pool)
{
	uint32_t number;

	do {
		number =
			atomic_fetch_add_explicit(&pool->header->drainers, 1, memory_order_relaxed);
		number = (number + 1) & 0xffffff;
	} while (number == 0);
	return number;
}

int drain_claim(struct pool *pool, uint32_t number, uint32_t drainer, bool steal,
		struct drain_claim *into, uint32_t *holder)
{
	uint64_t old;

	slot_view(pool, number, &into->ref);
	if (CLAIM_STATE(atomic_load_explicit(into->ref.claim, memory_order_acquire)) == CLAIM_FREE)
		return -ENOENT;
	old = atomic_load_explicit(&into->ref.slot->drain, memory_order_acquire);
	if (DRAIN_STATE(old) == DRAIN_CLAIMED) {
		bool dead = steal && *holder == DRAIN_DRAINER(old);

		*holder = DRAIN_DRAINER(old);
		if (!dead && lease_runs(old))
			return -EBUSY;
		if (!steal)
			return -ESTALE;
	}
	into->word = claimed_word(drainer, DRAIN_DONE(old));
	if (!swap_drain(into->ref.slot, &old, into->word)) {
		*holder = DRAIN_DRAINER(old);
		return -EBUSY;
	}
	/* Only now: until the swap another drainer could have freed the slot for a new tenant. */
	slot_view(pool, number, &into->ref);
	return 0;
}

bool drain_renew(struct drain_claim *claim)
{
	uint64_t old = claim->word;
	uint64_t new = claimed_word(DRAIN_DRAINER(old), DRAIN_DONE(old));

	if (!swap_drain(claim->ref.slot, &old, new))
		return false;
	claim->word = new;
	return true;
}

static bool let_go(struct drain_claim *claim, unsigned done)
{
	uint64_t old = claim->word;

	return swap_drain(claim->ref.slot, &old,
			  DRAIN_WORD(DRAIN_DRAINER(old), 0, done, DRAIN_IDLE));
}

bool drain_commit(struct drain_claim *claim, unsigned done_now)
{
	return let_go(claim, DRAIN_DONE(claim->word) | done_now);
}

void drain_abandon(struct drain_claim *claim)
{
	let_go(claim, DRAIN_DONE(claim->word));
}

static bool is_over(unsigned state)
{
	return state == CLAIM_FINAL || state == CLAIM_ENDED || state == CLAIM_VOID;
}

bool drain_free(struct slot_ref *ref)
{
	struct slot *slot = ref->slot;
	/* Loaded before the claim word is looked at: a later tenant's seen_ns is another value and
	 * stays. */
	uint64_t seen_ns = atomic_load_explicit(&slot->seen_ns, memory_order_acquire);
	uint64_t drain = atomic_load_explicit(&slot->drain, memory_order_acquire);
	uint64_t word = atomic_load_explicit(ref->claim, memory_order_acquire);
	unsigned both = DRAIN_DONE_START | DRAIN_DONE_STOP;
	uint64_t free_word = CLAIM_WORD(CLAIM_GENERATION(word) + 1, 0, CLAIM_FREE);

	if (CLAIM_GENERATION(word) != ref->lifecycle >> 16 || !is_over(CLAIM_STATE(word)))
		return false;
	/* Claimed or not: nothing is left to do for who holds it. */
	if ((DRAIN_DONE(drain) & both) != both)
		return false;
	atomic_compare_exchange_strong_explicit(&slot->seen_ns, &seen_ns, 0, memory_order_relaxed,
						memory_order_relaxed);
	/* Release: everything a drainer read or wrote here; pairs with the claim's acquire in
	 * slot.c. */
	return atomic_compare_exchange_strong_explicit(ref->claim, &word, free_word,
						       memory_order_release, memory_order_relaxed);
}
