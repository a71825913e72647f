/*
 * Transforms that choose: what may leave, what counts as absent and what stands in for it.
 */
#include <string.h>

#include "policy/memo.h"
#include "policy/transform.h"

struct value transform_source(struct eval *e, const struct image_node *node)
{
	return node->count > 0 ? eval_source(e, node->operand[0]) : value_unreadable();
}

struct value transform_text(struct eval *e, const struct image_node *node)
{
	struct value v = transform_source(e, node);

	if (v.type == VALUE_JSON)
		return value_unreadable();
	if (v.type == VALUE_NUMBER || v.type == VALUE_BOOL)
		v.type = VALUE_TEXT;
	return v;
}

struct value transform_memo(struct eval *e, const struct image_node *node)
{
	uint32_t key = (uint32_t)((const uint8_t *)node - e->section.bytes);
	struct value v;

	if (e->memo == NULL)
		return transform_source(e, node);
	if (memo_find(e->memo, key, &v))
		return v;
	v = transform_source(e, node);
	/* What did not fit here, or took too long, may fit the next time. */
	if (!e->arena->full && e->steps > 0)
		memo_keep(e->memo, key, &v);
	return v;
}

/* Without a substitute of its own, what is not in the list is "other". */
struct value transform_one_of(struct eval *e, const struct image_node *node)
{
	struct value v = transform_source(e, node);

	if (!value_present(&v))
		return v;
	for (unsigned i = 1; i < node->count; i++) {
		const struct image_node *word = node_operand(&e->section, node, i);

		if (word != NULL && word->op == NODE_TEXT && word->value == v.length &&
		    memcmp(node_text(word), v.text, v.length) == 0)
			return v;
	}
	return node->value == 1 ? value_absent() : value_text("other");
}

static bool is_omitted(const struct value *v, uint32_t omit)
{
	double number;

	if (v->type == VALUE_NULL)
		return (omit & OMIT_NULL) != 0;
	if (v->type == VALUE_NUMBER && (omit & OMIT_ZERO) != 0)
		return value_read_number(v->text, v->length, &number) == 0 && number == 0;
	if ((omit & OMIT_EMPTY) == 0)
		return false;
	return v->length == 0 || (v->type == VALUE_JSON && v->length == 2);
}

struct value transform_omit(struct eval *e, const struct image_node *node)
{
	struct value v = transform_source(e, node);

	return value_present(&v) && is_omitted(&v, node->value) ? value_absent() : v;
}

struct value transform_else(struct eval *e, const struct image_node *node)
{
	struct value v = transform_source(e, node);

	return !value_present(&v) && node->count > 1 ? eval_source(e, node->operand[1]) : v;
}

struct value transform_secret(struct eval *e, const struct image_node *node)
{
	struct value v = transform_source(e, node);

	if (value_present(&v) && e->secrets != NULL) {
		text_add_bytes(e->secrets, v.text, v.length);
		text_add_char(e->secrets, '\n');
	}
	return value_present(&v) && e->mask ? value_text("(secret)") : v;
}
