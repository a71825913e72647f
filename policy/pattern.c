/*
 * The evaluation's side of patterns: arena, steps, damaged images.
 */
#include "policy/pattern.h"

#include <errno.h>

/* So many steps of a matcher are one of the evaluation. */
#define STEPS_IN_ONE 64

bool pattern_fits(const struct value *v)
{
	return v->type == VALUE_TEXT || v->type == VALUE_NUMBER || v->type == VALUE_BOOL;
}

uint32_t pattern_budget(const struct eval *e)
{
	return e->steps * STEPS_IN_ONE;
}

void pattern_spent(struct eval *e, uint32_t left)
{
	e->steps = left / STEPS_IN_ONE;
}

int pattern_find(struct eval *e, const struct image_node *node, const struct value *v,
		 uint32_t from, struct regex_match *into)
{
	size_t mark = e->arena->used;
	uint32_t budget = pattern_budget(e);
	struct regex r;
	void *memory;
	int found;

	if (node == NULL || node->op != NODE_REGEX ||
	    regex_open(&r, node_text(node), node->value) != 0)
		return -EBADMSG;
	memory = arena_take(e->arena, regex_memory(&r));
	if (memory == NULL)
		return -ENOMEM;
	found = regex_find(&r, v->text, v->length, from, memory, &budget, into);
	e->arena->used = mark;
	pattern_spent(e, budget);
	return found;
}

enum truth pattern_test(struct eval *e, const struct image_node *node)
{
	struct value v = eval_source(e, node->operand[0]);
	enum truth any = TRUTH_FALSE;

	if (v.type == VALUE_ABSENT || v.type == VALUE_NULL)
		return TRUTH_FALSE;
	if (!pattern_fits(&v))
		return TRUTH_UNKNOWN;
	for (unsigned i = 1; i < node->count && any != TRUTH_TRUE; i++) {
		int found = pattern_find(e, node_operand(&e->section, node, i), &v, 0, NULL);

		if (found != 0)
			any = found > 0 ? TRUTH_TRUE : TRUTH_UNKNOWN;
	}
	return any;
}
