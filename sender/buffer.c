/*
 * Growing buffers; texts are written by base/text.h into room that always suffices.
 */
#include "sender/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static char *grow(struct buffer *b, size_t bytes)
{
	size_t want = b->length + bytes;
	size_t capacity = b->capacity ? b->capacity : 1024;
	char *data;

	if (b->failed)
		return NULL;
	while (capacity < want)
		capacity *= 2;
	data = realloc(b->data, capacity);
	if (!data) {
		b->failed = true;
		return NULL;
	}
	b->data = data;
	b->capacity = capacity;
	return data + b->length;
}

char *buffer_room(struct buffer *b, size_t bytes)
{
	if (bytes > b->capacity - b->length || !b->data || b->failed)
		return grow(b, bytes);
	return b->data + b->length;
}

void buffer_add(struct buffer *b, const void *bytes, size_t length)
{
	char *room = buffer_room(b, length);

	if (!room || !length)
		return;
	memcpy(room, bytes, length);
	b->length += length;
}

void buffer_unsigned(struct buffer *b, uint64_t number)
{
	char *room = buffer_room(b, 24);
	struct text t;

	if (!room)
		return;
	t = text_init(room, 24);
	text_add_unsigned(&t, number);
	b->length += t.length;
}

void buffer_json(struct buffer *b, const char *text, size_t length)
{
	size_t most = 6 * length + 3; /* every byte may become \u00XX or U+FFFD */
	char *room = buffer_room(b, most);
	struct text t;

	if (!room)
		return;
	t = text_init(room, most);
	text_add_json(&t, text, length);
	b->length += t.length;
}

void buffer_time(struct buffer *b, uint64_t unix_ns, unsigned digits)
{
	char *room = buffer_room(b, 48);
	struct text t;

	if (!room)
		return;
	t = text_init(room, 48);
	text_add_char(&t, '"');
	text_add_time(&t, unix_ns, digits);
	text_add_char(&t, '"');
	b->length += t.length;
}

void buffer_clear(struct buffer *b)
{
	b->length = 0;
	b->failed = false;
}

void buffer_free(struct buffer *b)
{
	free(b->data);
	*b = (struct buffer){ 0 };
}
