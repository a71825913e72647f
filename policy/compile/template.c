/*
 * Constants and templates: text with ${name} or ${fact.name}. $${ is a literal ${.
 */
#include <string.h>

#include "policy/compile/calls.h"
#include "policy/compile/source.h"
#include "policy/eval.h"

static const char *const fact_names[] = {
#define FACT(name, text, known, capture, about) text,
#include "policy/facts.def"
#undef FACT
	NULL,
};

static struct expr *nothing(struct compiler *c, struct mark at)
{
	return expr_new(&c->heap, NODE_NULL, 0, at);
}

/* Otherwise ci.name would be taken for os.name. */
static bool near_group(struct compiler *c, const char *name)
{
	static const char *const groups[] = { "event", "process", "command", "exit",
					      "os",    "call",	  "send",    "git",
					      "ci",    "crash",	  "host",    NULL };
	const char *dot = strchr(name, '.');

	return diagnose_nearest(heap_text(&c->heap, name, (size_t)(dot - name)), groups) != NULL;
}

/* ${event.properties.code}: what lies in a fact that is an object. */
static struct expr *member(struct compiler *c, const char *name, struct mark at)
{
	static const enum fact objects[] = { FACT_EVENT_CONTEXT, FACT_EVENT_PROPERTIES,
					     FACT_PROCESS_PACKAGE };

	for (unsigned i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		const char *object = fact_names[objects[i]];
		size_t length = strlen(object);
		struct expr *e;

		if (strncmp(name, object, length) != 0 || name[length] != '.' ||
		    name[length + 1] == '\0')
			continue;
		e = expr_wrap(&c->heap, NODE_MEMBER, 0,
			      expr_new(&c->heap, NODE_FACT, objects[i], at));
		expr_add(&c->heap, e, expr_text(&c->heap, NODE_TEXT, name + length + 1, at));
		return e;
	}
	return NULL;
}

/* ${item}, ${item.a.b}, ${remembered.NAME}: NULL for anything else. */
static struct expr *lasting(struct compiler *c, const char *name, struct mark at)
{
	struct expr *e;

	if (strncmp(name, "remembered.", 11) == 0 && name[11] != '\0') {
		e = expr_new(&c->heap, NODE_REMEMBERED, 0, at);
		expr_add(&c->heap, e, expr_text(&c->heap, NODE_TEXT, name + 11, at));
		return e;
	}
	if (strcmp(name, "item") != 0 && strncmp(name, "item.", 5) != 0)
		return NULL;
	e = expr_new(&c->heap, NODE_ITEM, 0, at);
	if (name[4] == '\0' || name[5] == '\0')
		return e;
	e = expr_wrap(&c->heap, NODE_MEMBER, 0, e);
	expr_add(&c->heap, e, expr_text(&c->heap, NODE_TEXT, name + 5, at));
	return e;
}

static struct expr *fact(struct compiler *c, const char *name, struct mark at)
{
	struct expr *inside = member(c, name, at);
	const char *nearest;

	if (inside != NULL)
		return inside;
	if (strncmp(name, "measure.", strlen("measure.")) == 0)
		return measuring_fact(c, name, at);
	for (unsigned i = 0; i < FACT_COUNT; i++) {
		if (strcmp(fact_names[i], name) == 0)
			return source_of_fact(c, i, at);
	}
	nearest = near_group(c, name) ? diagnose_nearest(name, fact_names) : NULL;
	if (nearest != NULL)
		diagnose(&c->d, at, "unknown fact '%.64s': did you mean '%s'?", name, nearest);
	else
		diagnose(&c->d, at,
			 "unknown fact '%.64s': this version knows event.*, process.*, command.*, "
			 "exit.*, crash.frames, os.*, call.*, measure.*, git.*, ci.name and "
			 "host.machine_id (see "
			 "docs/policy.md)",
			 name);
	return nothing(c, at);
}

static struct expr *unknown_value(struct compiler *c, const char *name, struct mark at)
{
	const char **names = heap_take(&c->heap, (c->values + 1) * sizeof(*names));
	const char *nearest;

	for (unsigned i = 0; i < c->values; i++)
		names[i] = c->value[i].name;
	nearest = diagnose_nearest(name, names);
	if (nearest != NULL)
		diagnose(&c->d, at, "unknown value '%.64s': did you mean '%.64s'?", name, nearest);
	else
		diagnose(&c->d, at,
			 "unknown value '%.64s': name it under `values:`; facts have a dot, as in "
			 "${process.name}",
			 name);
	return nothing(c, at);
}

struct expr *template_value(struct compiler *c, const char *name, struct mark at)
{
	struct policy_value *value = NULL;

	for (unsigned i = 0; i < c->values && value == NULL; i++) {
		if (strcmp(c->value[i].name, name) == 0)
			value = &c->value[i];
	}
	if (value == NULL)
		return unknown_value(c, name, at);
	if (value->reading) {
		diagnose(&c->d, at, "the value '%.64s' refers to itself", name);
		return nothing(c, at);
	}
	if (value->expr == NULL && c->nesting >= EVAL_DEPTH) {
		diagnose(&c->d, at, "values refer to values more than %d deep", EVAL_DEPTH);
		return nothing(c, at);
	}
	if (value->expr == NULL) {
		unsigned callings = c->callings;

		value->reading = true;
		c->nesting++;
		c->callings = 0; /* it may be read again for another function */
		value->expr = source_of(c, value->yaml);
		if (reach_is_worth_keeping(c, value->expr))
			value->expr = expr_wrap(&c->heap, NODE_MEMO, 0, value->expr);
		c->callings = callings;
		c->nesting--;
		value->reading = false;
	}
	return value->expr;
}

