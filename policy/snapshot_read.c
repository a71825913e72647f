/*
 * Walking the items of a snapshot.
 */
#include "policy/snapshot_read.h"

#include <errno.h>
#include <string.h>

/* The item at *at, which moves behind it. Its bytes, or NULL: the end, or damaged and *at is not
 * the length. */
static const uint8_t *next_item(const uint8_t *bytes, uint32_t length, uint32_t *at,
				struct snapshot_item *item)
{
	const uint8_t *found;

	if (length - *at < sizeof(*item))
		return NULL;
	memcpy(item, bytes + *at, sizeof(*item));
	if (item->length > length - *at - sizeof(*item))
		return NULL;
	found = bytes + *at + sizeof(*item);
	*at += (uint32_t)sizeof(*item) + item->length;
	return found;
}

static int read_args(const char *words, uint32_t length, struct arena *arena,
		     const char *const **into, int *argc)
{
	const char **argv;
	uint32_t count = 0;

	for (uint32_t i = 0; i < length; i++)
		count += words[i] == '\0';
	argv = arena_take(arena, (count + 1) * sizeof(*argv));
	if (argv == NULL)
		return -ENOBUFS;
	for (uint32_t i = 0; i < count; i++) {
		argv[i] = words;
		words += strlen(words) + 1;
	}
	argv[count] = NULL;
	*into = argv;
	*argc = (int)count;
	return 0;
}

static int read_uname(struct snapshot *s, const char *fields, uint32_t length)
{
	const char *end = fields + length;

	for (unsigned i = 0; i < FACTS_UNAME; i++) {
		if (fields >= end)
			return -EBADMSG;
		s->uname[i] = fields;
		fields += strlen(fields) + 1;
	}
	return 0;
}

static int read_parent(struct snapshot *s, enum snapshot_type type, const char *copy,
		       uint32_t length, struct arena *arena)
{
	switch (type) {
	case SNAPSHOT_EXE:
		s->parent_exe = copy;
		return 0;
	case SNAPSHOT_SCRIPT:
		s->parent_script = copy;
		return 0;
	case SNAPSHOT_ARGS:
		return read_args(copy, length, arena, &s->parent_argv, &s->parent_argc);
	default:
		return -EBADMSG;
	}
}

static int read_item(struct snapshot *s, const struct snapshot_item *item, const uint8_t *bytes,
		     struct arena *arena)
{
	const char *copy;

	if (item->type == SNAPSHOT_ENV || item->type == SNAPSHOT_IMAGE ||
	    item->type == SNAPSHOT_FACT)
		return 0;
	copy = arena_copy(arena, (const char *)bytes, item->length);
	if (copy == NULL)
		return -ENOBUFS;
	if ((item->flags & SNAPSHOT_OF_PARENT) != 0)
		return read_parent(s, item->type, copy, item->length, arena);
	switch (item->type) {
	case SNAPSHOT_EXE:
		s->exe = copy;
		return 0;
	case SNAPSHOT_SCRIPT:
		s->script = copy;
		return 0;
	case SNAPSHOT_CWD:
		s->cwd = copy;
		return 0;
	case SNAPSHOT_UNAME:
		return read_uname(s, copy, item->length);
	case SNAPSHOT_ARGS:
		return read_args(copy, item->length, arena, &s->argv, &s->argc);
	default:
		return -EBADMSG;
	}
}

int snapshot_read(struct snapshot *s, const uint8_t *bytes, uint32_t length, struct arena *arena)
{
	struct snapshot_item item;
	const uint8_t *found;
	uint32_t at = 0;

	*s = (struct snapshot){ .bytes = bytes, .length = length };
	while (at < length) {
		int error;

		found = next_item(bytes, length, &at, &item);
		if (found == NULL)
			return -EBADMSG;
		error = read_item(s, &item, found, arena);
		if (error != 0)
			return error;
	}
	return 0;
}

static const char *find_text(const struct snapshot *s, enum snapshot_type type, uint32_t number,
			     struct arena *arena)
{
	struct snapshot_item item;
	const uint8_t *found;
	uint32_t at = 0;

	while (at < s->length) {
		found = next_item(s->bytes, s->length, &at, &item);
		if (found == NULL)
			return NULL;
		if (item.type == type && item.number == number)
			return arena_copy(arena, (const char *)found, item.length);
	}
	return NULL;
}

const char *snapshot_env(const struct snapshot *s, uint32_t number, struct arena *arena)
{
	return find_text(s, SNAPSHOT_ENV, number, arena);
}

const char *snapshot_fact(const struct snapshot *s, enum fact fact, struct arena *arena)
{
	return find_text(s, SNAPSHOT_FACT, fact, arena);
}
