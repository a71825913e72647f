/*
 * What an event asks for and can never be told, because nothing that makes it knows it. Only what
 * stands in the event itself: what it inherits may be meant for others.
 */
#include "policy/compile/compiler.h"
#include "policy/facts.h"

enum known { KNOWN_EVENT, KNOWN_NOW, KNOWN_STOP, KNOWN_CALL, KNOWN_EACH, KNOWN_BODY };

static const struct {
	const char *name;
	enum known known;
} facts[] = {
#define FACT(name, text, known, capture, about) { text, KNOWN_##known },
#include "policy/facts.def"
#undef FACT
};

struct moments {
	struct mark first, last; /* of the event in the file */
	bool ends, calls;
};

static bool is_behind(struct mark a, struct mark b)
{
	return a.line != b.line ? a.line > b.line : a.column > b.column;
}

static struct mark last_mark(const struct yaml *y)
{
	unsigned items = y->kind == YAML_MAP ? 2 * y->count : y->count;

	return y->kind != YAML_SCALAR && items > 0 ? last_mark(y->item[items - 1]) : y->at;
}

static bool is_end(unsigned moment)
{
	return moment == TRIGGER_STOP || moment == TRIGGER_COMMAND_END ||
	       moment == TRIGGER_CHILD_END || moment == TRIGGER_WORKER_END;
}

static bool check_one(struct compiler *c, const struct expr *e, void *context)
{
	const struct moments *m = context;

	if (is_behind(m->first, e->at) || is_behind(e->at, m->last))
		return true;
	if (e->op == NODE_PARAMETER && !m->calls)
		diagnose(&c->d, e->at,
			 "only a call has parameters, and none makes this event: name the "
			 "function in when: { call: ... }, or leave it out");
	if (e->op != NODE_FACT)
		return true;
	if (facts[e->value].known == KNOWN_STOP && !m->ends)
		diagnose(&c->d, e->at,
			 "%s is known at an end, and none makes this event (stop, or the end of a "
			 "command, child or worker): leave it out, or add one to when:",
			 facts[e->value].name);
	if (facts[e->value].known == KNOWN_CALL && !m->calls)
		diagnose(&c->d, e->at,
			 "%s is known of a call, and none makes this event: name the function in "
			 "when: { call: ... }, or leave it out",
			 facts[e->value].name);
	return true;
}

void moments_check(struct compiler *c, struct mark first, const struct yaml *y,
		   const struct policy_event *e)
{
	struct expr *const root[] = { e->condition,	   e->name,
				      e->scope.user,	   e->scope.context,
				      e->scope.properties, e->for_each,
				      e->remember };
	struct moments m = { .first = first, .last = last_mark(y), .calls = e->call_triggers > 0 };

	for (unsigned i = 0; e->when != NULL && i < e->when->count; i++)
		m.ends |= is_end(TRIGGER_MOMENT(e->when->operand[i]->value));
	c->sections++;
	for (unsigned i = 0; i < sizeof(root) / sizeof(root[0]); i++)
		reach_visit(c, root[i], check_one, &m);
}
