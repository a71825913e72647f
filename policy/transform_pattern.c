/*
 * Transforms by patterns.
 */
#include <string.h>

#include "policy/pattern.h"
#include "policy/transform.h"

/* A part of the value as a text of its own. */
static struct value part(struct eval *e, const struct value *v, uint32_t from, uint32_t to)
{
	char *copy = arena_copy(e->arena, v->text + from, to - from);

	return copy != NULL ? value_of(VALUE_TEXT, copy, to - from) : value_unreadable();
}

struct value transform_extract(struct eval *e, const struct image_node *node)
{
	struct value v = transform_text(e, node);
	struct regex_match match;
	int found;

	if (v.type != VALUE_TEXT)
		return v;
	found = pattern_find(e, node_operand(&e->section, node, 1), &v, 0, &match);
	if (found <= 0)
		return found == 0 ? value_absent() : value_unreadable();
	if (!match.grouped)
		return part(e, &v, match.from, match.to);
	if (match.group_to == REGEX_NONE)
		return value_absent();
	return part(e, &v, match.group_from, match.group_to);
}

/* All that the pattern finds, from the text into *t with `with` in its place. False: unreadable. */
static bool add_replaced(const struct regex *r, const struct value *v, const struct value *with,
			 void *memory, uint32_t *budget, struct text *t)
{
	uint32_t from = 0, done = 0;
	struct regex_match match;
	int found = 0;

	while (from <= v->length) {
		found = regex_find(r, v->text, v->length, from, memory, budget, &match);
		if (found <= 0)
			break;
		text_add_bytes(t, v->text + done, match.from - done);
		text_add_bytes(t, with->text, with->length);
		done = match.to;
		from = match.to;
		/* Behind nothing one character goes by, or it would be found again. */
		if (match.to == match.from && from < v->length)
			from += regex_character(v->text + from, v->text + v->length,
						&(uint32_t){ 0 });
		else if (match.to == match.from)
			break;
	}
	text_add_bytes(t, v->text + done, v->length - done);
	return found >= 0;
}

/* The text, over the matcher's memory. */
static struct value moved_down(struct eval *e, size_t mark, const struct text *t)
{
	struct value v = transform_kept(e, t);
	char *down;

	if (v.type != VALUE_TEXT)
		return v;
	e->arena->used = mark;
	down = arena_take(e->arena, v.length + 1);
	if (down == NULL)
		return value_unreadable();
	memmove(down, v.text, v.length + 1);
	v.text = down;
	return v;
}

/* One pattern after the other, each on what the one before it made. */
static struct value replaced(struct eval *e, const struct image_node *pattern, struct value v,
			     const struct value *with)
{
	uint32_t budget = pattern_budget(e);
	size_t mark = e->arena->used;
	struct regex r;
	struct text t;
	void *memory;
	bool sound;

	if (pattern == NULL || pattern->op != NODE_REGEX ||
	    regex_open(&r, node_text(pattern), pattern->value) != 0 || !pattern_fits(with))
		return value_unreadable();
	memory = arena_take(e->arena, regex_memory(&r));
	if (memory == NULL)
		return value_unreadable();
	t = arena_text(e->arena);
	sound = add_replaced(&r, &v, with, memory, &budget, &t);
	pattern_spent(e, budget);
	return sound ? moved_down(e, mark, &t) : value_unreadable();
}

struct value transform_replace(struct eval *e, const struct image_node *node)
{
	struct value v = transform_text(e, node);

	for (unsigned i = 1; i + 1 < node->count && v.type == VALUE_TEXT; i += 2) {
		struct value with = eval_source(e, node->operand[i + 1]);

		v = replaced(e, node_operand(&e->section, node, i), v, &with);
	}
	return v;
}

/* 1, 0, or -errno: it can not be said. */
static int is_case(struct eval *e, const struct image_node *node, unsigned which,
		   const struct value *v)
{
	const struct image_node *test = node_operand(&e->section, node, which);
	struct value constant;

	if (test != NULL && test->op == NODE_REGEX)
		return pattern_fits(v) ? pattern_find(e, test, v, 0, NULL) : 0;
	constant = eval_source(e, node->operand[which]);
	return value_is(v, &constant) == TRUTH_TRUE;
}

struct value transform_cases(struct eval *e, const struct image_node *node)
{
	struct value v = transform_source(e, node);

	if (!value_present(&v))
		return v;
	for (unsigned i = 1; i + 1 < node->count; i += 2) {
		int fits = is_case(e, node, i, &v);

		if (fits < 0)
			return value_unreadable();
		if (fits > 0)
			return eval_source(e, node->operand[i + 1]);
	}
	return value_absent();
}
