/*
 * ndjson: native events, one a line, to a file or by HTTP.
 */
#include "sender/encode.h"

extern const struct encoder encode_ndjson;

static void begin(struct buffer *into, bool single)
{
	(void)into;
	(void)single;
}

static void add(struct buffer *into, const struct event *event, bool single, bool first)
{
	(void)single;
	(void)first;
	encode_native(into, event);
	buffer_add(into, "\n", 1);
}

static void end(struct buffer *into, bool single, uint64_t now_ns)
{
	(void)into;
	(void)single;
	(void)now_ns;
}

const struct encoder encode_ndjson = {
	.format = FORMAT_NDJSON,
	.name = "ndjson",
	.content_type = "application/x-ndjson",
	.path_single = "",
	.path_batch = "",
	.lines = true,
	.begin = begin,
	.event = add,
	.end = end,
};
