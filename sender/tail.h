/*
 * `bookend tail`: everything in pool and spool as native events, without a claim or a lock. One
 * thread.
 */
#ifndef BOOKEND_SENDER_TAIL_H
#define BOOKEND_SENDER_TAIL_H

#include "sender/sender.h"

/* sender_api.tail */
int tail_run(const struct sender_options *options,
	     void (*line)(void *context, const char *json, uint32_t length));

#endif
