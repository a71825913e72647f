/*
 * Encoders: events into a request's body. One file and one const struct each, listed in
 * encode_all.def; no I/O, no state between calls. Endpoints, limits and field names come from the
 * receivers' own documents (Segment's HTTP tracking API,
 * PostHog's capture API).
 */
#ifndef BOOKEND_SENDER_ENCODE_H
#define BOOKEND_SENDER_ENCODE_H

#include "policy/late.h"
#include "sender/buffer.h"
#include "sender/event.h"

struct encode_how {
	bool single;	     /* the destination's batch is 1 */
	enum time_form time; /* TIME_OWN: the format's */
};

struct encoder {
	enum late_format format;
	const char *name;
	const char *content_type;
	const char
		*path_single; /* appended to a URL without a path, for a batch of 1 and for more */
	const char *path_batch;
	enum late_auth auth;   /* when the policy says nothing */
	const char *auth_name; /* of it, NULL: none */
	bool lines;	       /* one event a line: a file takes it; else a comma between two */
	uint32_t event_bytes;  /* of one encoded event, 0: no limit */
	uint32_t batch_bytes;  /* of a body, 0: no limit */
	/* Around the events of a request, and one of them, an object. */
	void (*begin)(struct buffer *into, const struct encode_how *how);
	void (*event)(struct buffer *into, const struct event *event, const struct encode_how *how);
	void (*end)(struct buffer *into, const struct encode_how *how, uint64_t now_ns);
};

const struct encoder *encode_find(enum late_format format);

/* The native event, one JSON object without a newline: ndjson, json, `tail` and poison.ndjson. */
void encode_native(struct buffer *into, const struct event *event);
/* The same with its time in another form. */
void encode_native_as(struct buffer *into, const struct event *event, enum time_form form);
/* A time as JSON; own is the format's form. */
void encode_time(struct buffer *into, uint64_t unix_ns, const struct encode_how *how,
		 enum time_form own);
/* ,"key":"text", nothing when it is absent. */
void encode_text(struct buffer *into, const char *key, struct view text);

#endif
