/*
 * Block collections: indentation opens and closes containers.
 */
#include "policy/read_yaml.h"

#include <errno.h>
#include <string.h>

static int column(const struct yaml_reader *y)
{
	return (int)(y->r->at - y->line);
}

static int parent_indent(const struct yaml_reader *y)
{
	return y->indent[y->r->depth];
}

static bool is_dash(const char *at)
{
	return at[0] == '-' && yaml_ends(at[1]);
}

/* A marker at the beginning of this line: only one --- before everything else, and ... at the
 * end. */
static int read_marker(struct yaml_reader *y)
{
	struct reader *r = y->r;
	bool end = *r->at == '.';
	bool begun = y->begun || r->depth > 0 || !y->pending;

	if (end != begun)
		return -EBADMSG;
	y->begun = true;
	r->at += 3;
	reader_skip(r, " \t");
	if (*r->at == '#')
		reader_skip_line(r);
	if (end) {
		while (*r->at == '\n' || *r->at == '#' || yaml_is_blank(*r->at)) {
			if (*r->at == '#')
				reader_skip_line(r);
			else
				r->at++;
		}
	}
	return *r->at == '\0' || (!end && *r->at == '\n') ? 0 : -EBADMSG;
}

/* To the next text, over space, comments and lines. */
static int next_text(struct yaml_reader *y)
{
	struct reader *r = y->r;

	for (;;) {
		const char *space = r->at;
		bool tabs;

		reader_skip(r, " ");
		tabs = *r->at == '\t';
		reader_skip(r, " \t");
		if (*r->at == '#' && (r->at > space || space == y->line))
			reader_skip_line(r);
		if (*r->at == '\0')
			return 0;
		if (*r->at != '\n')
			return tabs && y->fresh ? -EBADMSG : 0;
		y->line = ++r->at;
		y->fresh = true;
		if ((yaml_is_marker(y->line, '-') || yaml_is_marker(y->line, '.')) &&
		    read_marker(y) != 0)
			return -EBADMSG;
	}
}

/* The colon behind the key that stands here, NULL: it is none. */
static const char *find_colon(const char *at)
{
	char quote = *at;

	if (quote == '"' || quote == '\'') {
		for (at++; *at != quote || (quote == '\'' && at[1] == quote); at++) {
			if (*at == '\n' || *at == '\0')
				return NULL;
			/* '' and \" do not end it. */
			at += *at == quote ||
			      (quote == '"' && at[0] == '\\' && at[1] != '\0' && at[1] != '\n');
		}
		at++;
		at += strspn(at, " \t");
		return *at == ':' && yaml_ends(at[1]) ? at : NULL;
	}
	if (!yaml_is_plain_start(at, false))
		return NULL;
	for (; *at != '\n' && *at != '\0'; at++) {
		if (*at == ':' && yaml_ends(at[1]))
			return at;
		if (*at == '#' && yaml_is_blank(at[-1]))
			return NULL;
	}
	return NULL;
}

/* A member's key up to its colon. */
static int read_key(struct yaml_reader *y, const char *colon)
{
	struct reader *r = y->r;
	const char *bytes = r->at;
	size_t length;
	int error = 0;

	if (*bytes == '"' || *bytes == '\'')
		error = yaml_quoted(y, &bytes, &length);
	else
		length = reader_trimmed(bytes, (size_t)(colon - bytes));
	if (error != 0)
		return error;
	if (length == 2 && memcmp(bytes, "<<", 2) == 0)
		return -EBADMSG;
	r->at += colon + 1 - r->at;
	y->pending = true;
	y->fresh = false;
	return reader_give(r, READ_KEY, bytes, length);
}

static void read_dash(struct yaml_reader *y)
{
	y->r->at++;
	y->pending = true;
	y->fresh = false;
}

static int open_block(struct yaml_reader *y, bool object)
{
	int indent = column(y);
	int error = reader_open(y->r, object);

	y->indent[y->r->depth] = indent;
	return error;
}

/* Nothing but a comment may follow on the line. */
static int end_line(struct yaml_reader *y)
{
	struct reader *r = y->r;
	const char *space = r->at;

	reader_skip(r, " \t");
	if (*r->at == '#' && r->at > space)
		reader_skip_line(r);
	return *r->at == '\n' || *r->at == '\0' ? 0 : -EBADMSG;
}

/* The value that the innermost container waits for begins here. */
static int read_node(struct yaml_reader *y)
{
	struct reader *r = y->r;
	/* Behind `key:` on the same line stand no keys and no dashes. */
	bool block = y->fresh || !reader_in_object(r);
	const char *colon = find_colon(r->at);
	int error;

	y->pending = false;
	if (is_dash(r->at) || colon != NULL) {
		bool dash = is_dash(r->at);

		error = block ? open_block(y, !dash) : -EBADMSG;
		if (error == 0 && dash)
			read_dash(y);
		return error == 0 && !dash ? read_key(y, colon) : error;
	}
	if (*r->at == '{' || *r->at == '[')
		error = yaml_flow(y);
	else
		error = yaml_scalar(y, parent_indent(y));
	return error == 0 ? end_line(y) : error;
}

/* A further item or member, in the container that its column says. */
static int read_further(struct yaml_reader *y)
{
	struct reader *r = y->r;
	bool dash = is_dash(r->at);
	const char *colon;
	int error = 0;

	while (error == 0 && r->depth > 0 &&
	       (column(y) < parent_indent(y) ||
		(column(y) == parent_indent(y) && !reader_in_object(r) && !dash)))
		error = reader_close(r);
	if (error != 0)
		return error;
	if (r->depth == 0 || column(y) != parent_indent(y) || dash == reader_in_object(r))
		return -EBADMSG;
	if (dash) {
		read_dash(y);
		return 0;
	}
	colon = find_colon(r->at);
	return colon != NULL ? read_key(y, colon) : -EBADMSG;
}

static int give_nothing(struct yaml_reader *y)
{
	y->pending = false;
	return reader_scalar(y->r, VALUE_NULL, "null", 4);
}

static int read_text(struct yaml_reader *y)
{
	bool deeper = column(y) > parent_indent(y);
	/* A list may stand as far to the left as the key that it belongs to. */
	bool list = column(y) == parent_indent(y) && reader_in_object(y->r) && is_dash(y->r->at);

	if (!y->pending)
		return read_further(y);
	return !y->fresh || deeper || list ? read_node(y) : give_nothing(y);
}

int read_yaml(struct reader *r)
{
	struct yaml_reader y = {
		.r = r, .line = r->at, .fresh = true, .pending = true, .indent[0] = -1
	};
	int error = 0;

	if (yaml_is_marker(r->at, '-') || yaml_is_marker(r->at, '.'))
		error = read_marker(&y);
	while (error == 0) {
		error = next_text(&y);
		if (error != 0 || reader_at_end(r))
			break;
		error = read_text(&y);
	}
	if (error == 0 && y.pending)
		error = give_nothing(&y);
	while (error == 0 && r->depth > 0)
		error = reader_close(r);
	return error;
}
