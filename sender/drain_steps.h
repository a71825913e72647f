/*
 * What a life makes between its start and its stop: calls from the ring, and turns of schedules.
 * Each is a step: its events are in the segment first, and it is committed by one compare-and-swap
 * in the slot, so that of two drainers one has it. Part of drain.c's work. One thread.
 */
#ifndef BOOKEND_SENDER_DRAIN_STEPS_H
#define BOOKEND_SENDER_DRAIN_STEPS_H

#include "sender/drain_group.h"

/* Under the claim of the group's slot: appends events and marks, and the steps to drain->step. 0,
 * or -errno: then nothing of it counts. dead: holes in the ring are passed by for good. */
int drain_write_calls(struct drain *drain, const struct drain_group *group, bool dead);
int drain_write_ticks(struct drain *drain, const struct drain_group *group);

/* Is there anything of that to do? Looks only. */
bool drain_has_steps(const struct drain_group *group);
bool drain_tick_is_due(const struct drain_group *group);

/* Off: what the ring holds is passed by. */
void drain_discard_calls(struct drain *drain, struct slot_ref *ref, bool dead);

/* The segment holds it: false, another drainer had it, and what was written does not count. */
bool drain_commit_step(struct drain *drain, struct slot_ref *ref, const struct drain_step *step);
/* The segment does not hold it after all. */
void drain_forget_step(struct drain *drain, const struct slot_ref *ref,
		       const struct drain_step *step);
/* For settling: has the slot not moved past the mark's step yet? */
bool drain_step_is_open(const struct slot_ref *ref, const struct spool_mark *mark);

/* late_process.since: what came since the event was last made; its context is the drain. */
void drain_since(void *drain, uint32_t event, uint32_t measure, uint64_t *total);

/* The process is over: what was kept for its ticks goes. */
void drain_end_ticks(struct drain *drain, const struct slot_ref *ref);

#endif
