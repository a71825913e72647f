/*
 * Encoders: events into a request's body. One file and one const struct each, listed in
 * encode_all.def; no I/O, no state between calls. Endpoints, limits and field names come from the
 * receivers' own documents (Segment's HTTP tracking API).
 */
#ifndef BOOKEND_SENDER_ENCODE_H
#define BOOKEND_SENDER_ENCODE_H

#include "policy/late.h"
#include "sender/buffer.h"
#include "sender/event.h"

struct encoder {
	enum late_format format;
	const char *name;
	const char *content_type;
	const char
		*path_single; /* appended to a URL without a path, for a batch of 1 and for more */
	const char *path_batch;
	bool lines;	      /* one event a line: a file takes it */
	uint32_t event_bytes; /* of one encoded event, 0: no limit */
	uint32_t batch_bytes; /* of a body, 0: no limit */
	/* single: the destination's batch is 1. Between begin and end any number of events, `first`
	 * tells the first. */
	void (*begin)(struct buffer *into, bool single);
	void (*event)(struct buffer *into, const struct event *event, bool single, bool first);
	void (*end)(struct buffer *into, bool single, uint64_t now_ns);
};

const struct encoder *encode_find(enum late_format format);

/* The native event, one JSON object without a newline: ndjson, json, `tail` and poison.ndjson. */
void encode_native(struct buffer *into, const struct event *event);

#endif
