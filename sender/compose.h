/*
 * The body of a request, from the events of a route: what the format writes, with what the
 * destination leaves out, puts over it, or says instead. No I/O; one thread.
 */
#ifndef BOOKEND_SENDER_COMPOSE_H
#define BOOKEND_SENDER_COMPOSE_H

#include "sender/route.h"

/* Into route->body: begin, any number of events, end. body.failed: out of memory. */
void compose_begin(struct route *route);
/* first: none of the body's events stands before it. */
void compose_event(struct route *route, const struct event *event, bool first);
void compose_end(struct route *route, uint64_t now_ns);

#endif
