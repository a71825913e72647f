/*
 * Transforms of texts.
 */
#include "policy/compile/regex.h"
#include "policy/compile/source.h"

struct expr *source_transform_extract(struct compiler *c, const struct yaml *given,
				      const struct yaml *map, struct expr *e)
{
	(void)map;
	e = expr_wrap(&c->heap, NODE_EXTRACT, 0, e);
	expr_add(&c->heap, e, regex_of(c, given));
	return e;
}
