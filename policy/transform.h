/*
 * What is done to a source, one function for each node of policy/transforms.def; policy/eval.c
 * calls them. The first operand is the source; transform_source() evaluates it, and what is not
 * present is returned as it is, by all but `else`. No allocation but from the arena; any world.
 */
#ifndef BOOKEND_POLICY_TRANSFORM_H
#define BOOKEND_POLICY_TRANSFORM_H

#include "policy/eval.h"

#define TRANSFORM(op, name)                                                                        \
	struct value transform_##name(struct eval *e, const struct image_node *node);
#include "policy/transforms.def"
#undef TRANSFORM

/* The value to work on: that of the first operand. As a text: numbers and truths as they are
 * written, lists and objects are unreadable; null stays. */
struct value transform_source(struct eval *e, const struct image_node *node);
struct value transform_text(struct eval *e, const struct image_node *node);

/* What was written into arena_text(), as a value. A text with nothing in it is absent. */
struct value transform_kept(struct eval *e, const struct text *t);
struct value transform_kept_as(struct eval *e, const struct text *t, enum value_type type);

#endif
