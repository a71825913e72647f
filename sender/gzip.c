/*
 * gzip in one step: the bound is known beforehand.
 */
#include "sender/gzip.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* 16: a gzip header instead of zlib's */

int gzip_add(struct buffer *into, void *bytes, size_t length)
{
	z_stream stream = { 0 }; /* its next_in is not const, and not written */
	size_t bound;
	char *room;
	int r;

	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	bound = deflateBound(&stream, length) + 32;
	room = buffer_room(into, bound);
	if (!room) {
		deflateEnd(&stream);
		return -ENOMEM;
	}
	stream.next_in = bytes;
	stream.avail_in = (uInt)length;
	stream.next_out = (Bytef *)room;
	stream.avail_out = (uInt)bound;
	r = deflate(&stream, Z_FINISH);
	deflateEnd(&stream);
	if (r != Z_STREAM_END)
		return -ENOMEM;
	into->length += bound - stream.avail_out;
	return 0;
}
