/*
 * What outlives a call or a process: measures, as of now and since the event was last made, and
 * remembered values.
 */
#include "policy/late_world.h"

#include <string.h>

#include "policy/json.h"
#include "policy/measures.h"

struct value late_measure(struct eval *e, const char *name, enum measure_statistic which)
{
	const struct late_world *w = e->context;
	const struct late_process *p = w->process;
	uint64_t *total;
	uint32_t kind;
	int number;

	number = p->measures != NULL ? measures_find(p->measures, name) : -1;
	if (number < 0)
		return value_absent();
	kind = p->measures->measure[number].kind;
	total = arena_take(e->arena, measures_words(kind) * sizeof(*total));
	if (total == NULL)
		return value_unreadable();
	measures_total(p->measures, (uint32_t)number, total);
	if (which != STATISTIC_TOTAL && p->since != NULL)
		p->since(p->since_context, w->event->number, (uint32_t)number, total);
	return measures_value(&p->measures->measure[number], total, which, e->arena);
}

struct value late_remembered(struct eval *e, const char *name)
{
	const struct late_world *w = e->context;
	const struct late_state *state = w->process->state;
	const char *text = NULL;

	if (state != NULL)
		text = state->remembered(state->context, w->event->service, name);
	return text != NULL ? json_value(e->arena, json_of(text)) : value_absent();
}
