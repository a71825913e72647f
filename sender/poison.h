/*
 * Events that a receiver refuses for good: kept in poison.ndjson beside the spool's segments, at
 * most 1 MiB, for people to look at.
 */
#ifndef BOOKEND_SENDER_POISON_H
#define BOOKEND_SENDER_POISON_H

#include "sender/event.h"

#define POISON_BYTES (1u << 20)

/* folder: the spool's descriptor. status 0: it was not even sent. -EFBIG: the file is full; -errno.
 */
int poison_keep(int folder, const char *destination, const struct event *event, int status,
		const char *answer);

#endif
