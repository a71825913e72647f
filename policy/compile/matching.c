/*
 * `match`: which processes are a service.
 */
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile/compiler.h"

static const struct {
	const char *key;
	enum node_op op;
} rules[] = {
	{ "exe", NODE_MATCH_EXE },   { "script", NODE_MATCH_SCRIPT },
	{ "path", NODE_MATCH_PATH }, { "args", NODE_MATCH_ARGS },
	{ "user", NODE_MATCH_USER }, { "parent", NODE_MATCH_PARENT },
};

static void add_user(struct compiler *c, const struct yaml *one, void *list)
{
	const struct passwd *entry;
	char *end;
	unsigned long uid = strtoul(one->text, &end, 10);

	if (*end != '\0' || uid >= UINT32_MAX) {
		entry = getpwnam(one->text);
		if (entry == NULL) {
			diagnose(&c->d, one->at, "there is no user '%.60s' on this machine",
				 one->text);
			return;
		}
		uid = entry->pw_uid;
	}
	expr_add(&c->heap, list, expr_new(&c->heap, NODE_INTEGER, (uint32_t)uid, one->at));
}

static void check_paths(struct compiler *c, const struct expr *rule)
{
	for (unsigned i = 0; i < rule->count; i++) {
		const char *text = rule->operand[i]->text;

		if (text[0] == '/')
			continue;
		if (rule->op == NODE_MATCH_PATH)
			diagnose(&c->d, rule->operand[i]->at,
				 "path: takes an absolute path, not '%.60s'; for a name write exe:",
				 text);
		else if (rule->op != NODE_MATCH_ARGS && strchr(text, '/') != NULL)
			diagnose(&c->d, rule->operand[i]->at,
				 "a name or an absolute path is expected, not '%.60s'", text);
	}
}

static struct expr *read_rule(struct compiler *c, const struct yaml *y, enum node_op op)
{
	struct expr *rule;

	if (op == NODE_MATCH_USER) {
		rule = expr_new(&c->heap, op, 0, y->at);
		scalar_each(c, y, add_user, rule);
		return rule;
	}
	rule = scalar_texts(c, y, op);
	check_paths(c, rule);
	return rule;
}

struct expr *matching_of(struct compiler *c, const struct yaml *y)
{
	struct expr *list = expr_new(&c->heap, NODE_LIST, 0, y->at);

	if (!keys_check(&c->d, y, KEYS_MATCH, "match"))
		return list;
	if (y->count == 0)
		diagnose(&c->d, y->at,
			 "match needs at least one of exe, script, path, args, user, parent; leave "
			 "it out for a service that is started by `bookend run`");
	for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		const struct yaml *given = yaml_get(y, rules[i].key);

		if (given != NULL)
			expr_add(&c->heap, list, read_rule(c, given, rules[i].op));
	}
	return list;
}
