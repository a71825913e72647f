/*
 * Taking the snapshot. What is short and needed most comes first; arguments come last and are cut
 * between two words. Without memory (NULL) the same walk only counts.
 */
#include "policy/decide.h"

#include <string.h>

#include "base/paths.h"
#include "policy/decided.h"
#include "policy/image_format.h"
#include "policy/snapshot_format.h"
#include "policy/subject_facts.h"
#include "policy/subject_world.h"

/* Of the words of the process that ran a child: what matters stands in front. */
#define PARENT_MAX 1024

struct writer {
	uint8_t *into; /* NULL: count */
	uint32_t used, capacity;
	bool truncated;
};

static void put(struct writer *w, uint32_t at, const void *bytes, size_t length)
{
	if (w->into != NULL && length > 0)
		memcpy(w->into + at, bytes, length);
}

static uint32_t room(const struct writer *w)
{
	uint32_t left = w->capacity - w->used;

	return left > sizeof(struct snapshot_item) ? left - (uint32_t)sizeof(struct snapshot_item)
						   : 0;
}

static void put_item(struct writer *w, enum snapshot_type type, uint16_t number, uint8_t flags,
		     const void *bytes, uint32_t length)
{
	struct snapshot_item item = {
		.type = (uint8_t)type, .flags = flags, .number = number, .length = length
	};

	put(w, w->used, &item, sizeof(item));
	put(w, w->used + (uint32_t)sizeof(item), bytes, length);
	w->used += (uint32_t)sizeof(item) + length;
}

/* Whole or not at all. */
static void add_whole(struct writer *w, enum snapshot_type type, uint16_t number, const void *bytes,
		      size_t length)
{
	if (length <= room(w))
		put_item(w, type, number, 0, bytes, (uint32_t)length);
	else
		w->truncated = true;
}

static void add_text(struct writer *w, enum snapshot_type type, const char *text)
{
	size_t length = text != NULL ? strlen(text) : 0;

	if (length == 0)
		return;
	if (length > room(w)) {
		w->truncated = true;
		if (room(w) > 0)
			put_item(w, type, 0, SNAPSHOT_TRUNCATED, text, room(w));
		return;
	}
	put_item(w, type, 0, 0, text, (uint32_t)length);
}

static void add_environment(struct writer *w, const struct section *now, uint32_t names,
			    const struct subject *subject)
{
	const struct image_node *list = node_of(now, names, NODE_LIST);

	for (unsigned i = 0; list != NULL && i < list->count; i++) {
		const struct image_node *env = node_operand(now, list, i);
		const char *value = subject_env(subject, node_text(node_operand(now, env, 0)));

		if (env != NULL && value != NULL && value[0] != '\0')
			add_whole(w, SNAPSHOT_ENV, (uint16_t)env->value, value, strlen(value));
	}
}

static void add_uname(struct writer *w)
{
	uint8_t memory[512];
	struct arena arena = arena_init(memory, sizeof(memory));
	const char *field[FACTS_UNAME];
	char joined[FACTS_UNAME * 65];
	size_t length = 0;

	if (!subject_uname(&arena, field))
		return;
	for (unsigned i = 0; i < FACTS_UNAME; i++) {
		size_t bytes = strlen(field[i]) + 1;

		memcpy(joined + length, field[i], bytes);
		length += bytes;
	}
	add_whole(w, SNAPSHOT_UNAME, 0, joined, length);
}

static void add_cwd(struct writer *w)
{
	uint8_t memory[PATHS_MAX + 16];
	struct arena arena = arena_init(memory, sizeof(memory));

	add_text(w, SNAPSHOT_CWD, subject_cwd(&arena));
}

static void add_facts(struct writer *w, uint32_t capture, const struct subject *subject)
{
	uint8_t memory[2560];

	for (unsigned i = 0; i < SUBJECT_FACTS; i++) {
		struct arena arena = arena_init(memory, sizeof(memory));
		struct value v;

		if ((capture & subject_facts[i].capture) == 0)
			continue;
		v = subject_fact(&arena, subject, subject_facts[i].fact);
		if (value_present(&v))
			add_whole(w, SNAPSHOT_FACT, (uint16_t)subject_facts[i].fact, v.text,
				  v.length);
	}
}

