/*
 * The protocol of handover.h on the owner's side, and the list of heirs. Any thread of the host,
 * exit handlers.
 */
#include "shim/handover.h"

#include "base/clock.h"
#include "shim/credentials.h"
#include "shim/heirs.h"
#include "shim/worker.h"

/* An heir older than this is a worker, unless it is the only one ever forked. */
#define HANDOVER_YOUNG_NS  (5 * CLOCK_SECOND)
#define HANDOVER_ANY_DEPTH 4

static bool handover_counts(const struct self *self, uint64_t heir)
{
	if (self->forks == 1 && !self->session_ns)
		return true;
	return HEIR_SEEN_NS(heir) + HANDOVER_YOUNG_NS > clock_boot_ns();
}

/* The living heir of that kind with the shortest descent from its setsid: 0, or the number of its
 * entry + 1. */
static unsigned handover_choose(struct self *self, bool with_session)
{
	unsigned best = 0, best_depth = HANDOVER_ANY_DEPTH;

	if (self->confined)
		return 0; /* nobody may be looked at */
	for (unsigned i = 0; i < SLOT_HEIRS; i++) {
		uint64_t heir = atomic_load(&self->slot.slot->heirs[i]);

		if (!heir || heir & HEIR_GONE || HEIR_PID(heir) == (unsigned)self->pid)
			continue;
		if (with_session && !(heir & HEIR_SESSION))
			continue;
		if (HEIR_DEPTH(heir) < best_depth && handover_counts(self, heir) &&
		    heirs_live(heir)) {
			best = i + 1;
			best_depth = HEIR_DEPTH(heir);
		}
	}
	return best;
}

/*
 * To an heir with a session that is nearer to it than `depth`, from what from_pid has. False: there
 * is none; true: it has been given, or taken by somebody else.
 */
static bool handover_give(struct self *self, uint32_t from_pid, enum claim_state from,
			  unsigned depth)
{
	struct slot *slot = self->slot.slot;

	for (;;) {
		unsigned chosen = handover_choose(self, true);
		uint64_t entry;
		uint32_t heir;

		if (!chosen)
			return false;
		entry = atomic_load(&slot->heirs[chosen - 1]);
		heir = HEIR_PID(entry);
		if (HEIR_DEPTH(entry) >= depth)
			return false;
		if (!slot_take_over(&self->slot, from_pid, from, heir, CLAIM_RUNNING))
			return true;
		/*
		 * It may have left before it could see that it is the owner: the mark tells, and
		 * one of us takes it back.
		 */
		atomic_thread_fence(memory_order_seq_cst);
		entry = atomic_load(&slot->heirs[chosen - 1]);
		if (HEIR_PID(entry) == heir && !(entry & HEIR_GONE))
			return true;
		if (!slot_take_over(&self->slot, heir, CLAIM_RUNNING, from_pid, from))
			return true;
	}
}

bool handover_to_heir(struct self *self)
{
	return handover_give(self, (uint32_t)self->pid, CLAIM_RUNNING, HANDOVER_ANY_DEPTH);
}

/*
 * An heir may fork, leave, and have its child enter a place that we have looked at already: nobody
 * is there only if the list was the same before and after the look.
 */
static bool handover_is_alone(struct self *self)
{
	struct slot *slot = self->slot.slot;
	uint64_t before[SLOT_HEIRS];
	bool same = !atomic_load(&slot->pending_forks);

	for (unsigned i = 0; i < SLOT_HEIRS; i++)
		before[i] = atomic_load(&slot->heirs[i]);
	if (!same || handover_choose(self, false))
		return false;
	same = !atomic_load(&slot->pending_forks);
	for (unsigned i = 0; i < SLOT_HEIRS; i++)
		same = same && before[i] == atomic_load(&slot->heirs[i]);
	return same;
}

bool handover_wait_for_heir(struct self *self)
{
	uint32_t us = (uint32_t)self->pid;

	if (handover_is_alone(self) ||
	    !slot_change(&self->slot, us, CLAIM_RUNNING, CLAIM_EXIT_PENDING))
		return false;
	atomic_thread_fence(memory_order_seq_cst);
	handover_give(self, us, CLAIM_EXIT_PENDING, HANDOVER_ANY_DEPTH);
	return true;
}

void handover_take(struct self *self)
{
	uint64_t word = atomic_load(self->slot.claim);
	unsigned owner = self_owner(self);

	if (!self->session || !owner || CLAIM_STATE(word) != CLAIM_EXIT_PENDING)
		return;
	if (!handover_give(self, owner, CLAIM_EXIT_PENDING, self->depth))
		slot_take_over(&self->slot, owner, CLAIM_EXIT_PENDING, (uint32_t)self->pid,
			       CLAIM_RUNNING);
	if (self_owns(self)) {
		worker_is_none(self);
		credentials_mark(self);
	}
}

bool handover_depart(struct self *self)
{
	heirs_mark_gone(self);
	atomic_thread_fence(memory_order_seq_cst);
	/* The owner may have left a moment ago and not have found us before the mark. */
	handover_take(self);
	return self_owns(self);
}

void handover_return(struct self *self)
{
	heirs_unmark_gone(self);
}
