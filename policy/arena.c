/*
 * The arena's cursor.
 */
#include "policy/arena.h"

#include <string.h>

struct arena arena_init(void *data, size_t capacity)
{
	size_t skew = (8 - (uintptr_t)data % 8) % 8;

	if (capacity < skew)
		return (struct arena){ .data = data };
	return (struct arena){ .data = (uint8_t *)data + skew, .capacity = capacity - skew };
}

static void arena_move(struct arena *a, size_t used)
{
	used += (8 - used % 8) % 8;
	a->used = used < a->capacity ? used : a->capacity;
}

void *arena_take(struct arena *a, size_t bytes)
{
	void *taken = a->data + a->used;

	if (bytes > a->capacity - a->used) {
		a->full = true;
		return NULL;
	}
	arena_move(a, a->used + bytes);
	return taken;
}

void arena_shorten(struct arena *a, const void *last, size_t bytes)
{
	arena_move(a, (size_t)((const uint8_t *)last - a->data) + bytes);
}

char *arena_copy(struct arena *a, const char *bytes, size_t length)
{
	char *copy = arena_take(a, length + 1);

	if (copy != NULL) {
		memcpy(copy, bytes, length);
		copy[length] = '\0';
	}
	return copy;
}

struct text arena_text(struct arena *a)
{
	static char nothing[1];

	if (a->used == a->capacity)
		return text_init(nothing, sizeof(nothing));
	return text_init((char *)a->data + a->used, a->capacity - a->used);
}

char *arena_keep(struct arena *a, const struct text *t)
{
	if (t->truncated || a->used == a->capacity) {
		a->full = true;
		return NULL;
	}
	return arena_take(a, t->length + 1);
}
