/*
 * What stands behind struct decision: shared by decide.c and snapshot.c only. Lives in the
 * decision's arena.
 */
#ifndef BOOKEND_POLICY_DECIDED_H
#define BOOKEND_POLICY_DECIDED_H

#include "policy/node.h"

/* What a snapshot may grow to: the payload of a command's cell in the hot pool. */
#define DECIDE_PAYLOAD_MAX 3072

struct decided {
	struct section now;
	const char *path; /* of the image */
};

#endif
