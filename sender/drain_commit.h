/*
 * The end of a pass: what was gathered goes to the disk, and then the claims that it came from are
 * given up as done; and the same for a drainer that was killed in between. Part of drain.c's work.
 * One thread.
 */
#ifndef BOOKEND_SENDER_DRAIN_COMMIT_H
#define BOOKEND_SENDER_DRAIN_COMMIT_H

#include "sender/drain.h"

/* 0, or -errno of the spool: what was not written stays in its slots. */
int drain_commit_held(struct drain *drain);

/* What moments remembered, now that their events are durable. */
void drain_commit_memory(struct drain *drain);

/* What stands before it of that moment does not count. */
void drain_void(struct segment *segment, uint64_t lifecycle, uint32_t moments);

/* Before a start's or stop's claim is committed: what receivers know as begun. wait: durable. */
void drain_keep_open(struct drain *drain, const struct slot_ref *ref, unsigned moments,
		     uint32_t events, bool wait);

#endif
