/*
 * The bounds of what waits: per destination so many bytes of segments and so old, and what is over
 * it is dropped, oldest first, and counted. One thread.
 */
#ifndef BOOKEND_SENDER_BOUNDS_H
#define BOOKEND_SENDER_BOUNDS_H

#include "sender/images.h"
#include "sender/spool.h"
#include "sender/stats.h"

void bounds_apply(struct spool *spool, struct images *images, struct stats *stats);

#endif
