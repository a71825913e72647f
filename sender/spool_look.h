/*
 * The spool seen by somebody who owns none of it: for `status` and `tail`. Takes no lock and
 * changes nothing.
 */
#ifndef BOOKEND_SENDER_SPOOL_LOOK_H
#define BOOKEND_SENDER_SPOOL_LOOK_H

#include "sender/segment.h"
#include "sender/sender.h"

/* Every segment of both folders, loaded, for the length of the call. 0 or -errno of the folders. */
int spool_look_each(const struct sender_options *options,
		    void (*call)(void *context, const struct segment *segment), void *context);
/* sender_api.spool */
int spool_look(const struct sender_options *options, struct sender_spool *into);

#endif
