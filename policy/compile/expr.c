/*
 * Expressions and their way into a section.
 */
#include "policy/compile/expr.h"

#include <string.h>

#include "policy/node.h"

struct expr *expr_new(struct heap *h, enum node_op op, uint32_t value, struct mark at)
{
	struct expr *e = heap_take(h, sizeof(*e));

	e->op = op;
	e->value = value;
	e->at = at;
	return e;
}

struct expr *expr_text(struct heap *h, enum node_op op, const char *text, struct mark at)
{
	struct expr *e = expr_new(h, op, (uint32_t)strlen(text), at);

	e->text = text;
	return e;
}

void expr_add(struct heap *h, struct expr *list, struct expr *operand)
{
	list->operand = heap_grow(h, list->operand, list->count, sizeof(struct expr *));
	list->operand[list->count++] = operand;
}

struct expr *expr_wrap(struct heap *h, enum node_op op, uint32_t value, struct expr *source)
{
	struct expr *e = expr_new(h, op, value, source->at);

	expr_add(h, e, source);
	return e;
}

static int find_key(const struct expr *object, const char *key)
{
	for (unsigned i = 0; i < object->count; i += 2) {
		if (strcmp(object->operand[i]->text, key) == 0)
			return (int)i;
	}
	return -1;
}

static void merge_pair(struct heap *h, struct expr *into, struct expr *key, struct expr *value)
{
	int found = find_key(into, key->text);

	if (found < 0) {
		expr_add(h, into, key);
		expr_add(h, into, value);
	} else if (value->op == NODE_OBJECT && into->operand[found + 1]->op == NODE_OBJECT) {
		into->operand[found + 1] = expr_merge(h, into->operand[found + 1], value);
	} else {
		into->operand[found + 1] = value;
	}
}

struct expr *expr_merge(struct heap *h, struct expr *outer, struct expr *inner)
{
	struct expr *both;

	if (outer == NULL || inner == NULL)
		return outer != NULL ? outer : inner;
	both = expr_new(h, NODE_OBJECT, 0, inner->at);
	for (unsigned i = 0; i < outer->count; i += 2)
		merge_pair(h, both, outer->operand[i], outer->operand[i + 1]);
	for (unsigned i = 0; i < inner->count; i += 2)
		merge_pair(h, both, inner->operand[i], inner->operand[i + 1]);
	return both;
}

unsigned expr_depth(struct expr *e)
{
	unsigned below = 0;

	if (e == NULL || e->depth != 0)
		return e != NULL ? e->depth : 0;
	for (unsigned i = 0; i < e->count; i++) {
		unsigned depth = expr_depth(e->operand[i]);

		if (depth > below)
			below = depth;
	}
	e->depth = below + 1;
	return e->depth;
}

const char *expr_constant(const struct expr *e)
{
	return e != NULL && (e->op == NODE_TEXT || e->op == NODE_NUMBER) ? e->text : NULL;
}

void section_begin(struct section_writer *w, struct heap *h, unsigned number, uint32_t head)
{
	*w = (struct section_writer){ .heap = h, .number = number };
	section_reserve(w, head);
}

static uint32_t reserve(struct section_writer *w, uint32_t bytes, uint32_t alignment)
{
	uint32_t at = (w->used + alignment - 1) & ~(alignment - 1);

	if (bytes > w->capacity || at > w->capacity - bytes) {
		uint32_t capacity = 2 * (at + bytes) + 1024;
		uint8_t *grown = heap_take(w->heap, capacity);

		if (w->used > 0)
			memcpy(grown, w->bytes, w->used);
		w->bytes = grown;
		w->capacity = capacity;
	}
	w->used = at + bytes;
	return at;
}

uint32_t section_reserve(struct section_writer *w, uint32_t bytes)
{
	return reserve(w, bytes, 8);
}

/* Removed keys of an object have done their work when it is written. */
static bool is_removed(const struct expr *e, unsigned operand)
{
	const struct expr *value = e->op == NODE_OBJECT ? e->operand[operand | 1] : NULL;

	return value != NULL && value->op == EXPR_REMOVED;
}

static uint32_t write_bytes(struct section_writer *w, const struct expr *e)
{
	uint32_t at = reserve(w, (uint32_t)sizeof(struct image_node) + e->value + 1, 4);
	struct image_node *node = (void *)(w->bytes + at);

	node->op = (uint16_t)e->op;
	node->value = e->value;
	memcpy(node->operand, e->text, e->value + 1);
	return at;
}

static uint32_t write_operands(struct section_writer *w, const struct expr *e)
{
	uint32_t count = 0, next = 0;
	struct image_node *node;
	uint32_t at;

	for (unsigned i = 0; i < e->count; i++)
		count += !is_removed(e, i);
	at = reserve(w, (uint32_t)sizeof(*node) + count * 4, 4);
	for (unsigned i = 0; i < e->count; i++) {
		uint32_t operand = is_removed(e, i) ? 0 : section_write(w, e->operand[i]);

		/* The section may have moved. */
		node = (void *)(w->bytes + at);
		if (!is_removed(e, i))
			node->operand[next++] = operand;
	}
	node = (void *)(w->bytes + at);
	node->op = (uint16_t)e->op;
	node->count = (uint16_t)count;
	node->value = e->value;
	return at;
}

uint32_t section_write(struct section_writer *w, struct expr *e)
{
	if (e == NULL)
		return 0;
	if (e->section != w->number) {
		e->offset = node_carries_bytes(e->op) ? write_bytes(w, e) : write_operands(w, e);
		e->section = w->number;
	}
	return e->offset;
}
