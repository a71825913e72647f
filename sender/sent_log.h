/*
 * STATE/sent: the requests of the recent past as they were made, for `bookend tail --sent`, at most
 * SENT_LOG_BYTES, the older half goes. Keys and the values of sources marked secret read (secret).
 * docs/formats.md has the format. What can not be written is not kept. One thread; any number of
 * processes.
 */
#ifndef BOOKEND_SENDER_SENT_LOG_H
#define BOOKEND_SENDER_SENT_LOG_H

#include "sender/route.h"

#define SENT_LOG_BYTES (1u << 20)
#define SENT_LOG_BODY  (256u << 10) /* of one body; what is longer is cut there */

/* The line of a request, which is done, with its newline. 0, or -errno. */
int sent_log_line(struct buffer *into, const struct route *route);

/* The route's request, which is done. */
void sent_log_add(const char *state, const struct route *route);

#endif
