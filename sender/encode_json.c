/*
 * json: the native event as the body, or an array of them when a request takes more than one.
 */
#include "sender/encode.h"

extern const struct encoder encode_json;

static void begin(struct buffer *into, bool single)
{
	if (!single)
		buffer_add(into, "[", 1);
}

static void add(struct buffer *into, const struct event *event, bool single, bool first)
{
	(void)single;
	if (!first)
		buffer_add(into, ",", 1);
	encode_native(into, event);
}

static void end(struct buffer *into, bool single, uint64_t now_ns)
{
	(void)now_ns;
	if (!single)
		buffer_add(into, "]", 1);
}

const struct encoder encode_json = {
	.format = FORMAT_JSON,
	.name = "json",
	.content_type = "application/json",
	.path_single = "",
	.path_batch = "",
	.begin = begin,
	.event = add,
	.end = end,
};
