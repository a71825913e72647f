/*
 * The finder: a consumer of events that keeps only where it is.
 */
#include "policy/find.h"

#include <string.h>

struct finder {
	const char *path;
	size_t length;
	struct arena *arena;
	unsigned depth;	  /* open containers */
	unsigned matched; /* of them, those that the path leads through, or into its value */
	uint16_t behind[READ_DEPTH + 1]; /* the path's offset in each of these */
	size_t next;			 /* where the last key leads; 0: away */
	uint8_t state[FIND_PATH_MAX +
		      2]; /* of the members on the path, by the offset behind them */
	struct value found;
};

size_t find_follow(const char *path, size_t at, const char *key, size_t length)
{
	size_t left = strlen(path + at);

	if (length > left || memcmp(path + at, key, length) != 0)
		return 0;
	if (length == left)
		return at + length + 1;
	return path[at + length] == '.' ? at + length + 1 : 0;
}

static bool is_inside_value(const struct finder *f)
{
	return f->matched > 0 && f->behind[f->matched] > f->length;
}

static bool is_value(const struct finder *f)
{
	return f->next > f->length;
}

/* Where the member of the innermost container leads. False: a contradiction. */
static bool follow(struct finder *f, const struct read_item *item)
{
	f->next = 0;
	if (f->depth != f->matched || is_inside_value(f))
		return true;
	f->next = find_follow(f->path, f->behind[f->matched], item->bytes, item->length);
	return f->next == 0 || read_state_follow(&f->state[f->next], item->event);
}

static void push(struct finder *f, bool on_path)
{
	if (on_path && f->depth == f->matched)
		f->behind[++f->matched] = (uint16_t)f->next;
	f->depth++;
	f->next = 0;
}

static void begin_container(struct finder *f, bool object)
{
	bool document = f->depth == 0;

	if (is_value(f))
		f->found = value_of(VALUE_JSON, object ? "{}" : "[]", 2);
	push(f, is_value(f) || (object && (document || f->next != 0)));
}

static void take_scalar(struct finder *f, const struct read_item *item)
{
	char *copy = is_value(f) ? arena_copy(f->arena, item->bytes, item->length) : NULL;

	if (is_value(f))
		f->found = copy != NULL ? value_of(item->type, copy, item->length)
					: value_unreadable();
	f->next = 0;
}

/* A table that is written piece by piece, or one more element of a list of them. */
static bool enter(struct finder *f, const struct read_item *item)
{
	bool element;

	if (!follow(f, item))
		return false;
	element = f->next != 0 && f->state[f->next] == READ_TABLES;
	if (is_value(f) && element)
		f->found = value_of(VALUE_JSON, "[{}]", 4);
	else if (is_value(f) && f->found.type == VALUE_ABSENT)
		f->found = value_of(VALUE_JSON, "{}", 2);
	push(f, f->next != 0 && !element);
	return true;
}

static void leave(struct finder *f, unsigned depth)
{
	f->depth = depth;
	if (f->matched > depth)
		f->matched = depth;
	f->next = 0;
}

/* Whatever comes within it makes an empty value one that is not. */
static void note_content(struct finder *f, const struct read_item *item)
{
	if (is_inside_value(f) && item->event != READ_END && item->event != READ_ROOT &&
	    f->found.length == 2)
		f->found = f->found.text[0] == '{' ? value_of(VALUE_JSON, "{...}", 5)
						   : value_of(VALUE_JSON, "[...]", 5);
}

static bool consume(void *context, const struct read_item *item)
{
	struct finder *f = context;

	note_content(f, item);
	switch (item->event) {
	case READ_SCALAR:
		take_scalar(f, item);
		return true;
	case READ_OBJECT:
	case READ_LIST:
		begin_container(f, item->event == READ_OBJECT);
		return true;
	case READ_END:
		leave(f, f->depth - 1);
		return true;
	case READ_ROOT:
		leave(f, 1);
		return true;
	case READ_KEY:
	case READ_AGAIN:
		return follow(f, item);
	default:
		return enter(f, item);
	}
}

struct value find_in(enum read_format format, char *bytes, size_t length, const char *path,
		     struct arena *arena)
{
	struct finder f = {
		.path = path, .length = strlen(path), .arena = arena, .found = value_absent()
	};

	if (f.length > FIND_PATH_MAX || read_events(format, bytes, length, consume, &f) != 0)
		return value_unreadable();
	return f.found;
}
