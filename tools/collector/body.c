#include "tools/collector/body.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static int make_room(struct body *body, size_t more)
{
	size_t capacity = body->capacity ? body->capacity : 4096;

	while (capacity < body->length + more)
		capacity *= 2;
	if (capacity == body->capacity)
		return 0;
	char *data = realloc(body->data, capacity);
	if (!data)
		return -ENOMEM;
	body->data = data;
	body->capacity = capacity;
	return 0;
}

int body_add(struct body *body, const char *bytes, size_t length, size_t limit)
{
	if (length > limit - body->length)
		return -E2BIG;
	const int error = make_room(body, length);
	if (error)
		return error;
	memcpy(body->data + body->length, bytes, length);
	body->length += length;
	return 0;
}

void body_free(struct body *body)
{
	free(body->data);
	*body = (struct body){ 0 };
}

/* One chunk. 0: go on; 1: the last member is complete. */
static int inflate_some(z_stream *stream, struct body *into, size_t limit)
{
	unsigned char chunk[32768];

	stream->next_out = chunk;
	stream->avail_out = sizeof(chunk);
	const int result = inflate(stream, Z_NO_FLUSH);
	if (result == Z_MEM_ERROR)
		return -ENOMEM;
	if (result != Z_OK && result != Z_STREAM_END)
		return -EBADMSG;
	const int error = body_add(into, (char *)chunk, sizeof(chunk) - stream->avail_out, limit);
	if (error || result == Z_OK)
		return error;
	if (stream->avail_in == 0)
		return 1;
	return inflateReset(stream) == Z_OK ? 0 : -EBADMSG;
}

int body_inflate(const struct body *packed, struct body *into, size_t limit)
{
	z_stream stream = {
		.next_in = (unsigned char *)packed->data,
		.avail_in = (unsigned)packed->length,
	};
	int result;

	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	do
		result = inflate_some(&stream, into, limit);
	while (result == 0);
	inflateEnd(&stream);
	if (result < 0)
		body_free(into);
	return result < 0 ? result : 0;
}
