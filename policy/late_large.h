/*
 * Late evaluation of what needs much memory (struct eval_world, `large`). Drainers.
 */
#ifndef BOOKEND_POLICY_LATE_LARGE_H
#define BOOKEND_POLICY_LATE_LARGE_H

#include "policy/eval.h"

/* e->context is a struct late_world. */
struct value late_large(struct eval *e, const struct image_node *node);

#endif