/* name is what stands between the braces. */
static struct expr *reference(struct compiler *c, const char *name, struct mark at)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.$";

	if (strstr(name, ":-") != NULL) {
		diagnose(&c->d, at,
			 "${%.40s} can not carry a default: write else: beside the source", name);
		return nothing(c, at);
	}
	if (name[0] == '\0' || name[strspn(name, letters)] != '\0') {
		diagnose(&c->d, at,
			 "${%.40s}: the name of a value or of a fact is expected inside the braces",
			 name);
		return nothing(c, at);
	}
	if (lasting(c, name, at) != NULL)
		return lasting(c, name, at);
	if (strchr(name, '.') != NULL || strcmp(name, "events") == 0)
		return fact(c, name, at);
	return template_value(c, name, at);
}

static void add_text(struct compiler *c, struct expr *parts, const char *text, size_t length)
{
	if (length > 0)
		expr_add(&c->heap, parts,
			 expr_text(&c->heap, NODE_TEXT, heap_text(&c->heap, text, length),
				   parts->at));
}

/* One part at p, behind which it returns; NULL: unclosed. */
static const char *add_part(struct compiler *c, struct expr *parts, const char *p)
{
	const char *open = strstr(p, "${");
	const char *close;

	if (open == NULL) {
		add_text(c, parts, p, strlen(p));
		return p + strlen(p);
	}
	if (open > p && open[-1] == '$') {
		add_text(c, parts, p, (size_t)(open - 1 - p));
		add_text(c, parts, "${", 2);
		return open + 2;
	}
	add_text(c, parts, p, (size_t)(open - p));
	close = strchr(open, '}');
	if (close == NULL)
		return NULL;
	expr_add(
		&c->heap, parts,
		reference(c, heap_text(&c->heap, open + 2, (size_t)(close - open - 2)), parts->at));
	return close + 1;
}

static bool all_text(const struct expr *parts)
{
	for (unsigned i = 0; i < parts->count; i++) {
		if (parts->operand[i]->op != NODE_TEXT)
			return false;
	}
	return true;
}

/* Only literal ${ were in it. */
static struct expr *joined(struct compiler *c, const struct expr *parts)
{
	size_t length = 0;
	char *text;

	for (unsigned i = 0; i < parts->count; i++)
		length += parts->operand[i]->value;
	text = heap_take(&c->heap, length + 1);
	for (unsigned i = 0; i < parts->count; i++)
		strcat(text, parts->operand[i]->text);
	return expr_text(&c->heap, NODE_TEXT, text, parts->at);
}

struct expr *template_of_text(struct compiler *c, const struct yaml *y)
{
	struct expr *parts;

	if (strstr(y->text, "${") == NULL)
		return expr_text(&c->heap, NODE_TEXT, y->text, y->at);
	parts = expr_new(&c->heap, NODE_TEMPLATE, 0, y->at);
	for (const char *p = y->text; *p != '\0';) {
		p = add_part(c, parts, p);
		if (p == NULL) {
			diagnose(&c->d, y->at,
				 "${ without its }: write ${name}, or $${ for the characters "
				 "themselves");
			return nothing(c, y->at);
		}
	}
	if (all_text(parts))
		return joined(c, parts);
	if (parts->count == 1)
		return parts->operand[0];
	for (unsigned i = 0; i < parts->count; i++) {
		if (parts->operand[i]->op == NODE_OBJECT)
			diagnose(&c->d, y->at,
				 "an object can not stand inside a text: let its ${...} stand "
				 "alone");
	}
	return parts;
}

static bool is_yaml_1_1_word(const char *text)
{
	static const char *const words[] = { "yes", "no", "on", "off", "y", "n", "~" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcasecmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

struct expr *template_of_value(struct compiler *c, const struct yaml *y)
{
	double number;

	if (!y->plain)
		return template_of_text(c, y);
	if (strcmp(y->text, "true") == 0 || strcmp(y->text, "false") == 0)
		return expr_new(&c->heap, y->text[0] == 't' ? NODE_TRUE : NODE_FALSE, 0, y->at);
	if (strcmp(y->text, "null") == 0)
		return nothing(c, y->at);
	if (y->text[0] == '\0')
		diagnose(&c->d, y->at, "nothing stands here: write a source, \"\" or null");
	else if (is_yaml_1_1_word(y->text))
		diagnose(&c->d, y->at,
			 "plain %s may mean a text or a truth: quote it, or write true, false or "
			 "null",
			 y->text);
	else if (value_read_number(y->text, strlen(y->text), &number) == 0)
		return expr_text(&c->heap, NODE_NUMBER, y->text, y->at);
	return template_of_text(c, y);
}
