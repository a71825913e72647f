/*
 * Hiding secrets in what is shown: wherever one of them stands, it reads (secret). One thread.
 */
#ifndef BOOKEND_SENDER_MASK_H
#define BOOKEND_SENDER_MASK_H

#include "sender/buffer.h"

#define MASK_MOST 64

struct mask {
	struct buffer text; /* of them all, as they are and as they stand in JSON */
	struct {
		size_t at, length; /* in text */
		size_t json, json_length;
	} secret[MASK_MOST];
	unsigned count;
	/* By byte: may a secret begin with it, in a text and, where a backslash counts as well, in
	 * JSON? There none begins with a quote. */
	bool stops[256], json_stops[256];
	bool all; /* there are more than could be kept: nothing is to be shown */
};

/* secrets: a line each; key: one more, "" for none. 0 or -ENOMEM. */
int mask_init(struct mask *mask, const struct buffer *secrets, const char *key);
void mask_fini(struct mask *mask);

/* Appends the text with the secrets hidden. In JSON text strings stay strings, and a number that
 * is one becomes one. */
void mask_text(const struct mask *mask, struct buffer *into, const char *text, size_t length);
void mask_json(const struct mask *mask, struct buffer *into, const char *text, size_t length);

#endif
