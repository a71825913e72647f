/*
 * NACL, the language of Salto, as far as it is data: blocks NAME { ... }, attributes KEY = value,
 * objects, lists, strings in "..." and '''...''', numbers, truths. A block with several words
 * before its brace is one member, its words joined by dots. What must be computed (references,
 * functions,
 * ${ } in a string) is there but no constant. Attributes need nothing between them.
 */
#include <errno.h>
#include <string.h>

#include "policy/read_private.h"

static bool is_word(char c)
{
	return reader_is_bare(c) || (c != '\0' && strchr(".@$<>", c) != NULL) ||
	       ((uint8_t)c & 0x80) != 0;
}

/* Space, newlines and comments. */
static int skip(struct reader *r)
{
	for (;;) {
		const char *end;

		reader_skip(r, " \t\n");
		if (*r->at == '#' || (r->at[0] == '/' && r->at[1] == '/')) {
			reader_skip_line(r);
			continue;
		}
		if (r->at[0] != '/' || r->at[1] != '*')
			return 0;
		for (end = r->at + 2; end[0] != '*' || end[1] != '/'; end++) {
			if (*end == '\0')
				return -EBADMSG;
		}
		r->at += end + 2 - r->at;
	}
}

/* The string behind its quote, in its own place; *constant: nothing in it must be computed. */
static int read_string(struct reader *r, const char **bytes, size_t *length, bool *constant)
{
	const char *from = r->at;
	char *to = r->at;

	*bytes = to;
	*constant = true;
	while (*from != '"') {
		if ((uint8_t)*from < 0x20 && *from != '\t')
			return -EBADMSG;
		if (from[0] == '$' && from[1] == '{')
			*constant = false;
		if (*from != '\\')
			*to++ = *from++;
		else if (*++from == '$')
			*to++ = *from++;
		else if (!reader_json_escape(&from, &to))
			return -EBADMSG;
	}
	*length = (size_t)(to - *bytes);
	r->at = r->begin + (from + 1 - r->begin);
	return 0;
}

/* Behind the three quotes; the newline behind them and the one before the last do not count. */
static int read_lines(struct reader *r)
{
	enum value_type type = VALUE_TEXT;
	const char *bytes;
	size_t length = 0;

	if (*r->at == '\n')
		r->at++;
	bytes = r->at;
	while (strncmp(bytes + length, "'''", 3) != 0) {
		if (bytes[length] == '\0')
			return -EBADMSG;
		if (bytes[length] == '\\' || (bytes[length] == '$' && bytes[length + 1] == '{'))
			type = VALUE_UNREADABLE;
		length++;
	}
	r->at += length + 3;
	length = reader_trimmed(bytes, length);
	if (length > 0 && bytes[length - 1] == '\n')
		length--;
	return reader_scalar(r, type, bytes, length);
}

/* A function's arguments, to the brace that closes them. */
static int skip_arguments(struct reader *r)
{
	unsigned open = 0;
	const char *bytes;
	size_t length;
	bool constant;

	do {
		char c = *r->at++;

		if (c == '\0') {
			r->at--;
			return -EBADMSG;
		}
		if (c == '"' && read_string(r, &bytes, &length, &constant) != 0)
			return -EBADMSG;
		open += c == '(';
		open -= c == ')';
	} while (open > 0);
	return 0;
}

/* A number, a truth, or what must be computed. */
static int read_bare(struct reader *r)
{
	char *bytes = r->at;
	size_t length = 0;
	int error;

	while (is_word(bytes[length]) || bytes[length] == '+')
		length++;
	r->at += length;
	if (length == 0)
		return -EBADMSG;
	if ((length == 4 && memcmp(bytes, "true", 4) == 0) ||
	    (length == 5 && memcmp(bytes, "false", 5) == 0))
		return reader_scalar(r, VALUE_BOOL, bytes, length);
	if (length == 4 && memcmp(bytes, "null", 4) == 0)
		return reader_scalar(r, VALUE_NULL, bytes, length);
	if (reader_is_digit(bytes[0]) || bytes[0] == '-' || bytes[0] == '+')
		return reader_number(r, bytes, length);
	error = *r->at == '(' ? skip_arguments(r) : 0;
	return error == 0 ? reader_scalar(r, VALUE_UNREADABLE, bytes, length) : error;
}

/* A scalar, or the beginning of a container. */
static int read_value(struct reader *r)
{
	const char *bytes;
	size_t length;
	bool constant;
	int error = skip(r);

	if (error != 0)
		return error;
	if (*r->at == '{' || *r->at == '[')
		return reader_open(r, *r->at++ == '{');
	if (reader_take(r, "'''"))
		return read_lines(r);
	if (!reader_take(r, "\""))
		return read_bare(r);
	error = read_string(r, &bytes, &length, &constant);
	return error == 0
		       ? reader_scalar(r, constant ? VALUE_TEXT : VALUE_UNREADABLE, bytes, length)
		       : error;
}

static int read_word(struct reader *r, const char **bytes, size_t *length)
{
	bool constant;
	int error;

	*bytes = r->at;
	if (reader_take(r, "\"")) {
		error = read_string(r, bytes, length, &constant);
		return error == 0 && !constant ? -EBADMSG : error;
	}
	while (is_word(*r->at))
		r->at++;
	*length = (size_t)(r->at - *bytes);
	return *length > 0 ? 0 : -EBADMSG;
}

static int read_member(struct reader *r)
{
	char *joined = r->at;
	const char *bytes;
	size_t length, used;
	unsigned words = 1;
	int error = read_word(r, &bytes, &used);

	if (error != 0)
		return error;
	memmove(joined, bytes, used);
	for (reader_skip(r, " \t"); *r->at != '=' && *r->at != ':' && *r->at != '{'; words++) {
		error = read_word(r, &bytes, &length);
		if (error != 0)
			return error;
		joined[used++] = '.';
		memmove(joined + used, bytes, length);
		used += length;
		reader_skip(r, " \t");
	}
	if (*r->at != '{') {
		if (words > 1)
			return -EBADMSG;
		r->at++;
	}
	error = reader_give(r, READ_KEY, joined, used);
	return error == 0 ? read_value(r) : error;
}

/* In a container, behind its beginning or a value. */
static int read_on(struct reader *r, bool first)
{
	bool object = reader_in_object(r);
	bool comma = false;
	int error = skip(r);

	if (error == 0 && !first && r->depth > 1 && *r->at == ',') {
		r->at++;
		comma = true;
		error = skip(r);
	}
	if (error != 0)
		return error;
	if (r->depth > 1 && *r->at == (object ? '}' : ']')) {
		r->at++;
		return reader_close(r);
	}
	if (object)
		return read_member(r);
	return first || comma ? read_value(r) : -EBADMSG;
}

int read_nacl(struct reader *r)
{
	unsigned before = 1;
	int error = reader_open(r, true);

	if (error == 0)
		error = skip(r);
	while (error == 0 && !reader_at_end(r)) {
		bool first = r->depth > before;

		before = r->depth;
		error = read_on(r, first);
		if (error == 0 && r->depth == 1)
			error = skip(r);
	}
	return error == 0 && r->depth == 1 ? reader_close(r) : error;
}
