/*
 * Memory that is only ever added to: a cursor over the caller's bytes. It refuses, and remembers,
 * what does not fit. No allocation; any thread, any world.
 */
#ifndef BOOKEND_POLICY_ARENA_H
#define BOOKEND_POLICY_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct arena {
	uint8_t *data;
	size_t used, capacity;
	bool full; /* something was refused */
};

struct arena arena_init(void *data, size_t capacity);

/* Aligned to 8, not cleared; NULL when it does not fit. */
void *arena_take(struct arena *a, size_t bytes);

/* Gives back what was taken last, all but its first bytes. */
void arena_shorten(struct arena *a, const void *last, size_t bytes);

/* A NUL-terminated copy. */
char *arena_copy(struct arena *a, const char *bytes, size_t length);

/*
 * All that is left as a text buffer. Between these two calls nothing else may be taken.
 * arena_keep() gives back what the text did not use and returns it, or NULL when it was truncated.
 */
struct text arena_text(struct arena *a);
char *arena_keep(struct arena *a, const struct text *t);

#endif
