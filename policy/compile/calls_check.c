/*
 * What an event or a measure needs of a call, and whether it can have it: the deny list, floats
 * without a prototype, conditions that come too late for a gate.
 */
#include <string.h>

#include "policy/compile/calls.h"
#include "policy/compile/destinations.h"
#include "policy/facts.h"

#define TEXT_LEAST 24 /* bytes of a captured text that must have room in a record */

static const struct {
	const char *pattern, *why;
} denied[] = {
#define DENIED(pattern, why) { pattern, why },
#include "policy/compile/calls_denied.def"
#undef DENIED
};

static const uint32_t classes[] = {
#define KIND(name, text, class, bytes) CALL_##class,
#include "policy/call_kinds.def"
#undef KIND
};

static bool fits_pattern(const char *pattern, const char *name)
{
	size_t length = strlen(pattern);

	if (pattern[length - 1] == '*')
		return strncmp(pattern, name, length - 1) == 0;
	return strcmp(pattern, name) == 0;
}

static const char *reason_against(const char *name)
{
	for (unsigned i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		if (fits_pattern(denied[i].pattern, name))
			return denied[i].why;
	}
	return NULL;
}

static const char *end_of_call(uint32_t needs)
{
	if ((needs & CALL_NEEDS_ERROR) != 0)
		return "call.errno";
	return (needs & CALL_NEEDS_RESULT) != 0 ? "call.result" : "call.duration_ms";
}

static void check_end(struct compiler *c, const struct policy_symbol *s, uint32_t needs)
{
	const char *why = reason_against(s->name);

	if (why != NULL)
		diagnose(&c->d, s->at,
			 "'%.60s' %s, so its result, errno and duration can not be seen: count its "
			 "calls or record them with its parameters, without %s",
			 s->name, why, end_of_call(needs));
	else if ((needs & CALL_NEEDS_RESULT) != 0 && s->result == CALL_VOID)
		diagnose(&c->d, s->at, "'%.60s' returns nothing, says its prototype: leave %s out",
			 s->name, end_of_call(needs));
	else if ((needs & CALL_NEEDS_RESULT) != 0 && classes[s->result] == CALL_IS_FLOAT)
		diagnose(&c->d, s->at,
			 "'%.60s' returns a floating-point number, which can not be read: leave %s "
			 "out",
			 s->name, end_of_call(needs));
}

/* Is the place what the key takes it for? */
static void check_key(struct compiler *c, const struct policy_symbol *s, uint32_t key,
		      struct mark at)
{
	unsigned place = CALL_KEY_PLACE(key);
	bool is_float = classes[CALL_KEY_KIND(key)] == CALL_IS_FLOAT;
	bool known = s->prototype && place <= s->parameters;

	if (s->prototype && !s->variadic && !known)
		diagnose(&c->d, at, "%.60s has %u parameters, says its prototype: there is no %u",
			 s->name, s->parameters, place);
	else if (is_float && !known)
		diagnose(&c->d, at,
			 "a float is in a register that only a prototype tells: write the one of "
			 "%.60s in call:",
			 s->name);
	else if (known && is_float != (classes[s->parameter[place - 1].kind] == CALL_IS_FLOAT))
		diagnose(&c->d, at, "parameter %u of %.60s is %s float, says its prototype", place,
			 s->name, is_float ? "no" : "a");
}

struct found {
	struct policy_event *event;
	uint32_t bytes; /* of a record */
	bool full;
};

static void note_key(struct compiler *c, const struct expr *e, struct found *found)
{
	struct policy_event *event = found->event;

	for (unsigned i = 0; i < event->captures; i++) {
		if (event->capture[i] == e->value)
			return;
	}
	event->capture =
		heap_grow(&c->heap, event->capture, event->captures, sizeof(event->capture[0]));
	event->capture[event->captures++] = e->value;
	found->bytes += sizeof(struct call_item) +
			(CALL_KEY_KIND(e->value) == CALL_TEXT ? TEXT_LEAST : CALL_ALIGN);
	for (unsigned i = 0; i < event->call_triggers; i++) {
		for (unsigned j = 0; j < event->calls[i].symbols; j++)
			check_key(c, &event->calls[i].symbol[j], e->value, e->at);
	}
}

static bool note_one(struct compiler *c, const struct expr *e, void *context)
{
	struct found *found = context;

	if (e->op == NODE_PARAMETER)
		note_key(c, e, found);
	else
		found->event->record |= calls_needs(calls_source(e));
	return true;
}

