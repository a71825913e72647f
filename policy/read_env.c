/*
 * KEY=VALUE as a shell reads assignments, os-release(5) and what docker and systemd take: quotes of
 * both kinds, several pieces side by side, backslashes, `export`, comments. Nothing is expanded: a
 * $ stays what it is. Unlike in a shell, text without quotes goes on to the end of the line or to a
 * # behind a space. The last of a key counts.
 */
#include <errno.h>
#include <string.h>

#include "policy/read_private.h"

static bool is_name(char c)
{
	return reader_is_bare(c) || c == '.';
}

/* Up to the quote at *from, copied to *to; false: it never comes. */
static bool copy_quoted(const char **from, char **to)
{
	char quote = *(*from)++;

	for (; **from != quote; (*from)++) {
		if (**from == '\0')
			return false;
		if (quote == '"' && **from == '\\' && strchr("\\\"$`\n", (*from)[1]) != NULL &&
		    (*from)[1] != '\0') {
			if (*++*from == '\n')
				continue;
		}
		*(*to)++ = **from;
	}
	(*from)++;
	return true;
}

static bool ends(const char *from)
{
	return *from == '\0' || *from == '\n' ||
	       (*from == '#' && from[-1] != '\\' && (from[-1] == ' ' || from[-1] == '\t'));
}

/* The value at r->at, made in its own place. */
static int read_value(struct reader *r, const char **bytes, size_t *length)
{
	const char *from = r->at;
	char *to = r->at, *kept = r->at;

	*bytes = to;
	while (!ends(from)) {
		bool blank = *from == ' ' || *from == '\t';

		if (*from == '"' || *from == '\'') {
			if (!copy_quoted(&from, &to))
				return -EBADMSG;
		} else {
			if (*from == '\\' && from[1] != '\0' && *++from == '\n') {
				from++;
				continue;
			}
			*to++ = *from++;
		}
		if (!blank)
			kept = to;
	}
	*length = (size_t)(kept - *bytes);
	r->at = r->begin + (from - r->begin);
	reader_skip_line(r);
	return 0;
}

static int read_line(struct reader *r)
{
	const char *key, *value;
	size_t key_length, length;
	int error;

	if (strncmp(r->at, "export", 6) == 0 && (r->at[6] == ' ' || r->at[6] == '\t')) {
		r->at += 6;
		reader_skip(r, " \t");
	}
	key = r->at;
	while (is_name(*r->at))
		r->at++;
	key_length = (size_t)(r->at - key);
	reader_skip(r, " \t");
	if (key_length == 0 || !reader_take(r, "="))
		return -EBADMSG;
	reader_skip(r, " \t");
	error = read_value(r, &value, &length);
	if (error == 0)
		error = reader_give(r, READ_AGAIN, key, key_length);
	return error == 0 ? reader_scalar(r, VALUE_TEXT, value, length) : error;
}

int read_env(struct reader *r)
{
	int error = reader_open(r, true);

	reader_skip(r, " \t\n");
	while (error == 0 && !reader_at_end(r)) {
		if (*r->at == '#')
			reader_skip_line(r);
		else
			error = read_line(r);
		reader_skip(r, " \t\n");
	}
	return error == 0 ? reader_close(r) : error;
}
