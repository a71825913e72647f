/*
 * segment: Segment's HTTP tracking API. A batch of 1 is one object for /v1/track, more are
 * {"batch":[...],"sentAt"} for /v1/batch; 32 KB an event and 500 KB a batch. userId is left out
 * when there is none: empty and null mean something else there.
 */
#include "sender/encode.h"

#include <string.h>

extern const struct encoder encode_segment;

static void begin(struct buffer *into, const struct encode_how *how)
{
	if (!how->single)
		buffer_text(into, "{\"batch\":[");
}

static void add(struct buffer *into, const struct event *event, const struct encode_how *how)
{
	char id[IDENTITY_TEXT];

	identity_text(&event->id, id);
	buffer_text(into, how->single ? "{" : "{\"type\":\"track\",");
	buffer_text(into, "\"messageId\":\"");
	buffer_add(into, id, IDENTITY_TEXT - 1);
	buffer_text(into, "\"");
	encode_text(into, ",\"userId\":", event->user);
	encode_text(into, ",\"anonymousId\":", event->session);
	encode_text(into, ",\"event\":", event->name);
	buffer_text(into, ",\"properties\":");
	buffer_add(into, event->properties.text, event->properties.length);
	if (event->context.text) {
		buffer_text(into, ",\"context\":");
		buffer_add(into, event->context.text, event->context.length);
	}
	buffer_text(into, ",\"timestamp\":");
	encode_time(into, event->time_ns, how, TIME_RFC3339_MS);
	buffer_text(into, "}");
}

static void end(struct buffer *into, const struct encode_how *how, uint64_t now_ns)
{
	if (how->single)
		return;
	buffer_text(into, "],\"sentAt\":");
	encode_time(into, now_ns, how, TIME_RFC3339_MS);
	buffer_text(into, "}");
}

const struct encoder encode_segment = {
	.format = FORMAT_SEGMENT,
	.name = "segment",
	.content_type = "application/json",
	.path_single = "/v1/track",
	.path_batch = "/v1/batch",
	.auth = AUTH_BASIC,
	.event_bytes = 32 * 1024,
	.batch_bytes = 500 * 1000,
	.begin = begin,
	.event = add,
	.end = end,
};