/* All that late evaluation will ask the record for. */
static void note_record(struct compiler *c, struct policy_event *e)
{
	struct found found = { .event = e, .bytes = sizeof(struct call_record) };
	struct expr *const root[] = { e->name,
				      e->scope.user,
				      e->scope.context,
				      e->scope.properties,
				      e->decided ? NULL : e->condition,
				      e->for_each,
				      e->remember };

	c->sections++;
	for (unsigned i = 0; i < sizeof(root) / sizeof(root[0]); i++)
		reach_visit(c, root[i], note_one, &found);
	for (unsigned i = 0; e->scope.to != NULL && i < e->scope.to->count; i++) {
		const struct policy_destination *d =
			&c->destination[e->scope.to->operand[i]->value];

		reach_visit(c, d->url, note_one, &found);
		reach_visit(c, d->key, note_one, &found);
		reach_visit(c, d->headers, note_one, &found);
		reach_visit(c, d->each, note_one, &found);
		reach_visit(c, d->consent, note_one, &found);
	}
	if (found.bytes > CALL_RECORD_MAX)
		diagnose(
			&c->d, e->at,
			"the event '%.60s' captures %u parameters: their values take more than the "
			"%u bytes of a record",
			e->label, e->captures, CALL_RECORD_MAX);
}

static bool note_needs(struct compiler *c, const struct expr *e, void *context)
{
	uint32_t *needs = context;

	(void)c;
	*needs |= calls_needs(calls_source(e));
	return true;
}

static uint32_t needs_of(struct compiler *c, struct expr *e)
{
	uint32_t needs = 0;

	c->sections++;
	reach_visit(c, e, note_needs, &needs);
	return needs;
}

static const char *what_is(const struct expr *e)
{
	if (e->op == NODE_PARAMETER)
		return "a text";
	return e->op == NODE_FACT || e->op == NODE_NUMBER ? "more than that" : "something else";
}

/* A gate that lets one call through must not spend it on one that `if` then refuses. */
static void check_gates(struct compiler *c, const struct policy_event *e, const struct yaml *y,
			const struct expr *why)
{
	const char *gate = e->constants.limit_ns != 0 ? "limit:" : NULL;

	for (unsigned i = 0; i < e->call_triggers && gate == NULL; i++) {
		for (unsigned j = 0; j < e->calls[i].gates; j++) {
			if (e->calls[i].gate[j].kind != GATE_ONE_IN)
				gate = e->calls[i].gate[j].kind == GATE_ONCE ? "once:" : "first:";
		}
	}
	if (gate != NULL)
		diagnose(&c->d, yaml_get(y, "if")->at,
			 "%s is decided when the call is made, and there an if: can only compare "
			 "parameters, call.result, call.errno and call.duration_ms with numbers; "
			 "this "
			 "one asks for %s: leave one of the two out",
			 gate, what_is(why));
}

static void check_symbols(struct compiler *c, const struct policy_calls *calls, uint32_t needs)
{
	for (unsigned i = 0; i < calls->symbols && needs != 0; i++)
		check_end(c, &calls->symbol[i], needs);
}

static bool check_tested(struct compiler *c, const struct expr *e, void *context)
{
	const struct policy_calls *calls = context;

	for (unsigned i = 0; e->op == NODE_PARAMETER && i < calls->symbols; i++)
		check_key(c, &calls->symbol[i], e->value, e->at);
	return true;
}

void calls_check_event(struct compiler *c, struct policy_event *e, const struct yaml *y)
{
	const struct expr *why = NULL;
	uint32_t tested = 0;

	if (e->call_triggers == 0)
		return;
	e->decided = e->condition == NULL || call_tests_fit(e->condition, &why);
	if (!e->decided)
		check_gates(c, e, y, why);
	else if (e->condition != NULL)
		tested = needs_of(c, e->condition);
	note_record(c, e);
	for (unsigned i = 0; i < e->call_triggers; i++) {
		check_symbols(c, &e->calls[i], e->record | tested);
		c->sections++;
		if (e->decided)
			reach_visit(c, e->condition, check_tested, &e->calls[i]);
	}
}

void calls_check_measure(struct compiler *c, struct policy_measure *m, const struct yaml *y)
{
	const struct expr *why = NULL;
	uint32_t needs = calls_needs(m->source);

	if (m->tested != NULL && !call_tests_fit(m->tested, &why)) {
		diagnose(&c->d, yaml_get(y, "if")->at,
			 "the if: of a measure is decided when the call is made: it can only "
			 "compare "
			 "parameters, call.result, call.errno and call.duration_ms with numbers; "
			 "this "
			 "one asks for %s",
			 what_is(why));
		m->tested = NULL;
	}
	if (m->tested != NULL)
		needs |= needs_of(c, m->tested);
	check_symbols(c, &m->calls, needs);
	c->sections++;
	reach_visit(c, m->tested, check_tested, &m->calls);
	for (unsigned i = 0; i < m->calls.symbols && CALL_KEY_PLACE(m->source) != 0; i++)
		check_key(c, &m->calls.symbol[i], m->source, m->at);
}
