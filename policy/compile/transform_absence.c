/*
 * Transforms of what is absent and of what is secret.
 */
#include <string.h>

#include "policy/compile/source.h"

struct omission {
	uint32_t bits;
	bool always;
};

static void read_omit(struct compiler *c, const struct yaml *one, void *context)
{
	static const char *const words[] = { "zero", "empty", "null", "always", NULL };
	struct omission *omission = context;

	if (strcmp(one->text, "zero") == 0)
		omission->bits |= OMIT_ZERO;
	else if (strcmp(one->text, "empty") == 0)
		omission->bits |= OMIT_EMPTY;
	else if (strcmp(one->text, "null") == 0)
		omission->bits |= OMIT_NULL;
	else if (strcmp(one->text, "always") == 0)
		omission->always = true;
	else
		diagnose_unknown(&c->d, one->at, "word of omit", one->text, words);
}

struct expr *source_transform_omit(struct compiler *c, const struct yaml *given,
				   const struct yaml *map, struct expr *e)
{
	struct omission omission = { 0 };

	scalar_each(c, given, read_omit, &omission);
	if (omission.always)
		return expr_new(&c->heap, EXPR_REMOVED, 0, map->at);
	return omission.bits != 0 ? expr_wrap(&c->heap, NODE_OMIT, omission.bits, e) : e;
}

struct expr *source_transform_else(struct compiler *c, const struct yaml *given,
				   const struct yaml *map, struct expr *e)
{
	(void)map;
	e = expr_wrap(&c->heap, NODE_ELSE, 0, e);
	expr_add(&c->heap, e, source_of(c, given));
	return e;
}

struct expr *source_transform_secret(struct compiler *c, const struct yaml *given,
				     const struct yaml *map, struct expr *e)
{
	bool secret = false;

	(void)map;
	return scalar_bool(c, given, &secret) && secret ? expr_wrap(&c->heap, NODE_SECRET, 0, e)
							: e;
}
