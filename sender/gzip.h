/*
 * A body as one gzip member (RFC 1952), by zlib.
 */
#ifndef BOOKEND_SENDER_GZIP_H
#define BOOKEND_SENDER_GZIP_H

#include "sender/buffer.h"

/* Appends; 0, or -ENOMEM with nothing appended. */
int gzip_add(struct buffer *into, void *bytes, size_t length);

#endif
