/*
 * A bounded text buffer over the caller's memory: it truncates, remembers that it did, and always
 * stays NUL-terminated. No allocation, no locale: any thread, any world, signal handlers too.
 */
#ifndef BOOKEND_BASE_TEXT_H
#define BOOKEND_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *data;	 /* the caller's; NUL-terminated after every call */
	size_t length;	 /* bytes before the NUL */
	size_t capacity; /* bytes of data, the NUL included; at least 1 */
	bool truncated;	 /* something did not fit */
};

struct text text_init(char *data, size_t capacity);
void text_add(struct text *t, const char *string);
void text_add_bytes(struct text *t, const char *bytes, size_t length);
void text_add_char(struct text *t, char c);
void text_add_unsigned(struct text *t, uint64_t number);
void text_add_signed(struct text *t, int64_t number);
/* number / 10^places, without zeros at its end: 1500 with 3 places is 1.5. */
void text_add_decimal(struct text *t, int64_t number, unsigned places);
void text_add_hex(struct text *t, const uint8_t *bytes, size_t length);
/* RFC 3339 in UTC, e.g. 2026-11-21T10:00:00.000001Z; digits of the second: 0, 3, 6 or 9. */
void text_add_time(struct text *t, uint64_t unix_ns, unsigned digits);
/* A JSON string with its quotes (RFC 8259); bytes that are not UTF-8 become U+FFFD. */
void text_add_json(struct text *t, const char *bytes, size_t length);
void text_clear(struct text *t);

/* Bytes of the well-formed UTF-8 sequence (RFC 3629) of two or more at s, 0: there is none. */
size_t text_utf8(const uint8_t *s, size_t left);

#endif
