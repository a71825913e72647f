/*
 * Conditions and the rules of consent.
 */
#include <string.h>

#include "policy/compile/regex.h"
#include "policy/compile/source.h"

static struct expr *always(struct compiler *c, struct mark at)
{
	return expr_new(&c->heap, NODE_ALWAYS, 0, at);
}

static struct expr *read_scalar(struct compiler *c, const struct yaml *y)
{
	struct expr *source;

	if (y->plain && strcmp(y->text, "always") == 0)
		return always(c, y->at);
	if (y->plain && strcmp(y->text, "never") == 0)
		return expr_new(&c->heap, NODE_NEVER, 0, y->at);
	source = template_of_text(c, y);
	if (source->op == NODE_TEXT)
		diagnose(&c->d, y->at,
			 "a condition is always, never, \"${name}\", or a source with a test: "
			 "{ env: NAME, is: true }; not '%.60s'",
			 y->text);
	return expr_wrap(&c->heap, NODE_PRESENT, 0, source);
}

/* all or any of a list; `not` has one below it. */
static struct expr *read_many(struct compiler *c, const struct yaml *y, enum node_op op)
{
	struct expr *many = expr_new(&c->heap, op, 0, y->at);

	if (y->kind != YAML_LIST || y->count == 0) {
		diagnose(&c->d, y->at, "a list of conditions is expected here");
		return many;
	}
	for (unsigned i = 0; i < y->count; i++)
		expr_add(&c->heap, many, conditions_of(c, y->item[i]));
	return many;
}

static struct expr *read_logic(struct compiler *c, const struct yaml *y)
{
	const char *key = yaml_key(y, 0)->text;
	const struct yaml *below = yaml_value(y, 0);

	if (y->count > 1)
		diagnose(&c->d, yaml_key(y, 1)->at,
			 "'%s' stands alone: put the other conditions into its list", key);
	if (strcmp(key, "not") == 0)
		return expr_wrap(&c->heap, NODE_NOT, 0, conditions_of(c, below));
	return read_many(c, below, strcmp(key, "all") == 0 ? NODE_ALL : NODE_ANY);
}

static enum node_op test_of(const char *key)
{
	static const struct {
		const char *key;
		enum node_op op;
	} tests[] = {
		{ "is", NODE_IS },	     { "is_not", NODE_IS_NOT },
		{ "matches", NODE_MATCHES }, { "above", NODE_ABOVE },
		{ "below", NODE_BELOW },     { "at_least", NODE_AT_LEAST },
		{ "at_most", NODE_AT_MOST },
	};

	for (unsigned i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(tests[i].key, key) == 0)
			return tests[i].op;
	}
	return NODE_NONE;
}

static struct expr *read_operand(struct compiler *c, const struct yaml *y, enum node_op op)
{
	struct expr *e;

	if (op == NODE_MATCHES)
		return regex_of(c, y);
	if (y->kind != YAML_SCALAR) {
		diagnose(&c->d, y->at, "a test takes a constant or a template");
		return always(c, y->at);
	}
	e = template_of_value(c, y);
	if (op != NODE_IS && op != NODE_IS_NOT &&
	    (e->op == NODE_TEXT || e->op == NODE_TRUE || e->op == NODE_FALSE || e->op == NODE_NULL))
		diagnose(&c->d, y->at, "a number is expected here, not '%.60s'", y->text);
	return e;
}

static struct expr *read_test(struct compiler *c, const struct yaml *key, const struct yaml *y,
			      struct expr *source)
{
	enum node_op op = test_of(key->text);
	struct expr *test = expr_wrap(&c->heap, op, 0, source);
	bool takes_list = op == NODE_IS || op == NODE_IS_NOT || op == NODE_MATCHES;

	if (y->kind != YAML_LIST || !takes_list) {
		expr_add(&c->heap, test, read_operand(c, y, op));
		return test;
	}
	for (unsigned i = 0; i < y->count; i++)
		expr_add(&c->heap, test, read_operand(c, y->item[i], op));
	return test;
}

static struct expr *read_source(struct compiler *c, const struct yaml *y)
{
	struct expr *source = source_of_map(c, y, true);
	struct expr *test = NULL;

	for (unsigned i = 0; i < y->count; i++) {
		const struct yaml *key = yaml_key(y, i);

		if (!keys_have(KEYS_TEST, key->text) || source_is_of_lookup(y, key))
			continue;
		if (test != NULL)
			diagnose(&c->d, key->at,
				 "one test a condition: write all: with two of them");
		test = read_test(c, key, yaml_value(y, i), source);
	}
	return test != NULL ? test : expr_wrap(&c->heap, NODE_PRESENT, 0, source);
}

struct expr *conditions_of(struct compiler *c, const struct yaml *y)
{
	if (y->kind == YAML_SCALAR)
		return read_scalar(c, y);
	if (y->kind == YAML_LIST)
		return read_many(c, y, NODE_ALL);
	if (y->count > 0 && keys_have(KEYS_LOGIC, yaml_key(y, 0)->text))
		return read_logic(c, y);
	return read_source(c, y);
}

/* Of consent. */
static const char *out_of_reach(enum node_op op)
{
	switch (op) {
	case NODE_FACT:
		return "facts of the event, of a call or of the exit";
	case NODE_PARAMETER:
		return "a parameter of a call";
	case NODE_MEASURE:
		return "a measure";
	case NODE_RUN:
		return "what a command says";
	case NODE_GET:
		return "a document";
	case NODE_SIZE:
		return "the size of a file";
	case NODE_LOOKUP:
	case NODE_ARRAY:
	case NODE_KEEP:
	case NODE_DROP:
	case NODE_PRESENCE:
	case NODE_PARSE:
		return "parts of objects and lists: ask for one value with key:";
	default:
		return "an id";
	}
}

static void read_rule(struct compiler *c, const struct yaml *y, struct expr *rules, bool now)
{
	const struct expr *what;
	struct expr *condition;
	enum node_op op;

	if (!keys_check(&c->d, y, KEYS_CONSENT, "a consent rule") || y->count == 0 ||
	    !keys_have(KEYS_CONSENT, yaml_key(y, 0)->text))
		return;
	if (y->count > 1)
		diagnose(&c->d, yaml_key(y, 1)->at,
			 "one rule an item: begin it with its own \"- \"");
	op = strcmp(yaml_key(y, 0)->text, "deny") == 0 ? NODE_DENY : NODE_ALLOW;
	condition = conditions_of(c, yaml_value(y, 0));
	if (reach_depth_fits(c, condition) && now && !reach_is_now(c, condition, &what))
		diagnose(&c->d, yaml_value(y, 0)->at,
			 "consent is asked before anything is recorded, so it can not know %s",
			 out_of_reach(what->op));
	expr_add(&c->heap, rules, expr_wrap(&c->heap, op, 0, condition));
}

struct expr *conditions_consent(struct compiler *c, const struct yaml *y, bool now)
{
	struct expr *rules = expr_new(&c->heap, NODE_LIST, 0, y->at);

	if (y->kind != YAML_LIST || y->count == 0) {
		diagnose(&c->d, y->at,
			 "consent is a list of rules, the first that holds decides: \"- deny: "
			 "...\", \"- allow: always\"");
		return rules;
	}
	for (unsigned i = 0; i < y->count; i++)
		read_rule(c, y->item[i], rules, now);
	return rules;
}
