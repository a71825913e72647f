/*
 * Transforms by patterns.
 */
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
