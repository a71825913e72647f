/*
 * One evaluated event as the sender handles it: packed into a spool record and read back from one.
 * The texts are views into the record's bytes (or the evaluator's arena), not NUL-terminated. One
 * thread.
 */
#ifndef BOOKEND_SENDER_EVENT_H
#define BOOKEND_SENDER_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/identity.h"
#include "policy/late.h"
#include "sender/buffer.h"

struct view {
	const char *text; /* NULL: absent */
	uint32_t length;
};

struct event {
	struct identity id;
	uint64_t lifecycle;
	uint64_t time_ns;
	uint64_t routes; /* bits of the segment's routes */
	uint32_t pid;
	uint32_t moment; /* as in the spool: SPOOL_MOMENT() */
	struct view name, service, kind, session, user;
	struct view context, properties; /* JSON objects */
	struct view secrets;		 /* values in it that are not to be shown, a line each */
	struct view each; /* JSON: what the destination at hand gets instead or over it */
};

void event_from_late(struct event *into, const struct late_event *from, uint64_t lifecycle,
		     uint32_t moment);
/* Appends the payload of a SPOOL_EVENT record. */
void event_pack(const struct event *event, struct buffer *into);
/* Behind event_pack(): what the route of that number in the segment gets. */
void event_pack_each(const char *each, uint32_t route, struct buffer *into);
/* 0, or -EBADMSG: the bytes are no event. Views point into bytes; each is absent. */
int event_unpack(const uint8_t *bytes, size_t length, struct event *into);
/* The same bytes: what event_pack_each() put there for that route. */
struct view event_each(const uint8_t *bytes, size_t length, uint32_t route);

#endif
