/*
 * Facts and snapshot are copies of the service's. Killed at any instant, a worker leaves a slot as
 * every other process does.
 */
#include "shim/worker.h"

#include <string.h>

#include "base/clock.h"
#include "base/sys.h"
#include "shim/credentials.h"

#define WORKER_RING (8 * 1024)

/*
 * What a claim works with. It is no part of a stack: a hook makes it, in a call of the host's.
 * busy: one is being made; of two threads the later one goes without.
 */
static struct {
	_Atomic bool busy;
	char folder[PATHS_POOL_FOLDER_MAX], name[64];
	struct pool pool;
	struct start_block service, facts;
} worker_making;

static bool worker_is(const struct self *self)
{
	return self->worker.slot != NULL;
}

static void worker_change(struct self *self, enum claim_state from, enum claim_state to)
{
	slot_change(&self->worker, (uint32_t)self->pid, from, to);
}

/* Into self->worker, from the service's start. The pool's file is open. */
static int worker_claim(struct self *self)
{
	const struct start_block *service = &worker_making.service;
	struct start_block *facts = &worker_making.facts;
	int error = slot_claim(&worker_making.pool, (uint32_t)self->pid, service->payload, 0,
			       self->calls ? WORKER_RING : 0, &self->worker);

	if (error < 0)
		return error;
	self->worker.pool = &self->pool;
	memcpy(facts, service, sizeof(*facts));
	facts->boot_ns = clock_boot_ns_cold();
	facts->real_ns = clock_real_ns_cold();
	facts->pid = (uint32_t)self->pid;
	facts->parent = (uint32_t)sys_getppid();
	facts->flags = START_WORKER | (service->flags & START_COMMAND);
	facts->child_of = 0;
	facts->ancestor = self->slot.lifecycle;
	memcpy(slot_payload(&self->worker), slot_payload(&self->slot), service->payload);
	atomic_store(&self->worker.slot->adopted, 1);
	slot_set_parent(&self->worker, facts->parent);
	slot_commit_start(&self->worker, facts);
	credentials_mark(self);
	return 0;
}

static bool worker_make(struct self *self)
{
	int error;

	paths_pool_folder(self->uid, worker_making.folder);
	paths_pool_name(self->state, worker_making.name);
	if (slot_read_start(&self->slot, &worker_making.service, NULL, 0) < 0 ||
	    pool_reopen_at(&self->pool, self->uid, worker_making.folder, worker_making.name,
			   &worker_making.pool) < 0)
		return false;
	error = worker_claim(self);
	pool_close_file(&worker_making.pool);
	return error == 0;
}

static bool worker_record(struct self *self)
{
	bool made;

	if (sys_geteuid() != self->uid || atomic_exchange(&worker_making.busy, true))
		return false;
	made = worker_is(self) || worker_make(self);
	atomic_store(&worker_making.busy, false);
	return made;
}

void worker_begin(struct self *self)
{
	uint64_t word = atomic_load(self->slot.claim);

	/* daemon(3) makes none. */
	if (!self->workers || self_owns(self) || CLAIM_STATE(word) == CLAIM_DAEMONIZING)
		return;
	if (!worker_record(self))
		pool_count(&self->pool, POOL_NO_WORKER, 1);
}

struct slot_ref *worker_ring(struct self *self)
{
	if (!worker_is(self) && !worker_record(self)) {
		pool_count(&self->pool, POOL_NO_WORKER, 1);
		return NULL;
	}
	return self->worker.class.ring_bytes ? &self->worker : NULL;
}

void worker_forget(struct self *self)
{
	if (worker_is(self))
		slot_unmap(&self->worker);
	atomic_store(&worker_making.busy, false); /* by a thread that the child does not have */
}

void worker_is_none(struct self *self)
{
	if (!worker_is(self))
		return;
	worker_change(self, CLAIM_RUNNING, CLAIM_VOID);
	/* With a ring it stays mapped: another thread may be about to record a call. */
	if (self->worker.class.ring_bytes)
		self->worker.slot = NULL;
	else
		slot_unmap(&self->worker);
}

void worker_executes(struct self *self)
{
	struct note_facts facts = { .reason = EXIT_EXEC,
				    .code = -1,
				    .pid = (uint32_t)self->pid,
				    .confined = self->confined };

	if (!worker_is(self))
		return;
	slot_note_own(&self->worker, &facts);
	worker_change(self, CLAIM_RUNNING, CLAIM_EXECUTING);
}

/* The note of the exec is taken back by a newer one. */
void worker_stays(struct self *self)
{
	struct note_facts facts = { .code = -1,
				    .after_signal = self->last_signal,
				    .pid = (uint32_t)self->pid,
				    .confined = self->confined };

	if (!worker_is(self))
		return;
	slot_note_own(&self->worker, &facts);
	worker_change(self, CLAIM_EXECUTING, CLAIM_RUNNING);
}

void worker_stops(struct self *self)
{
	if (worker_is(self))
		worker_change(self, CLAIM_RUNNING, CLAIM_STOPPED);
}

/* Young, it was only on its way here. */
void worker_was(struct slot_ref *slot, const struct start_block *start)
{
	bool young = clock_boot_ns() < start->boot_ns + START_SETTLES_NS;

	slot_change(slot, start->pid, CLAIM_EXECUTING, young ? CLAIM_VOID : CLAIM_ENDED);
	slot_change(slot, start->pid, CLAIM_RUNNING, young ? CLAIM_VOID : CLAIM_ENDED);
}
