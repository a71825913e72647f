/*
 * Flow collections: { } and [ ].
 */
#include "policy/read_yaml.h"

#include <errno.h>
#include <string.h>

static bool is_indicator(char c)
{
	return c != '\0' && strchr(",[]{}", c) != NULL;
}

static void skip(struct yaml_reader *y)
{
	struct reader *r = y->r;

	for (;;) {
		const char *space = r->at;

		reader_skip(r, " \t");
		if (*r->at == '#' && (r->at > space || space == y->line))
			reader_skip_line(r);
		if (*r->at != '\n')
			return;
		y->line = ++r->at;
	}
}

static int read_plain(struct reader *r, char **bytes, size_t *length)
{
	size_t i;

	*bytes = r->at;
	if (!yaml_is_plain_start(r->at, true))
		return -EBADMSG;
	for (i = 0; r->at[i] != '\n' && r->at[i] != '\0' && !is_indicator(r->at[i]); i++) {
		if (r->at[i] == ':' && (yaml_ends(r->at[i + 1]) || is_indicator(r->at[i + 1])))
			break;
		if (r->at[i] == '#' && yaml_is_blank(r->at[i - 1]))
			break;
	}
	r->at += i;
	*length = reader_trimmed(*bytes, i);
	return 0;
}

static int read_value(struct yaml_reader *y)
{
	struct reader *r = y->r;
	const char *text;
	size_t length;
	char *bytes;
	int error;

	if (*r->at == '{' || *r->at == '[')
		return reader_open(r, *r->at++ == '{');
	if (*r->at == '"' || *r->at == '\'') {
		error = yaml_quoted(y, &text, &length);
		return error == 0 ? reader_scalar(r, VALUE_TEXT, text, length) : error;
	}
	error = read_plain(r, &bytes, &length);
	return error == 0 ? yaml_give_plain(r, bytes, length) : error;
}

static int read_member(struct yaml_reader *y)
{
	struct reader *r = y->r;
	bool quoted = *r->at == '"' || *r->at == '\'';
	const char *text;
	size_t length;
	char *bytes;
	int error;

	if (quoted) {
		error = yaml_quoted(y, &text, &length);
	} else {
		error = read_plain(r, &bytes, &length);
		text = bytes;
	}
	if (error != 0)
		return error;
	if (length == 2 && memcmp(text, "<<", 2) == 0)
		return -EBADMSG;
	error = reader_give(r, READ_KEY, text, length);
	if (error != 0)
		return error;
	skip(y);
	if (reader_take(r, ":"))
		skip(y);
	else if (*r->at != ',' && *r->at != '}')
		return -EBADMSG;
	if (*r->at == ',' || *r->at == '}')
		return reader_scalar(r, VALUE_NULL, "null", 4);
	return read_value(y);
}

static int read_on(struct yaml_reader *y, bool first)
{
	struct reader *r = y->r;
	bool object = reader_in_object(r);

	skip(y);
	if (!first && *r->at == ',') {
		r->at++;
		first = true;
		skip(y);
	}
	if (*r->at == (object ? '}' : ']')) {
		r->at++;
		return reader_close(r);
	}
	if (!first)
		return -EBADMSG;
	return object ? read_member(y) : read_value(y);
}

int yaml_flow(struct yaml_reader *y)
{
	struct reader *r = y->r;
	unsigned base = r->depth, before = base;
	int error = read_value(y);

	while (error == 0 && r->depth > base) {
		bool first = r->depth > before;

		before = r->depth;
		error = read_on(y, first);
	}
	return error;
}
