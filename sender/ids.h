/*
 * Identifiers that live in the state directory, or where a policy says: the installation's, and one
 * for each key. Each is made once, 0600, by whoever comes first; the key itself is never stored.
 * One thread; any number of processes.
 */
#ifndef BOOKEND_SENDER_IDS_H
#define BOOKEND_SENDER_IDS_H

#include <stddef.h>

#include "policy/eval.h"

struct ids {
	const char *state;
};

/* late_process.id with a struct ids as its context. -EINVAL: no such kind; -errno: it can neither
 * be read nor made. */
int ids_get(void *ids, const struct eval_id *id, char *into, size_t capacity);

#endif
