/*
 * Forked workers that are none. A fork is claimed as a worker before anybody can know what it will
 * be: it may execute another program, take its parent's lifecycle over, or be the step in the
 * middle of a daemon's double fork. Drainers find out, and make its slot CLAIM_VOID. Drainers only,
 * with the whole pool mapped.
 */
#ifndef BOOKEND_BASE_DRAIN_WORKER_H
#define BOOKEND_BASE_DRAIN_WORKER_H

#include "base/slot.h"

enum drain_worker {
	DRAIN_WORKER_YES,
	DRAIN_WORKER_PERHAPS, /* it has ended, and is not old enough to say */
	DRAIN_WORKER_NO,
};

/* The worker of that start; own: the note of its end, NULL when there is none. */
enum drain_worker drain_worker_judge(const struct slot_ref *worker, const struct start_block *start,
				     const struct note *own);

/* A lifecycle is over, and its slot will be freed: those of its workers that are none by what it
 * says. */
void drain_worker_settle(const struct slot_ref *service);

#endif
