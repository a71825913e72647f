/*
 * Sources: the evaluation of everything that yields a value.
 */
#include "policy/eval.h"

#include <string.h>

#include "policy/file.h"
#include "policy/transform.h"
#include "policy/words.h"

static struct value eval_template(struct eval *e, const struct image_node *node)
{
	struct value *part = arena_take(e->arena, node->count * sizeof(*part));
	struct text t;
	char *kept;

	if (part == NULL)
		return value_unreadable();
	for (unsigned i = 0; i < node->count; i++) {
		part[i] = eval_source(e, node->operand[i]);
		if (part[i].type == VALUE_UNREADABLE || part[i].type == VALUE_JSON)
			return value_unreadable();
		if (part[i].type == VALUE_ABSENT || part[i].type == VALUE_NULL)
			return value_absent();
	}
	t = arena_text(e->arena);
	for (unsigned i = 0; i < node->count; i++)
		text_add_bytes(&t, part[i].text, part[i].length);
	kept = arena_keep(e->arena, &t);
	return kept != NULL ? value_of(VALUE_TEXT, kept, t.length) : value_unreadable();
}

/* Children first, then the text: both come from the arena. */
static struct value eval_object(struct eval *e, const struct image_node *node)
{
	unsigned pairs = node->count / 2;
	struct value *v = arena_take(e->arena, pairs * sizeof(*v));
	struct text t;
	char *kept;

	if (v == NULL)
		return value_unreadable();
	for (unsigned i = 0; i < pairs; i++)
		v[i] = eval_source(e, node->operand[2 * i + 1]);
	t = arena_text(e->arena);
	text_add_char(&t, '{');
	for (unsigned i = 0; i < pairs; i++) {
		const struct image_node *key = node_operand(&e->section, node, 2 * i);

		if (!value_present(&v[i]) || key == NULL)
			continue;
		if (t.length > 1)
			text_add_char(&t, ',');
		text_add_json(&t, node_text(key), key->op == NODE_TEXT ? key->value : 0);
		text_add_char(&t, ':');
		value_add_json(&t, &v[i]);
	}
	text_add_char(&t, '}');
	kept = arena_keep(e->arena, &t);
	return kept != NULL ? value_of(VALUE_JSON, kept, t.length) : value_unreadable();
}

/* Operands: of a keyed one its key; alphabet and file, 0 when there is none. */
static struct value eval_id(struct eval *e, const struct image_node *node)
{
	bool keyed = node->op == NODE_ID_KEYED;
	struct eval_id id = { .kind = keyed ? "keyed" : "installation", .length = node->value };
	const struct image_node *alphabet = node_operand(&e->section, node, keyed);

	if (keyed)
		id.key = node->count > 0 ? eval_scalar(e, node->operand[0]) : NULL;
	if (keyed && id.key == NULL)
		return value_absent();
	if (alphabet != NULL && alphabet->op == NODE_TEXT && alphabet->value > 1)
		id.alphabet = node_text(alphabet);
	if (node->count > keyed + 1u && node->operand[keyed + 1u] != 0) {
		id.file = eval_scalar(e, node->operand[keyed + 1u]);
		if (id.file == NULL)
			return value_absent();
	}
	/* No value points into it. */
	/* cppcheck-suppress returnDanglingLifetime */
	return e->world->id(e, &id);
}

static struct value eval_measure(struct eval *e, const struct image_node *node)
{
	const char *name = node_text(node_operand(&e->section, node, 0));

	if (e->world->measure == NULL || node->value >= STATISTICS)
		return value_absent();
	return e->world->measure(e, name, (enum measure_statistic)node->value);
}

/* What needs much memory is for drainers; inside only the value of one key of a file can be had. */
static struct value eval_large(struct eval *e, const struct image_node *node)
{
	if (e->world->large != NULL)
		return e->world->large(e, node);
	return node->op == NODE_FILE ? file_value(e, node) : value_unreadable();
}

static struct value eval_taken(struct eval *e, const struct image_node *node)
{
	switch (node->op) {
	case NODE_ENV:
		return e->world->env(e, node->value, node_text(node_operand(&e->section, node, 0)));
	case NODE_FLAG:
		return words_flag(e, node);
	case NODE_OPTION:
		return words_option(e, node);
	case NODE_ARGUMENT:
		return words_argument(e, node->value);
	case NODE_CHILD_ARGUMENT:
		return words_child_argument(e, node->value);
	case NODE_FACT:
		if (node->value == FACT_COMMAND_NAME || node->value == FACT_COMMAND_PATH)
			return words_command(e, node->value == FACT_COMMAND_PATH);
		return node->value < FACT_COUNT ? e->world->fact(e, (enum fact)node->value)
						: value_unreadable();
	case NODE_PARAMETER:
		return e->world->parameter != NULL ? e->world->parameter(e, node->value)
						   : value_absent();
	case NODE_MEASURE:
		return eval_measure(e, node);
	case NODE_RUN:
	case NODE_GET:
		return e->world->probe != NULL ? e->world->probe(e, node) : value_absent();
	case NODE_FILE:
	case NODE_SIZE:
	case NODE_LOOKUP:
	case NODE_ARRAY:
	case NODE_KEEP:
	case NODE_DROP:
	case NODE_PRESENCE:
	case NODE_PARSE:
		return eval_large(e, node);
	case NODE_REMEMBERED:
		return e->world->remembered != NULL
			       ? e->world->remembered(e,
						      node_text(node_operand(&e->section, node, 0)))
			       : value_absent();
	case NODE_ITEM:
		return e->world->item != NULL ? e->world->item(e) : value_absent();
	case NODE_ID_RUN:
		return e->world->id(e, &(struct eval_id){ .kind = "run" });
	case NODE_ID_INSTALLATION:
	case NODE_ID_KEYED:
		return eval_id(e, node);
	default:
		return value_unreadable();
	}
}

static struct value eval_node(struct eval *e, const struct image_node *node)
{
	switch (node->op) {
	case NODE_TEXT:
		return value_of(VALUE_TEXT, node_text(node), node->value);
	case NODE_NUMBER:
		return value_of(VALUE_NUMBER, node_text(node), node->value);
	case NODE_TRUE:
	case NODE_FALSE:
		return value_bool(node->op == NODE_TRUE);
	case NODE_NULL:
		return value_of(VALUE_NULL, "null", 4);
	case NODE_TEMPLATE:
		return eval_template(e, node);
	case NODE_OBJECT:
		return eval_object(e, node);
#define TRANSFORM(op, name)                                                                        \
	case NODE_##op:                                                                            \
		return transform_##name(e, node);
#include "policy/transforms.def"
#undef TRANSFORM
	default:
		return eval_taken(e, node);
	}
}

struct value eval_source(struct eval *e, uint32_t at)
{
	const struct image_node *node = node_at(&e->section, at);
	struct value v;

	if (at == 0)
		return value_absent();
	if (node == NULL || e->depth >= EVAL_DEPTH || e->steps <= node->count)
		return value_unreadable();
	e->depth++;
	e->steps -= node->count + 1u;
	v = eval_node(e, node);
	e->depth--;
	return v;
}

const char *eval_scalar(struct eval *e, uint32_t node)
{
	struct value v = eval_source(e, node);

	return v.type == VALUE_TEXT || v.type == VALUE_NUMBER || v.type == VALUE_BOOL ? v.text
										      : NULL;
}
