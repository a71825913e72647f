/*
 * Three former owners of our pid are told apart by the slot's `adopted` and the start block's
 * START_BY_LAUNCHER.
 */
#include "shim/adopt.h"

#include <string.h>

#include "shim/worker.h"

bool adopt_same(const struct start_block *start, unsigned uid, const struct decision *decision)
{
	/* A wrapper that execs what it is for: still the child that was named. */
	if (start->flags & START_ONLY_CHILD)
		return decision->reason != REASON_MEASURED;
	return decision->reason == REASON_MEASURED && start->service == decision->service &&
	       start->uid == uid && !memcmp(start->image, decision->image, 16);
}

/* Our former image took the program for one that can not speak, and noted what that means. */
static void adopt_take_back(struct self *self)
{
	struct note_facts facts = { .code = -1, .pid = (uint32_t)self->pid };
	struct note own;

	if (slot_read_own(&self->slot, &own) < 0)
		return;
	if (own.reason == EXIT_EXEC || own.flags & NOTE_GOES_ON)
		slot_note_own(&self->slot, &facts);
}

static void adopt_end(struct self *self)
{
	struct note_facts facts = {
		.reason = EXIT_EXEC,
		.code = -1,
		.pid = (uint32_t)self->pid,
	};
	uint32_t us = (uint32_t)self->pid;

	self->waiter = atomic_load(&self->slot.slot->waiter);
	slot_note_own(&self->slot, &facts);
	if (!slot_change(&self->slot, us, CLAIM_EXECUTING, CLAIM_ENDED))
		slot_change(&self->slot, us, CLAIM_RUNNING, CLAIM_ENDED);
	slot_unmap(&self->slot);
}

/* Into self->slot; what a forked worker was before its exec is settled on the way. *error is
 * slot_read_start()'s. */
static bool adopt_find(struct self *self, struct start_block *start, int *error)
{
	while (slot_find(&self->pool, (uint32_t)self->pid, self->first_slot, &self->slot) == 0) {
		*error = slot_read_start(&self->slot, start, NULL, 0);
		if (*error < 0 || !(start->flags & START_WORKER))
			return true;
		worker_was(&self->slot, start);
		slot_unmap(&self->slot);
	}
	return false;
}

enum adoption adopt(struct self *self, const struct decision *decision)
{
	struct start_block start;
	bool adopted, by_launcher;
	int error;

	if (!adopt_find(self, &start, &error))
		return ADOPT_NONE;
	adopted = atomic_load(&self->slot.slot->adopted);
	if (error < 0) {
		adopt_end(self);
		return ADOPT_NONE;
	}
	by_launcher = start.flags & START_BY_LAUNCHER;
	if (!adopted && by_launcher && decision->reason != REASON_MEASURED) {
		slot_unmap(&self->slot);
		return ADOPT_LEAVE_IT;
	}
	if (!(!adopted && by_launcher) && !adopt_same(&start, self->uid, decision)) {
		adopt_end(self);
		return ADOPT_NONE;
	}
	atomic_store(&self->slot.slot->adopted, 1);
	adopt_take_back(self);
	slot_change(&self->slot, (uint32_t)self->pid, CLAIM_EXECUTING, CLAIM_RUNNING);
	return ADOPT_GOES_ON;
}
