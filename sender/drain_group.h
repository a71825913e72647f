/*
 * One lifecycle's new moments, evaluated and appended as groups to a segment. Part of drain.c's
 * work. One thread.
 */
#ifndef BOOKEND_SENDER_DRAIN_GROUP_H
#define BOOKEND_SENDER_DRAIN_GROUP_H

#include "sender/drain.h"

struct drain_group {
	uint64_t lifecycle;
	const struct start_block *start; /* its payload lies in drain->payload */
	const struct image *image;
	const struct stop_facts *stop; /* NULL: only its start */
	unsigned moments;	       /* DRAIN_DONE_... to write */
};

/* All of it or, with -errno, nothing; -EINTR: a probe was broken off. The number of events goes to
 * drain->events. */
int drain_write_group(struct drain *drain, const struct drain_group *group, struct segment **into);

#endif
