/*
 * Transforms that give one thing for another: patterns, routes, cases.
 */
#include <string.h>

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

/* The rules of a list; one rule may stand without. Each must be a mapping of this scope. */
static void each_rule(struct compiler *c, const struct yaml *given, enum key_scope scope,
		      const char *where, struct expr *into,
		      void (*read)(struct compiler *c, const struct yaml *rule, struct expr *into))
{
	unsigned count = given->kind == YAML_LIST ? given->count : 1;

	if (count == 0)
		diagnose(&c->d, given->at, "the list is empty");
	for (unsigned i = 0; i < count; i++) {
		const struct yaml *rule = given->kind == YAML_LIST ? given->item[i] : given;

		if (keys_check(&c->d, rule, scope, where))
			read(c, rule, into);
	}
}

static void read_replacement(struct compiler *c, const struct yaml *rule, struct expr *into)
{
	const struct yaml *pattern = yaml_get(rule, "matches");
	const struct yaml *give = yaml_get(rule, "give");

	if (pattern == NULL || give == NULL || give->kind != YAML_SCALAR) {
		diagnose(&c->d, rule->at,
			 "a replacement is { matches: PATTERN, give: TEXT }; \"\" takes away what "
			 "is found");
		return;
	}
	expr_add(&c->heap, into, regex_of(c, pattern));
	expr_add(&c->heap, into, template_of_text(c, give));
}

struct expr *source_transform_replace(struct compiler *c, const struct yaml *given,
				      const struct yaml *map, struct expr *e)
{
	(void)map;
	e = expr_wrap(&c->heap, NODE_REPLACE, 0, e);
	each_rule(c, given, KEYS_REPLACE, "a replacement", e, read_replacement);
	return e;
}

/* route, cases, map and one_of choose the same thing: what may leave. */
static void check_only(struct compiler *c, const struct yaml *map, const char *key)
{
	static const char *const choices[] = { "route", "cases", "map", "one_of" };

	for (unsigned i = 0; strcmp(choices[i], key) != 0; i++) {
		if (yaml_get(map, choices[i]) == NULL)
			continue;
		diagnose(&c->d, yaml_get(map, key)->at,
			 "%s: stands beside %s: : name the first half under `values`", key,
			 choices[i]);
		return;
	}
}

static void read_route(struct compiler *c, const struct yaml *one, void *context)
{
	if (one->text[0] != '/' || strpbrk(one->text, "?#") != NULL)
		diagnose(&c->d, one->at,
			 "a route is a path, /users/:NAME/posts, without a query; not '%.60s'",
			 one->text);
	expr_add(&c->heap, context, expr_text(&c->heap, NODE_TEXT, one->text, one->at));
}

struct expr *source_transform_route(struct compiler *c, const struct yaml *given,
				    const struct yaml *map, struct expr *e)
{
	check_only(c, map, "route");
	e = expr_wrap(&c->heap, NODE_ROUTE, 0, e);
	scalar_each(c, given, read_route, e);
	return e;
}

/* One pair for each of the alternatives of a test. */
static void add_tests(struct compiler *c, const struct yaml *tests, bool patterns,
		      struct expr *give, struct expr *into)
{
	unsigned count = tests->kind == YAML_LIST ? tests->count : 1;

	for (unsigned i = 0; i < count; i++) {
		const struct yaml *one = tests->kind == YAML_LIST ? tests->item[i] : tests;

		if (!patterns && one->kind != YAML_SCALAR) {
			diagnose(&c->d, one->at, "a constant or a template is expected here");
			continue;
		}
		expr_add(&c->heap, into, patterns ? regex_of(c, one) : template_of_value(c, one));
		expr_add(&c->heap, into, give);
	}
}

static void read_case(struct compiler *c, const struct yaml *rule, struct expr *into)
{
	const struct yaml *pattern = yaml_get(rule, "matches");
	const struct yaml *is = yaml_get(rule, "is");
	const struct yaml *give = yaml_get(rule, "give");

	if (give == NULL || (pattern != NULL) == (is != NULL)) {
		diagnose(&c->d, rule->at,
			 "a case is { matches: PATTERN, give: SOURCE } or { is: VALUE, give: "
			 "SOURCE }");
		return;
	}
	add_tests(c, pattern != NULL ? pattern : is, pattern != NULL, source_of(c, give), into);
}

struct expr *source_transform_cases(struct compiler *c, const struct yaml *given,
				    const struct yaml *map, struct expr *e)
{
	check_only(c, map, "cases");
	e = expr_wrap(&c->heap, NODE_CASES, 0, e);
	each_rule(c, given, KEYS_CASE, "a case", e, read_case);
	return e;
}

struct expr *source_transform_map(struct compiler *c, const struct yaml *given,
				  const struct yaml *map, struct expr *e)
{
	check_only(c, map, "map");
	e = expr_wrap(&c->heap, NODE_CASES, 0, e);
	if (given->kind != YAML_MAP || given->count == 0) {
		diagnose(&c->d, given->at, "map: is a mapping of texts to what they become");
		return e;
	}
	for (unsigned i = 0; i < given->count; i++) {
		const struct yaml *key = yaml_key(given, i);

		expr_add(&c->heap, e, expr_text(&c->heap, NODE_TEXT, key->text, key->at));
		expr_add(&c->heap, e, source_of(c, yaml_value(given, i)));
	}
	return e;
}

struct expr *source_transform_one_of(struct compiler *c, const struct yaml *given,
				     const struct yaml *map, struct expr *e)
{
	struct expr *listed;

	check_only(c, map, "one_of");
	listed = scalar_texts(c, given, NODE_ONE_OF);
	e = expr_wrap(&c->heap, NODE_ONE_OF, yaml_get(map, "else") != NULL, e);
	for (unsigned i = 0; i < listed->count; i++)
		expr_add(&c->heap, e, listed->operand[i]);
	return e;
}
