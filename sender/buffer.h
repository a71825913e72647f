/*
 * A growing byte buffer of the sender's world. When memory runs out it keeps what it has, remembers
 * `failed`, and every later addition is a no-op: callers look once, at the end. One thread.
 */
#ifndef BOOKEND_SENDER_BUFFER_H
#define BOOKEND_SENDER_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buffer {
	char *data;
	size_t length;
	size_t capacity;
	bool failed;
};

/* Room for that many bytes behind the end, or NULL; they count once the caller has added to length.
 */
char *buffer_room(struct buffer *b, size_t bytes);
void buffer_add(struct buffer *b, const void *bytes, size_t length);
/* Inline, so that the length of a literal is known. */
static inline void buffer_text(struct buffer *b, const char *text)
{
	buffer_add(b, text, strlen(text));
}
void buffer_unsigned(struct buffer *b, uint64_t number);
/* A JSON string with its quotes. */
void buffer_json(struct buffer *b, const char *text, size_t length);
/* RFC 3339 in UTC with quotes; digits of the second: 0, 3, 6 or 9. */
void buffer_time(struct buffer *b, uint64_t unix_ns, unsigned digits);
void buffer_clear(struct buffer *b);
void buffer_free(struct buffer *b);

#endif
