/*
 * What lies in an object at a path of names.
 */
#include "policy/transform.h"

#include "policy/json.h"

struct value transform_member(struct eval *e, const struct image_node *node)
{
	const struct image_node *path = node_operand(&e->section, node, 1);
	struct value v = transform_source(e, node);
	struct json found;

	if (v.type != VALUE_JSON || path == NULL)
		return value_present(&v) ? value_absent() : v;
	if (!json_find((struct json){ v.text, v.length }, node_text(path), &found))
		return value_absent();
	return json_value(e->arena, found);
}
