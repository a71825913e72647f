/*
 * What one lifecycle has that is new, evaluated and appended as groups to a segment. Part of
 * drain.c's work. One thread.
 */
#ifndef BOOKEND_SENDER_DRAIN_GROUP_H
#define BOOKEND_SENDER_DRAIN_GROUP_H

#include "sender/drain.h"

struct drain_group {
	uint64_t lifecycle;
	const struct start_block *start; /* its payload lies in drain->payload */
	const struct image *image;
	const struct stop_facts *stop; /* NULL: it is not over */
	unsigned moments;	       /* DRAIN_DONE_... to write */
	/* Its slot, under our claim: for what is between start and stop. NULL: those two only. */
	struct slot_ref *ref;
	bool untrusted; /* whatever its slot says: drain_schedules.c */
};

/*
 * All of it or, with -errno, nothing; -EINTR: a probe was broken off. The number of events goes to
 * drain->events, the steps between start and stop to the end of drain->step. *into: the segment,
 * NULL when nothing was to write.
 */
int drain_write_group(struct drain *drain, const struct drain_group *group, struct segment **into);

/* The events of one moment, without its mark. moment: as in the spool. */
int drain_write_moment(struct drain *drain, const struct drain_group *group, enum late_moment which,
		       uint32_t moment);

/* What follows is about this group: drain->group, and drain->measures of its slot. */
void drain_open_measures(struct drain *drain, const struct drain_group *group);

int drain_add_step(struct drain *drain, const struct drain_step *step);

#endif
