/*
 * Short secrets are hidden where they stand alone: an "a" is not to be hidden in every word.
 */
#include "sender/mask.h"

#include <errno.h>

#define SHORT 4

static const char shown[] = "(secret)";

static void add(struct mask *m, const char *secret, size_t length)
{
	size_t at = m->text.length;

	if (length == 0)
		return;
	if (m->count == MASK_MOST) {
		m->all = true;
		return;
	}
	m->secret[m->count].at = at;
	m->secret[m->count].length = length;
	buffer_add(&m->text, secret, length);
	/* Between its quotes. */
	m->secret[m->count].json = m->text.length + 1;
	buffer_json(&m->text, secret, length);
	m->secret[m->count].json_length = m->text.length - m->secret[m->count].json - 1;
	m->count++;
}

static void note_stops(struct mask *m)
{
	m->json_stops['\\'] = true;
	for (unsigned i = 0; i < m->count; i++) {
		m->stops[(unsigned char)m->text.data[m->secret[i].at]] = true;
		m->json_stops[(unsigned char)m->text.data[m->secret[i].json]] = true;
	}
}

int mask_init(struct mask *m, const struct buffer *secrets, const char *key)
{
	const char *at = secrets->data;
	const char *end = at ? at + secrets->length : at;

	*m = (struct mask){ .count = 0 };
	add(m, key, strlen(key));
	while (at < end) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		size_t length = line ? (size_t)(line - at) : (size_t)(end - at);

		/* late.c: there were too many. */
		m->all |= length == 0;
		add(m, at, length);
		at += length + 1;
	}
	if (m->text.failed) {
		mask_fini(m);
		return -ENOMEM;
	}
	note_stops(m);
	return 0;
}

void mask_fini(struct mask *m)
{
	buffer_free(&m->text);
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || (unsigned char)c >= 0x80;
}

static bool stands_alone(const char *text, size_t length, size_t at, size_t bytes)
{
	return (at == 0 || !is_word(text[at - 1])) &&
	       (at + bytes == length || !is_word(text[at + bytes]));
}

/* Bytes of the secret that stands there; 0: none does. */
static size_t secret_at(const struct mask *m, const char *text, size_t length, size_t at, bool json)
{
	size_t longest = 0;

	for (unsigned i = 0; i < m->count; i++) {
		size_t bytes = json ? m->secret[i].json_length : m->secret[i].length;
		const char *secret = m->text.data + (json ? m->secret[i].json : m->secret[i].at);

		if (bytes > length - at || bytes <= longest ||
		    memcmp(text + at, secret, bytes) != 0)
			continue;
		if (bytes >= SHORT || stands_alone(text, length, at, bytes))
			longest = bytes;
	}
	return longest;
}

void mask_text(const struct mask *m, struct buffer *into, const char *text, size_t length)
{
	size_t kept = 0; /* what stands before it is in `into` */

	for (size_t at = 0; at < length;) {
		size_t bytes = m->stops[(unsigned char)text[at]]
				       ? secret_at(m, text, length, at, false)
				       : 0;

		if (bytes) {
			buffer_add(into, text + kept, at - kept);
			buffer_text(into, shown);
			kept = at + bytes;
		}
		at += bytes ? bytes : 1;
	}
	buffer_add(into, text + kept, length - kept);
}

/* A number, or true: as a whole. */
static bool is_value(const char *text, size_t length, size_t at, size_t bytes)
{
	return (at == 0 || strchr("[:, ", text[at - 1])) &&
	       (at + bytes == length || strchr("]}, ", text[at + bytes]));
}

void mask_json(const struct mask *m, struct buffer *into, const char *text, size_t length)
{
	bool string = false;
	size_t kept = 0; /* what stands before it is in `into` */

	for (size_t at = 0; at < length;) {
		size_t bytes;

		/* Without a branch: there are many, and nobody foresees where. */
		string ^= text[at] == '"';
		if (!m->json_stops[(unsigned char)text[at]]) {
			at++;
			continue;
		}
		bytes = secret_at(m, text, length, at, true);
		if (bytes && (string || is_value(text, length, at, bytes))) {
			buffer_add(into, text + kept, at - kept);
			buffer_text(into, string ? "" : "\"");
			buffer_text(into, shown);
			buffer_text(into, string ? "" : "\"");
			at += bytes;
			kept = at;
			continue;
		}
		at += string && text[at] == '\\' && at + 1 < length ? 2 : 1;
	}
	buffer_add(into, text + kept, length - kept);
}
