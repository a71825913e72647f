/*
 * The parts of `bookend status`: each prints its sections. They only look: nothing is made, claimed
 * or repaired, and whatever lies on disk or in the pool may be damaged.
 */
#ifndef BOOKEND_TOOLS_STATUS_H
#define BOOKEND_TOOLS_STATUS_H

#include "base/paths.h"
#include "base/reasons.h"
#include "tools/listing.h"

struct status {
	struct listing list;
	char state[PATHS_MAX]; /* "" when there is none */
	int state_error;       /* of place_state() */
};

/* State directory, spool, and what processes without a pool lost. */
void status_state(struct status *status);
/* Hot pool, its counts, and the lifecycles in it. */
void status_pool(struct status *status);
/* The policy of this environment. */
void status_policy(struct status *status);
/* What each service's consent rules say, and why. */
void status_consent(struct status *status);
/* What drainers did, and how each destination answers. */
void status_delivery(struct status *status);

/* What to do about a reason; NULL when there is nothing to do. */
const char *status_advice(enum reason reason);

#endif
