/*
 * TOML 1.0: tables, arrays of tables, dotted keys, arrays and inline tables. Scalars are
 * read_toml_scalar.c's.
 */
#include "policy/read_toml.h"

#include <errno.h>

#define SPACE " \t"

/*
 * A member may be written with dots, which are levels of their own: dots[level] says how many of
 * them end when the value at this level is complete.
 */
struct toml {
	struct reader *r;
	bool first; /* a container has just begun */
	uint8_t dots[READ_DEPTH + 1];
};

static int skip_comment(struct reader *r)
{
	reader_skip(r, SPACE);
	if (*r->at != '#')
		return 0;
	for (; *r->at != '\0' && *r->at != '\n'; r->at++) {
		if (toml_is_control(*r->at))
			return -EBADMSG;
	}
	return 0;
}

static int skip_lines(struct reader *r)
{
	int error = skip_comment(r);

	while (error == 0 && *r->at == '\n') {
		r->at++;
		error = skip_comment(r);
	}
	return error;
}

static int read_part(struct reader *r, const char **bytes, size_t *length)
{
	*bytes = r->at;
	if (*r->at == '"' || *r->at == '\'')
		return toml_string(r, bytes, length);
	while (reader_is_bare(*r->at))
		r->at++;
	*length = (size_t)(r->at - *bytes);
	return *length > 0 ? 0 : -EBADMSG;
}

/* The parts of a key: all but the last as `front`, and that one into bytes. */
static int read_key(struct reader *r, enum read_event front, const char **bytes, size_t *length,
		    unsigned *fronts)
{
	int error = 0;

	*fronts = 0;
	reader_skip(r, SPACE);
	error = read_part(r, bytes, length);
	reader_skip(r, SPACE);
	while (error == 0 && *r->at == '.') {
		error = reader_enter(r, front, *bytes, *length);
		if (error != 0)
			break;
		++*fronts;
		r->at++;
		reader_skip(r, SPACE);
		error = read_part(r, bytes, length);
		reader_skip(r, SPACE);
	}
	return error;
}

/* The value is complete: so are the dotted levels of its key. */
static int finish(struct toml *t)
{
	unsigned dots = t->dots[t->r->depth];
	int error = 0;

	t->dots[t->r->depth] = 0;
	while (error == 0 && dots-- > 0)
		error = reader_close(t->r);
	return error;
}

/* A scalar, or the beginning of a container. */
static int read_one(struct toml *t)
{
	struct reader *r = t->r;
	int error;

	reader_skip(r, SPACE);
	if (*r->at == '[' || *r->at == '{') {
		error = reader_open(r, *r->at++ == '{');
		t->first = true;
		if (error == 0)
			t->dots[r->depth] = 0;
		return error;
	}
	error = toml_scalar(r);
	return error == 0 ? finish(t) : error;
}

static int read_member(struct toml *t)
{
	const char *bytes;
	size_t length;
	unsigned dots;
	int error = read_key(t->r, READ_DOTTED, &bytes, &length, &dots);

	if (error != 0)
		return error;
	if (!reader_take(t->r, "="))
		return -EBADMSG;
	t->dots[t->r->depth] = (uint8_t)dots;
	error = reader_give(t->r, READ_KEY, bytes, length);
	return error == 0 ? read_one(t) : error;
}

static int close_container(struct toml *t)
{
	int error;

	t->r->at++;
	error = reader_close(t->r);
	return error == 0 ? finish(t) : error;
}

/* In an inline table, which lies on one line and has no comma at its end. */
static int read_on_table(struct toml *t, bool first)
{
	struct reader *r = t->r;

	reader_skip(r, SPACE);
	if (*r->at == '}')
		return close_container(t);
	if (!first && !reader_take(r, ","))
		return -EBADMSG;
	return read_member(t);
}

static int read_on_list(struct toml *t, bool first)
{
	struct reader *r = t->r;
	int error = skip_lines(r);

	if (error == 0 && !first && *r->at != ']') {
		if (!reader_take(r, ","))
			return -EBADMSG;
		error = skip_lines(r);
	}
	if (error != 0)
		return error;
	return *r->at == ']' ? close_container(t) : read_one(t);
}

static int read_pair(struct toml *t)
{
	unsigned base = t->r->depth;
	int error;

	t->first = false;
	error = read_member(t);
	while (error == 0 && t->r->depth > base) {
		bool first = t->first;

		t->first = false;
		error = reader_in_object(t->r) ? read_on_table(t, first) : read_on_list(t, first);
	}
	return error;
}

static int read_header(struct toml *t)
{
	struct reader *r = t->r;
	bool element = reader_take(r, "[[");
	const char *bytes;
	unsigned fronts;
	size_t length;
	int error;

	if (!element)
		r->at++;
	error = reader_root(r);
	if (error == 0)
		error = read_key(r, READ_ENTER, &bytes, &length, &fronts);
	if (error == 0 && !reader_take(r, element ? "]]" : "]"))
		return -EBADMSG;
	if (error == 0)
		error = reader_enter(r, element ? READ_ELEMENT : READ_TABLE, bytes, length);
	return error;
}

int read_toml(struct reader *r)
{
	struct toml t = { .r = r };
	int error = reader_open(r, true);

	while (error == 0) {
		error = skip_lines(r);
		if (error != 0 || reader_at_end(r))
			break;
		error = *r->at == '[' ? read_header(&t) : read_pair(&t);
		if (error == 0)
			error = skip_comment(r);
		if (error == 0 && *r->at != '\n' && !reader_at_end(r))
			error = -EBADMSG;
	}
	if (error == 0)
		error = reader_root(r);
	return error == 0 ? reader_close(r) : error;
}
