/*
 * The schedules that a drainer has open: from its first look in a pass to the pass's commit, under
 * the one lock, so that each is read and written once for all processes that it counts. One thread.
 */
#ifndef BOOKEND_SENDER_SCHEDULE_SET_H
#define BOOKEND_SENDER_SCHEDULE_SET_H

#include "sender/schedule.h"

#define SCHEDULE_SET 16 /* more are saved and closed in between */

struct schedule_set {
	const char *state;
	int lock; /* while any is open */
	struct schedule open[SCHEDULE_SET];
	unsigned count;
};

/* The one of that event, for as long as no other is asked for. NULL and *error: -EBUSY: another
 * drainer is at them; other -errno. */
struct schedule *schedule_set_get(struct schedule_set *set, const char *service, const char *label,
				  int *error);
/* Saves what changed, closes all and gives the lock back. 0, or the first -errno. */
int schedule_set_close(struct schedule_set *set);

#endif
