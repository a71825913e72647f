/*
 * The compiler's memory: taken piece by piece, given back all at once. heap_take() never returns
 * NULL: when the system has no more it jumps to heap->full, which the caller has set.
 */
#ifndef BOOKEND_POLICY_COMPILE_HEAP_H
#define BOOKEND_POLICY_COMPILE_HEAP_H

#include <setjmp.h>
#include <stddef.h>

struct heap_chunk;

struct heap {
	struct heap_chunk *chunk; /* NULL at first */
	size_t used;
	jmp_buf full;
};

/* Zeroed, aligned to 16. */
void *heap_take(struct heap *h, size_t bytes);
char *heap_text(struct heap *h, const char *bytes, size_t length);
void heap_fini(struct heap *h);

/* Room for one more element in an array that doubles: the array, moved when it had to grow. */
void *heap_grow(struct heap *h, void *array, unsigned count, size_t size);

#endif
