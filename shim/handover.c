/*
 * The protocol of handover.h on the owner's side, and the list of heirs. Any thread of the host,
 * exit handlers.
 */
#include "shim/handover.h"

#include "base/clock.h"
#include "shim/heirs.h"

/* An heir older than this is a worker, unless it is the only one ever forked. */
#define HANDOVER_YOUNG_NS (5 * CLOCK_SECOND)

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
	unsigned best = 0, best_depth = 4;

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

/* To an heir with a session, from the given state. True: it is ours no more. */
static bool handover_give(struct self *self, enum claim_state from)
{
	struct slot *slot = self->slot.slot;
	uint32_t us = (uint32_t)self->pid;
	unsigned chosen;

	for (;;) {
		uint64_t entry;
		uint32_t heir;

		chosen = handover_choose(self, true);
		if (!chosen)
			return false;
		heir = HEIR_PID(atomic_load(&slot->heirs[chosen - 1]));
		if (!slot_take_over(&self->slot, us, from, heir, CLAIM_RUNNING))
			return true;
		/* It may have left before it could see that it is the owner: the mark tells, and
		 * one of us takes it. */
		atomic_thread_fence(memory_order_seq_cst);
		entry = atomic_load(&slot->heirs[chosen - 1]);
		if (HEIR_PID(entry) == heir && !(entry & HEIR_GONE))
			return true;
		if (!slot_take_over(&self->slot, heir, CLAIM_RUNNING, us, from))
			return true;
	}
}

bool handover_to_heir(struct self *self)
{
	return handover_give(self, CLAIM_RUNNING);
}

bool handover_wait_for_heir(struct self *self)
{
	struct slot *slot = self->slot.slot;

	if (!atomic_load(&slot->pending_forks) && !handover_choose(self, false))
		return false;
	if (!slot_change(&self->slot, (uint32_t)self->pid, CLAIM_RUNNING, CLAIM_EXIT_PENDING))
		return false;
	atomic_thread_fence(memory_order_seq_cst);
	handover_give(self, CLAIM_EXIT_PENDING);
	return true;
}

bool handover_depart(struct self *self)
{
	heirs_mark_gone(self);
	atomic_thread_fence(memory_order_seq_cst);
	/* The owner may have left a moment ago and not have found us before the mark. */
	if (self->session)
		slot_take_over(&self->slot, self_owner(self), CLAIM_EXIT_PENDING,
			       (uint32_t)self->pid, CLAIM_RUNNING);
	return self_owns(self);
}

void handover_return(struct self *self)
{
	heirs_unmark_gone(self);
}