/* Bytes of the last whole word that fits. */
static uint32_t whole_words(const uint8_t *bytes, uint32_t length, uint32_t most)
{
	length = length < most ? length : most;
	while (length > 0 && bytes[length - 1] != '\0')
		length--;
	return length;
}

static void add_of_parent(struct writer *w, const struct snapshot_item *item, const uint8_t *bytes)
{
	uint32_t length = item->length;
	uint32_t most = room(w) < PARENT_MAX ? room(w) : PARENT_MAX;

	if (item->type == SNAPSHOT_ARGS)
		length = whole_words(bytes, length, most);
	if (length != item->length)
		w->truncated = true;
	if (length > room(w))
		w->truncated = true;
	else
		put_item(w, item->type, 0, SNAPSHOT_OF_PARENT, bytes, length);
}

/* What a child's events need of the process that ran it, from that one's own snapshot. */
static void add_parent(struct writer *w, const struct subject *subject)
{
	const uint8_t *bytes = subject->ancestor_snapshot;
	uint32_t left = subject->ancestor_bytes;
	struct snapshot_item item;

	while (left >= sizeof(item)) {
		memcpy(&item, bytes, sizeof(item));
		if (item.length > left - sizeof(item))
			return;
		bytes += sizeof(item);
		if ((item.flags & SNAPSHOT_OF_PARENT) == 0 &&
		    (item.type == SNAPSHOT_EXE || item.type == SNAPSHOT_SCRIPT ||
		     item.type == SNAPSHOT_ARGS))
			add_of_parent(w, &item, bytes);
		bytes += item.length;
		left -= (uint32_t)sizeof(item) + item.length;
	}
}

/* Whole words, as many as fit. */
static void add_args(struct writer *w, const struct subject *subject)
{
	struct snapshot_item item = { .type = SNAPSHOT_ARGS };
	uint32_t at = w->used + (uint32_t)sizeof(item);
	uint32_t left = room(w);

	for (int i = 0; i < subject->argc; i++) {
		size_t bytes = strlen(subject->argv[i]) + 1;

		if (bytes > left - item.length) {
			item.flags = SNAPSHOT_TRUNCATED;
			w->truncated = true;
			break;
		}
		put(w, at + item.length, subject->argv[i], bytes);
		item.length += (uint32_t)bytes;
	}
	if (left == 0)
		return;
	put(w, w->used, &item, sizeof(item));
	w->used = at + item.length;
}

uint32_t policy_snapshot(const struct decision *decision, const struct subject *subject,
			 uint8_t *into, uint32_t capacity, bool *truncated)
{
	const struct decided *decided = decision->internal;
	const struct image_now *h = (const void *)decided->now.bytes;
	const struct image_now *child = (const void *)decided->child.bytes;
	uint32_t capture = h->capture | (child != NULL ? child->capture : 0);
	struct writer w = { .into = into, .capacity = capacity };

	if (decided->path[0] == '/')
		add_whole(&w, SNAPSHOT_IMAGE, 0, decided->path, strlen(decided->path) + 1);
	add_environment(&w, &decided->now, h->environment, subject);
	if (child != NULL && child != h)
		add_environment(&w, &decided->child, child->environment, subject);
	if ((capture & CAPTURE_EXE) != 0)
		add_text(&w, SNAPSHOT_EXE, subject->exe);
	if ((capture & CAPTURE_SCRIPT) != 0)
		add_text(&w, SNAPSHOT_SCRIPT, subject->script);
	if ((capture & CAPTURE_CWD) != 0)
		add_cwd(&w);
	if ((capture & CAPTURE_UNAME) != 0)
		add_uname(&w);
	add_facts(&w, capture, subject);
	if (child != NULL)
		add_parent(&w, subject);
	if ((capture & CAPTURE_ARGS) != 0)
		add_args(&w, subject);
	*truncated = w.truncated;
	return w.used;
}
