/*
 * A request's body, collected and unpacked within bounds. One thread.
 */
#ifndef BOOKEND_COLLECTOR_BODY_H
#define BOOKEND_COLLECTOR_BODY_H

#include <stddef.h>

#define BODY_BYTES    (4u << 20)  /* on the wire */
#define BODY_INFLATED (16u << 20) /* after gzip */
#define BODY_SWALLOWED                                                                             \
	(64u                                                                                       \
	 << 20) /* of a body that is refused: read and thrown away, so that the client sees why */

struct body {
	char *data;
	size_t length;
	size_t capacity;
};

/* 0; -E2BIG: it would be longer than limit; -ENOMEM. */
int body_add(struct body *body, const char *bytes, size_t length, size_t limit);
/* Gzip (RFC 1952, one member or more) into an empty body. -E2BIG, -ENOMEM; -EBADMSG: no gzip,
 * damaged, or cut. */
int body_inflate(const struct body *packed, struct body *into, size_t limit);
void body_free(struct body *body);

#endif
