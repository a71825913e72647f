/*
 * Schedules per installation, as the drainer of any process of the service sees them: what the
 * process counted goes into the schedule's sums, and when its time has come its event is made,
 * once, for all of them. Part of drain.c's work. One thread.
 */
#ifndef BOOKEND_SENDER_DRAIN_SCHEDULES_H
#define BOOKEND_SENDER_DRAIN_SCHEDULES_H

#include "sender/drain_group.h"

/* Has the service of a process any? A look at them takes longer than one at its slot. */
bool drain_has_schedules(const struct image *image, const struct start_block *start);

/* Looks at the schedules of the group's service; those that are due are made by
 * drain_make_schedules(). At the end of the process, group->stop: before its stop is committed,
 * which waits (-EAGAIN) while another drainer holds the sums that its counts go to. */
int drain_look_at_schedules(struct drain *drain, const struct drain_group *group);

/* Before a commit, and before others may need the lock: what was added is on the disk. */
void drain_save_schedules(struct drain *drain);

/* Behind a commit: makes what is due, each durable by itself. */
void drain_make_schedules(struct drain *drain);

void drain_free_schedules(struct drain *drain);

#endif
