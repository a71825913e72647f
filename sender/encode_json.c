/*
 * json: the native event as the body, or an array of them when a request takes more than one.
 */
#include "sender/encode.h"

extern const struct encoder encode_json;

static void begin(struct buffer *into, const struct encode_how *how)
{
	if (!how->single)
		buffer_add(into, "[", 1);
}

static void add(struct buffer *into, const struct event *event, const struct encode_how *how)
{
	encode_native_as(into, event, how->time == TIME_OWN ? TIME_RFC3339_US : how->time);
}

static void end(struct buffer *into, const struct encode_how *how, uint64_t now_ns)
{
	(void)now_ns;
	if (!how->single)
		buffer_add(into, "]", 1);
}

const struct encoder encode_json = {
	.format = FORMAT_JSON,
	.name = "json",
	.content_type = "application/json",
	.path_single = "",
	.path_batch = "",
	.auth = AUTH_BEARER,
	.begin = begin,
	.event = add,
	.end = end,
};
