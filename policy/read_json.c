/*
 * JSON (RFC 8259), without exceptions: no comments, no trailing commas, no NaN. Which of two equal
 * keys counts is the consumer's matter.
 */
#include <errno.h>
#include <string.h>

#include "policy/read_private.h"

#define SPACE " \t\n\r"

/* The string behind the quote, unescaped in its own place. */
static int read_string(struct reader *r, const char **bytes, size_t *length)
{
	const char *from = r->at;
	char *to = r->at;

	*bytes = to;
	while (*from != '"') {
		if ((uint8_t)*from < 0x20)
			return -EBADMSG;
		if (*from != '\\')
			*to++ = *from++;
		else if (from++, !reader_json_escape(&from, &to))
			return -EBADMSG;
	}
	*length = (size_t)(to - *bytes);
	r->at = r->begin + (from + 1 - r->begin);
	return 0;
}

static int read_plain(struct reader *r)
{
	char *begin = r->at;

	if (reader_take(r, "null"))
		return reader_scalar(r, VALUE_NULL, begin, 4);
	if (reader_take(r, "true") || reader_take(r, "false"))
		return reader_scalar(r, VALUE_BOOL, begin, (size_t)(r->at - begin));
	while (reader_is_digit(*r->at) || (*r->at != '\0' && strchr("+-.eE", *r->at) != NULL))
		r->at++;
	return begin[0] != '+' ? reader_number(r, begin, (size_t)(r->at - begin)) : -EBADMSG;
}

/* A value, or the beginning of a container. */
static int read_value(struct reader *r)
{
	const char *bytes;
	size_t length;
	int error;

	if (*r->at == '{' || *r->at == '[')
		return reader_open(r, *r->at++ == '{');
	if (*r->at != '"')
		return read_plain(r);
	r->at++;
	error = read_string(r, &bytes, &length);
	return error == 0 ? reader_scalar(r, VALUE_TEXT, bytes, length) : error;
}

static int read_member(struct reader *r)
{
	const char *bytes;
	size_t length;
	int error;

	if (!reader_take(r, "\""))
		return -EBADMSG;
	error = read_string(r, &bytes, &length);
	if (error != 0)
		return error;
	reader_skip(r, SPACE);
	if (!reader_take(r, ":"))
		return -EBADMSG;
	reader_skip(r, SPACE);
	error = reader_give(r, READ_KEY, bytes, length);
	return error == 0 ? read_value(r) : error;
}

/* Behind a value of a container, or behind its beginning. */
static int read_on(struct reader *r, bool first)
{
	char close = reader_in_object(r) ? '}' : ']';

	reader_skip(r, SPACE);
	if (*r->at == close) {
		r->at++;
		return reader_close(r);
	}
	if (!first && !reader_take(r, ","))
		return -EBADMSG;
	reader_skip(r, SPACE);
	return close == '}' ? read_member(r) : read_value(r);
}

int read_json(struct reader *r)
{
	unsigned before = 0;
	int error;

	reader_skip(r, SPACE);
	error = read_value(r);
	while (error == 0 && r->depth > 0) {
		bool first = r->depth > before;

		before = r->depth;
		error = read_on(r, first);
	}
	reader_skip(r, SPACE);
	return error;
}
