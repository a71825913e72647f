/*
 * Killed at any instant in here, the process leaves a claimed slot without a start, which a drainer
 * frees.
 */
#include "shim/start.h"

#include <errno.h>
#include <string.h>

/* The frames of an abort, when somebody asks for them, lie behind what the start records. */
static uint32_t payload_room(const struct self *self)
{
	uint32_t bytes = self->slot.class.payload_bytes;

	return self->frames && bytes > 2 * SLOT_FRAMES ? bytes - SLOT_FRAMES : bytes;
}

#include "base/clock.h"

static uint32_t start_flags(const struct decision *decision)
{
	uint32_t flags = decision->command ? START_COMMAND : 0;

	if (decision->child)
		flags |= START_CHILD;
	if (decision->child && decision->reason != REASON_MEASURED)
		flags |= START_ONLY_CHILD;
	return flags;
}

enum reason start_record(struct self *self, const struct decision *decision,
			 const struct subject *subject, uint32_t more)
{
	struct start_block facts = { 0 };
	uint64_t parent;
	bool truncated = false;
	/* A program that can not carry the shim has nothing to count. */
	bool counts = !(more & START_BY_PARENT);
	int rc = slot_claim(&self->pool, subject->pid, decision->payload_bytes,
			    counts ? decision->counter_bytes : 0, counts ? decision->ring_bytes : 0,
			    &self->slot);

	if (rc < 0) {
		if (rc == -ENOSPC)
			pool_count(&self->pool, POOL_NO_SLOT, 1);
		return rc == -ENOSPC ? REASON_NO_SLOT : REASON_POOL_FAILED;
	}
	facts.boot_ns = atomic_load_explicit(&self->slot.slot->seen_ns, memory_order_relaxed);
	self->start_ns = facts.boot_ns;
	facts.real_ns = clock_real_ns_cold();
	facts.pid = subject->pid;
	facts.parent = subject->parent;
	facts.uid = subject->uid;
	facts.service = decision->service;
	facts.pid_namespace = pool_pid_namespace(&self->pool);
	parent = slot_owned_by(&self->pool, subject->parent, self->first_slot);
	facts.flags = start_flags(decision) | more;
	facts.child_of = decision->child_of;
	facts.ancestor = decision->child ? subject->ancestor : parent;
	memcpy(facts.image, decision->image, sizeof(facts.image));
	facts.payload = policy_snapshot(decision, subject, slot_payload(&self->slot),
					payload_room(self), &truncated);
	if (truncated)
		pool_count(&self->pool, POOL_TRUNCATED, 1);
	atomic_store(&self->slot.slot->adopted, 1);
	if (self->waiter && !(self->waiter & WAITER_PARENT))
		slot_set_waiter(&self->slot, self->waiter);
	else if (parent || more & START_BY_PARENT)
		slot_set_parent(&self->slot, subject->parent);
	slot_commit_start(&self->slot, &facts);
	return REASON_MEASURED;
}
