/*
 * Triggers on calls: which functions, and how many of their calls.
 */
#include "policy/compile/calls.h"

#include <string.h>

#include "policy/compile/schedules.h"
#include "policy/facts.h"

static void add_symbol(struct compiler *c, const struct yaml *one, void *context)
{
	struct policy_calls *calls = context;
	struct policy_symbol symbol;

	if (!prototype_read(c, one, &symbol))
		return;
	calls->symbol = heap_grow(&c->heap, calls->symbol, calls->symbols, sizeof(symbol));
	calls->symbol[calls->symbols++] = symbol;
}

static const char *read_object(struct compiler *c, const struct yaml *y)
{
	const char *object = NULL;
	const char *slash;

	if (y == NULL || !scalar_text(c, y, &object))
		return NULL;
	slash = strrchr(object, '/');
	if (slash != NULL)
		diagnose(&c->d, y->at, "in: takes the last part of the object's path: '%.60s'",
			 slash + 1);
	return object;
}

void calls_read(struct compiler *c, const struct yaml *map, const struct yaml *call,
		struct policy_calls *into)
{
	const char *object = read_object(c, yaml_get(map, "in"));

	scalar_each(c, call, add_symbol, into);
	for (unsigned i = 0; i < into->symbols; i++)
		into->symbol[i].object = object;
}

static void add_gate(struct policy_calls *calls, struct image_gate gate)
{
	calls->gate[calls->gates++] = gate;
}

static void read_gates(struct compiler *c, const struct yaml *map, struct policy_calls *calls)
{
	const struct yaml *once = yaml_get(map, "once");
	const struct yaml *one_in = yaml_get(map, "one_in");
	const struct yaml *first = yaml_get(map, "first");
	struct image_gate gate = { .kind = GATE_ONE_IN };

	/* Once per installation is decided by who delivers. */
	if (once != NULL && strcmp(once->text, "process") == 0)
		add_gate(calls, (struct image_gate){ .kind = GATE_ONCE, .number = 1 });
	if (one_in != NULL && scalar_number(c, one_in, 2, 1000000000, &gate.number))
		add_gate(calls, gate);
	gate.kind = GATE_FIRST;
	if (first != NULL && schedules_rate(c, first, &gate.number, &gate.period_ns) &&
	    gate.period_ns != 0)
		add_gate(calls, gate);
}

static void refuse_others(struct compiler *c, const struct yaml *map)
{
	static const char *const ours[] = { "call", "in", "once", "one_in", "first", NULL };

	for (unsigned i = 0; i < map->count; i++) {
		const struct yaml *key = yaml_key(map, i);
		bool known = !keys_have(KEYS_TRIGGER, key->text);

		for (unsigned j = 0; ours[j] != NULL; j++)
			known |= strcmp(ours[j], key->text) == 0;
		if (!known)
			diagnose(&c->d, key->at,
				 "'%s' does not go with call:; a list in when: takes several "
				 "triggers",
				 key->text);
	}
}

struct expr *calls_trigger(struct compiler *c, const struct yaml *map, const struct yaml *call)
{
	struct policy_event *e = c->event;
	struct policy_calls *calls;

	refuse_others(c, map);
	e->calls = heap_grow(&c->heap, e->calls, e->call_triggers, sizeof(*e->calls));
	calls = &e->calls[e->call_triggers++];
	memset(calls, 0, sizeof(*calls));
	calls_read(c, map, call, calls);
	read_gates(c, map, calls);
	c->calling = e->calls;
	c->callings = e->call_triggers;
	return expr_new(&c->heap, NODE_TRIGGER, TRIGGER_VALUE(TRIGGER_CALL, HOW_ANY), map->at);
}

uint32_t calls_source(const struct expr *e)
{
	if (e->op == NODE_PARAMETER)
		return CALL_KEY_KIND(e->value) != CALL_TEXT ? e->value : CALL_SOURCE_NONE;
	if (e->op != NODE_FACT)
		return CALL_SOURCE_NONE;
	switch (e->value) {
	case FACT_CALL_RESULT:
		return CALL_SOURCE_RESULT;
	case FACT_CALL_ERRNO:
		return CALL_SOURCE_ERROR;
	case FACT_CALL_DURATION_MS:
	case FACT_CALL_DURATION_US:
	case FACT_CALL_DURATION_NS:
		return CALL_SOURCE_DURATION;
	default:
		return CALL_SOURCE_NONE;
	}
}

uint32_t calls_needs(uint32_t source)
{
	switch (source) {
	case CALL_SOURCE_RESULT:
		return CALL_NEEDS_RESULT;
	case CALL_SOURCE_ERROR:
		return CALL_NEEDS_RESULT | CALL_NEEDS_ERROR;
	case CALL_SOURCE_DURATION:
		return CALL_NEEDS_DURATION;
	default:
		return 0;
	}
}

uint32_t calls_kind_of(const struct policy_symbol *s, uint32_t source)
{
	if (source == CALL_SOURCE_RESULT)
		return s->result;
	if (source == CALL_SOURCE_ERROR)
		return CALL_INT32;
	return source == CALL_SOURCE_DURATION ? CALL_INT64 : CALL_KEY_KIND(source);
}
