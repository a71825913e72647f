/*
 * A growing set of event ids.
 */
#ifndef BOOKEND_SENDER_SEEN_H
#define BOOKEND_SENDER_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seen {
	uint64_t *slot; /* half of an id each, 0 empty: ids are random bits */
	size_t slots;	/* a power of two */
	size_t used;
};

/* True when the id is new (also when memory ran out: better twice than never). */
bool seen_add(struct seen *seen, const uint8_t id[16]);
void seen_free(struct seen *seen);

#endif
