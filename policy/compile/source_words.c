/*
 * The words that a process itself answers: constants, environment, command line, ids.
 */
#include <ctype.h>
#include <string.h>

#include "policy/compile/source.h"

struct expr *source_nothing(struct compiler *c, struct mark at)
{
	return expr_new(&c->heap, NODE_NULL, 0, at);
}

struct expr *source_value(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	(void)map;
	if (argument->kind == YAML_SCALAR)
		return template_of_value(c, argument);
	diagnose(&c->d, argument->at,
		 "value: takes a constant or a template; nested JSON is object:");
	return source_nothing(c, argument->at);
}

static bool is_variable(const char *name)
{
	if (!isalpha((unsigned char)name[0]) && name[0] != '_')
		return false;
	for (; *name != '\0'; name++) {
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	}
	return true;
}

/* One ENV for each name, numbered in the order of their appearance. */
struct expr *source_env(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	const char *name = "";
	struct expr *e;

	(void)map;
	if (!scalar_text(c, argument, &name))
		return source_nothing(c, argument->at);
	if (!is_variable(name)) {
		diagnose(&c->d, argument->at, "env: takes the name of one variable, not '%.60s'",
			 name);
		return source_nothing(c, argument->at);
	}
	for (unsigned i = 0; i < c->variables; i++) {
		if (strcmp(c->environment[i]->operand[0]->text, name) == 0)
			return c->environment[i];
	}
	e = expr_new(&c->heap, NODE_ENV, c->variables, argument->at);
	expr_add(&c->heap, e, expr_text(&c->heap, NODE_TEXT, name, argument->at));
	c->environment = heap_grow(&c->heap, c->environment, c->variables, sizeof(e));
	c->environment[c->variables++] = e;
	return e;
}

static struct expr *read_spellings(struct compiler *c, const struct yaml *argument, enum node_op op)
{
	struct expr *e = scalar_texts(c, argument, op);

	for (unsigned i = 0; i < e->count; i++) {
		const char *spelling = e->operand[i]->text;

		if (spelling[0] != '-' || spelling[1] == '\0' || strchr(spelling, '=') != NULL)
			diagnose(&c->d, e->operand[i]->at,
				 "a spelling as on the command line is expected: --name or -n, not "
				 "'%.60s'",
				 spelling);
	}
	return e;
}

struct expr *source_flag(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	(void)map;
	return read_spellings(c, argument, NODE_FLAG);
}

struct expr *source_option(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	(void)map;
	return read_spellings(c, argument, NODE_OPTION);
}

struct expr *source_arg(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	static const char *const whose[] = { "child", NULL };
	const struct yaml *of = yaml_get(map, "of");
	uint32_t place = 1;

	scalar_number(c, argument, 1, 255, &place);
	if (of != NULL && strcmp(of->text, whose[0]) != 0)
		diagnose_unknown(&c->d, of->at, "owner of a word", of->text, whose);
	return expr_new(&c->heap, of != NULL ? NODE_CHILD_ARGUMENT : NODE_ARGUMENT, place,
			argument->at);
}
