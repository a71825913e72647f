/*
 * ndjson: native events, one a line, to a file, a socket or by HTTP.
 */
#include "sender/encode.h"

extern const struct encoder encode_ndjson;

static void begin(struct buffer *into, const struct encode_how *how)
{
	(void)into;
	(void)how;
}

static void add(struct buffer *into, const struct event *event, const struct encode_how *how)
{
	encode_native_as(into, event, how->time == TIME_OWN ? TIME_RFC3339_US : how->time);
}

static void end(struct buffer *into, const struct encode_how *how, uint64_t now_ns)
{
	(void)into;
	(void)how;
	(void)now_ns;
}

const struct encoder encode_ndjson = {
	.format = FORMAT_NDJSON,
	.name = "ndjson",
	.content_type = "application/x-ndjson",
	.path_single = "",
	.path_batch = "",
	.auth = AUTH_BEARER,
	.lines = true,
	.begin = begin,
	.event = add,
	.end = end,
};
