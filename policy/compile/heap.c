/*
 * Chunks in a list.
 */
#include "policy/compile/heap.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES (256u << 10)

struct heap_chunk {
	struct heap_chunk *next;
	size_t bytes;
	_Alignas(16) unsigned char data[];
};

void *heap_take(struct heap *h, size_t bytes)
{
	bytes = (bytes + 15) & ~(size_t)15;
	if (h->chunk == NULL || bytes > h->chunk->bytes - h->used) {
		size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
		struct heap_chunk *chunk = calloc(1, sizeof(*chunk) + room);

		if (chunk == NULL)
			longjmp(h->full, 1);
		chunk->next = h->chunk;
		chunk->bytes = room;
		h->chunk = chunk;
		h->used = 0;
	}
	h->used += bytes;
	return h->chunk->data + h->used - bytes;
}

char *heap_text(struct heap *h, const char *bytes, size_t length)
{
	char *copy = heap_take(h, length + 1);

	memcpy(copy, bytes, length);
	return copy;
}

void heap_fini(struct heap *h)
{
	while (h->chunk != NULL) {
		struct heap_chunk *next = h->chunk->next;

		free(h->chunk);
		h->chunk = next;
	}
}

void *heap_grow(struct heap *h, void *array, unsigned count, size_t size)
{
	void *grown;

	/* Full at 0 and at each power of two from 4 on. */
	if (count != 0 && (count < 4 || (count & (count - 1)) != 0))
		return array;
	grown = heap_take(h, (count < 4 ? 4 : 2u * count) * size);
	if (count > 0)
		memcpy(grown, array, count * size);
	return grown;
}
