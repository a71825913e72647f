/*
 * What stands behind struct decision: shared by decide.c and snapshot.c only. Lives in the
 * decision's arena.
 */
#ifndef BOOKEND_POLICY_DECIDED_H
#define BOOKEND_POLICY_DECIDED_H

#include "policy/node.h"

/* What a snapshot may grow to: a command's stays in the smallest cell of the hot pool. */
#define DECIDED_COMMAND_MAX 3072
#define DECIDED_SERVICE_MAX (16 * 1024)

struct decided {
	struct section now;
	struct section child; /* of the service whose child it is; no bytes: none */
	const char *path;     /* of the image */
};

#endif
