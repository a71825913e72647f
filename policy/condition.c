/*
 * Conditions: three-valued, because a consent rule that can not be evaluated must deny.
 */
#include "policy/eval.h"
#include "policy/pattern.h"

static enum truth inverted(enum truth truth)
{
	if (truth == TRUTH_UNKNOWN)
		return truth;
	return truth == TRUTH_TRUE ? TRUTH_FALSE : TRUTH_TRUE;
}

/* One decisive answer settles it; otherwise one unknown leaves it unknown. */
static enum truth eval_many(struct eval *e, const struct image_node *node, enum truth decisive)
{
	enum truth all = inverted(decisive);

	for (unsigned i = 0; i < node->count; i++) {
		enum truth one = eval_condition(e, node->operand[i]);

		if (one == decisive)
			return one;
		if (one == TRUTH_UNKNOWN)
			all = TRUTH_UNKNOWN;
	}
	return all;
}

static enum truth eval_is(struct eval *e, const struct image_node *node)
{
	struct value v = eval_source(e, node->operand[0]);
	enum truth any = TRUTH_FALSE;

	if (v.type == VALUE_ABSENT)
		return TRUTH_FALSE;
	for (unsigned i = 1; i < node->count && any != TRUTH_TRUE; i++) {
		struct value other = eval_source(e, node->operand[i]);
		enum truth one = value_is(&v, &other);

		if (one != TRUTH_FALSE)
			any = one;
	}
	return node->op == NODE_IS ? any : inverted(any);
}

static enum truth eval_order(struct eval *e, const struct image_node *node)
{
	struct value v, other;
	enum truth truth;
	int order = 0;
	bool holds;

	if (node->count < 2)
		return TRUTH_UNKNOWN;
	v = eval_source(e, node->operand[0]);
	other = eval_source(e, node->operand[1]);
	truth = value_order(&v, &other, &order);
	if (truth != TRUTH_TRUE)
		return truth;
	holds = (node->op == NODE_ABOVE && order > 0) || (node->op == NODE_BELOW && order < 0) ||
		(node->op == NODE_AT_LEAST && order >= 0) ||
		(node->op == NODE_AT_MOST && order <= 0);
	return holds ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth eval_present(struct eval *e, const struct image_node *node)
{
	struct value v = eval_source(e, node->operand[0]);

	return value_holds(&v);
}

static bool asks(struct eval *e, uint32_t at, enum node_op op, unsigned depth)
{
	const struct image_node *node = node_at(&e->section, at);

	if (at == 0 || node == NULL || node_carries_bytes(node->op) || depth >= EVAL_DEPTH ||
	    e->steps <= node->count)
		return false;
	if (node->op == op)
		return true;
	e->steps -= node->count + 1u;
	for (unsigned i = 0; i < node->count; i++) {
		if (asks(e, node->operand[i], op, depth + 1))
			return true;
	}
	return false;
}

bool eval_asks(struct eval *e, uint32_t node, enum node_op op)
{
	return asks(e, node, op, 0);
}

static bool is_unanswered(struct eval *e, const struct image_node *test)
{
	struct value v;

	if (!e->strict || (!eval_asks(e, test->operand[0], NODE_RUN) &&
			   !eval_asks(e, test->operand[0], NODE_GET)))
		return false;
	v = eval_source(e, test->operand[0]);
	return !value_present(&v);
}

static enum truth eval_test(struct eval *e, const struct image_node *node)
{
	if (node->op == NODE_ALWAYS || node->op == NODE_NEVER)
		return node->op == NODE_ALWAYS ? TRUTH_TRUE : TRUTH_FALSE;
	if (node->op == NODE_ALL || node->op == NODE_ANY)
		return eval_many(e, node, node->op == NODE_ANY ? TRUTH_TRUE : TRUTH_FALSE);
	if (node->count == 0)
		return TRUTH_UNKNOWN;
	if (node->op == NODE_NOT)
		return inverted(eval_condition(e, node->operand[0]));
	if (is_unanswered(e, node))
		return TRUTH_UNKNOWN;
	switch (node->op) {
	case NODE_PRESENT:
		return eval_present(e, node);
	case NODE_IS:
	case NODE_IS_NOT:
		return eval_is(e, node);
	case NODE_MATCHES:
		return pattern_test(e, node);
	default:
		return eval_order(e, node);
	}
}

enum truth eval_condition(struct eval *e, uint32_t at)
{
	const struct image_node *node = node_at(&e->section, at);
	enum truth truth;

	if (node == NULL || node_carries_bytes(node->op) || e->depth >= EVAL_DEPTH ||
	    e->steps <= node->count)
		return TRUTH_UNKNOWN;
	e->depth++;
	e->steps -= node->count + 1u;
	truth = eval_test(e, node);
	e->depth--;
	return truth;
}
