/*
 * From events to a tree, and to JSON.
 */
#include "policy/tree.h"

#include <string.h>

#include "base/text.h"

struct builder {
	struct arena *arena;
	struct tree *root;
	struct tree *open[READ_DEPTH + 1];
	unsigned depth;
	struct tree *member; /* the next value is this one's; NULL: an element's */
	unsigned steps;
};

/* FNV-1a. */
static uint32_t hash_of(const char *bytes, size_t length)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * 16777619u;
	return hash;
}

static struct tree *new_node(struct builder *b, struct tree *container)
{
	struct tree *t = arena_take(b->arena, sizeof(*t));

	if (t == NULL)
		return NULL;
	memset(t, 0, sizeof(*t));
	if (container != NULL && container->last != NULL)
		container->last->next = t;
	else if (container != NULL)
		container->first = t;
	if (container != NULL)
		container->last = t;
	return t;
}

/* NULL: the object has no such member, or it took too long to see. */
static struct tree *find_member(struct builder *b, const struct tree *object, const char *key,
				size_t length, uint32_t hash)
{
	struct tree *t = object->first;

	for (; t != NULL && b->steps < TREE_STEPS; t = t->next, b->steps++) {
		if (t->hash == hash && t->key_length == length && memcmp(t->key, key, length) == 0)
			return t;
	}
	return NULL;
}

static struct tree *member_of(struct builder *b, const struct read_item *item)
{
	struct tree *object = b->open[b->depth];
	uint32_t hash = hash_of(item->bytes, item->length);
	struct tree *t = find_member(b, object, item->bytes, item->length, hash);

	if (t != NULL)
		return t;
	t = new_node(b, object);
	if (t == NULL)
		return NULL;
	t->hash = hash;
	t->key_length = (uint32_t)item->length;
	t->key = arena_copy(b->arena, item->bytes, item->length);
	return t->key != NULL ? t : NULL;
}

static bool push(struct builder *b, struct tree *t, bool object)
{
	t->type = VALUE_JSON;
	t->object = object;
	b->open[++b->depth] = t;
	return true;
}

/* The node of the value that begins here. */
static struct tree *value_node(struct builder *b)
{
	struct tree *t = b->member;

	b->member = NULL;
	if (t == NULL)
		t = new_node(b, b->depth > 0 ? b->open[b->depth] : NULL);
	if (b->depth == 0)
		b->root = t;
	return t;
}

static bool take_scalar(struct builder *b, const struct read_item *item)
{
	struct tree *t = value_node(b);

	if (t == NULL)
		return false;
	t->type = item->type;
	t->length = (uint32_t)item->length;
	t->text = arena_copy(b->arena, item->bytes, item->length);
	return t->text != NULL;
}

static bool take_key(struct builder *b, const struct read_item *item)
{
	b->member = member_of(b, item);
	return b->member != NULL && read_state_follow(&b->member->state, item->event);
}

/* Into a table; one that is a list of them is its last element. */
static bool enter(struct builder *b, const struct read_item *item)
{
	struct tree *t = member_of(b, item);

	if (t == NULL || !read_state_follow(&t->state, item->event))
		return false;
	if (item->event == READ_ELEMENT) {
		t->type = VALUE_JSON;
		t = new_node(b, t);
	} else if (t->state == READ_TABLES) {
		t = t->last;
	}
	return t != NULL && push(b, t, true);
}

static bool consume(void *context, const struct read_item *item)
{
	struct builder *b = context;
	struct tree *t;

	switch (item->event) {
	case READ_SCALAR:
		return take_scalar(b, item);
	case READ_OBJECT:
	case READ_LIST:
		t = value_node(b);
		return t != NULL && push(b, t, item->event == READ_OBJECT);
	case READ_END:
		b->depth--;
		return true;
	case READ_ROOT:
		b->depth = 1;
		return true;
	case READ_KEY:
	case READ_AGAIN:
		return take_key(b, item);
	default:
		return enter(b, item);
	}
}

struct tree *tree_read(enum read_format format, char *bytes, size_t length, struct arena *arena)
{
	struct builder b = { .arena = arena };

	if (read_events(format, bytes, length, consume, &b) != 0 || b.steps >= TREE_STEPS)
		return NULL;
	return b.root;
}

struct value tree_value(const struct tree *t)
{
	return t->type == VALUE_JSON ? value_of(VALUE_JSON, t->object ? "{}" : "[]", 2)
				     : value_of(t->type, t->text, t->length);
}

bool tree_is_plain(const struct tree *t)
{
	if (t->type == VALUE_JSON && t->object)
		return false;
	for (const struct tree *child = t->first; child != NULL; child = child->next) {
		if (!tree_is_plain(child))
			return false;
	}
	return true;
}

static void add_children(struct text *into, const struct tree *t)
{
	bool first = true;

	text_add_char(into, t->object ? '{' : '[');
	for (const struct tree *child = t->first; child != NULL; child = child->next) {
		if (t->object && child->type == VALUE_UNREADABLE)
			continue;
		if (!first)
			text_add_char(into, ',');
		first = false;
		if (t->object) {
			text_add_json(into, child->key, child->key_length);
			text_add_char(into, ':');
		}
		tree_add_json(into, child);
	}
	text_add_char(into, t->object ? '}' : ']');
}

void tree_add_json(struct text *into, const struct tree *t)
{
	struct value v;

	if (t->type == VALUE_JSON) {
		add_children(into, t);
		return;
	}
	v = tree_value(t);
	if (v.type == VALUE_UNREADABLE)
		text_add(into, "null");
	else
		value_add_json(into, &v);
}
