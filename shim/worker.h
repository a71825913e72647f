/*
 * Forked workers, when the policy has `worker` triggers: a fork of a service that goes on as the
 * same program has a slot of its own beside the service's, whose lifecycle it may still inherit
 * (handover.h). It is claimed in the fork handler of the child, before anybody can know what the
 * fork is for: an exec and a hand-over make it none, base/drain_worker.h the rest. A fork that
 * could have none is counted, and has no events. Raw clone, _Fork and vfork make no workers, nor do
 * processes under a filter of system calls or with another user or root than the service began
 * with.
 *
 * Functions take a record that is the caller's and do nothing when it is no worker. But for
 * worker_begin() they are stores only.
 */
#ifndef BOOKEND_SHIM_WORKER_H
#define BOOKEND_SHIM_WORKER_H

#include "shim/self.h"

/* In the child of a fork; ours: it has no part in a daemon's beginning yet. Never blocks. */
void worker_begin(struct self *self);
/* In every child of a fork: what it has of its parent, a worker, is not its own. */
void worker_forget(struct self *self);

/* The slot in which a forked worker records its calls: its own, claimed now when it has none. NULL:
 * there is none to be had. */
struct slot_ref *worker_ring(struct self *self);

/* It owns the service's lifecycle now, or is the step to who will: it was no worker. */
void worker_is_none(struct self *self);

void worker_executes(struct self *self);
void worker_stays(struct self *self);
void worker_stops(struct self *self);

/* After an exec: the slot that our former image had as a worker. */
void worker_was(struct slot_ref *slot, const struct start_block *start);

#endif
