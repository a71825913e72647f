/*
 * Patterns in an evaluation: REGEX nodes on values. Memory comes from the arena and is given back;
 * the time counts as steps of the evaluation. Any world.
 */
#ifndef BOOKEND_POLICY_PATTERN_H
#define BOOKEND_POLICY_PATTERN_H

#include "policy/eval.h"
#include "policy/regex.h"

/* A text, or what can be read as one: a number, a truth. */
bool pattern_fits(const struct value *v);

/* regex_find() with the node's pattern; also -EBADMSG, -ENOMEM. */
int pattern_find(struct eval *e, const struct image_node *node, const struct value *v,
		 uint32_t from, struct regex_match *into);

/* Steps for regex_find(), and what was left of them. */
uint32_t pattern_budget(const struct eval *e);
void pattern_spent(struct eval *e, uint32_t left);

/* The test of a MATCHES. */
enum truth pattern_test(struct eval *e, const struct image_node *node);

#endif
