/*
 * INI: [section], key = value or key: value, lines that begin with # or ;, and lines that go on
 * with the value because they are indented deeper than its key. Values are texts as they stand,
 * quotes and all, and end with their line: nothing behind them is a comment. A key without value is
 * null. A section may come again; a key in it may not.
 */
#include <errno.h>

#include "policy/read_private.h"

static int read_section(struct reader *r)
{
	const char *name = ++r->at;
	size_t length = 0;
	int error;

	while (name[length] != ']') {
		if (name[length] == '\n' || name[length] == '\0')
			return -EBADMSG;
		length++;
	}
	r->at += length + 1;
	reader_skip(r, " \t");
	if (*r->at != '\n' && *r->at != '\0' && *r->at != '#' && *r->at != ';')
		return -EBADMSG;
	reader_skip_line(r);
	error = reader_root(r);
	return error == 0 ? reader_enter(r, READ_ENTER, name, length) : error;
}

static unsigned indentation(const char *at)
{
	unsigned i = 0;

	while (at[i] == ' ' || at[i] == '\t')
		i++;
	return i;
}

/* The text of the next line when the value goes on in it. */
static const char *further_line(const struct reader *r, unsigned indent)
{
	unsigned further = *r->at == '\n' ? indentation(r->at + 1) : 0;
	const char *line = r->at + 1 + further;

	if (further <= indent || *line == '\n' || *line == '\0' || *line == '#' || *line == ';')
		return NULL;
	return line;
}

/* Appends the lines that go on with the value, in place; its new length. */
static size_t read_further_lines(struct reader *r, char *value, size_t length, unsigned indent)
{
	const char *line = further_line(r, indent);

	for (; line != NULL; line = further_line(r, indent)) {
		size_t bytes;

		r->at += line - r->at;
		reader_skip_line(r);
		bytes = reader_trimmed(line, (size_t)(r->at - line));
		value[length++] = '\n';
		for (size_t i = 0; i < bytes; i++)
			value[length++] = line[i];
	}
	return length;
}

static int read_pair(struct reader *r, unsigned indent)
{
	const char *key = r->at;
	size_t length = 0;
	char *value;
	bool none;
	int error;

	while (key[length] != '=' && key[length] != ':' && key[length] != '\n' &&
	       key[length] != '\0')
		length++;
	r->at += length;
	none = *r->at != '=' && *r->at != ':';
	length = reader_trimmed(key, length);
	if (length == 0)
		return -EBADMSG;
	error = reader_give(r, READ_KEY, key, length);
	if (error == 0 && none)
		error = further_line(r, indent) == NULL ? reader_scalar(r, VALUE_NULL, "null", 4)
							: -EBADMSG;
	if (error != 0 || none)
		return error;
	r->at++;
	reader_skip(r, " \t");
	value = r->at;
	reader_skip_line(r);
	length = reader_trimmed(value, (size_t)(r->at - value));
	length = read_further_lines(r, value, length, indent);
	return reader_scalar(r, VALUE_TEXT, value, length);
}

int read_ini(struct reader *r)
{
	int error = reader_open(r, true);

	while (error == 0 && !reader_at_end(r)) {
		unsigned indent = indentation(r->at);

		r->at += indent;
		if (*r->at == '[')
			error = read_section(r);
		else if (*r->at == '#' || *r->at == ';')
			reader_skip_line(r);
		else if (*r->at != '\n' && *r->at != '\0')
			error = read_pair(r, indent);
		if (error == 0 && *r->at == '\n')
			r->at++;
	}
	if (error == 0)
		error = reader_root(r);
	return error == 0 ? reader_close(r) : error;
}
