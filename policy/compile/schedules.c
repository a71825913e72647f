/*
 * Schedules: `every`, and how often `change` and `file` are looked at. Each takes a word of the
 * slot, so a service has a bounded number of them.
 */
#include "policy/compile/schedules.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/pool_format.h"
#include "policy/compile/source.h"
#include "policy/value.h"

#define WATCH_NS (60 * CLOCK_SECOND)
#define DAY_NS	 (24 * 3600 * CLOCK_SECOND)

static struct expr *trigger(struct compiler *c, enum trigger_moment moment, struct mark at)
{
	return expr_new(&c->heap, NODE_TRIGGER, TRIGGER_VALUE(moment, HOW_ANY), at);
}

/* The event's word; an event has one schedule. */
static void take_tick(struct compiler *c, struct mark at, struct policy_service *s,
		      struct policy_event *e)
{
	if (e->constants.every_ns != 0)
		diagnose(&c->d, at, "an event has one schedule: a second one makes a second event");
	if (s->ticks == SLOT_TICKS)
		diagnose(&c->d, at, "a service has at most %d events with every:, change: or file:",
			 SLOT_TICKS);
	else
		e->constants.tick = s->ticks++;
}

/* HH:MM UTC or HH:MM local */
static void read_at(struct compiler *c, const struct yaml *y, struct policy_event *e)
{
	unsigned hour = 0, minute = 0;
	const char *text = y->text;
	bool right = y->kind == YAML_SCALAR && strlen(text) >= 6 && text[2] == ':' &&
		     strspn(text, "0123456789") == 2 && strspn(text + 3, "0123456789") == 2;

	if (right) {
		hour = (unsigned)atoi(text);
		minute = (unsigned)atoi(text + 3);
	}
	if (!right || hour > 23 || minute > 59 ||
	    (strcmp(text + 5, " UTC") != 0 && strcmp(text + 5, " local") != 0)) {
		diagnose(&c->d, y->at,
			 "a time of the day is expected here, \"00:00 UTC\" or "
			 "\"03:30 local\"");
		return;
	}
	e->constants.at_s = hour * 3600 + minute * 60;
	e->constants.flags |= EVENT_AT | (text[6] == 'l' ? EVENT_LOCAL : 0);
	if (e->constants.every_ns == 0 || DAY_NS % e->constants.every_ns != 0)
		diagnose(&c->d, y->at,
			 "at: needs an every: that divides the day, such as 24h, 6h or 15m");
}

static void read_per(struct compiler *c, const struct yaml *y, struct policy_event *e)
{
	static const char *const words[] = { "process", "installation", NULL };
	uint32_t per = 0;

	if (y != NULL && scalar_choice(c, y, "per", words, &per) && per == 1)
		e->constants.flags |= EVENT_PER_INSTALLATION;
}

/* What does not go with the moment. */
static void refuse(struct compiler *c, const struct yaml *y, const char *moment,
		   const char *const *with)
{
	for (unsigned i = 0; i < y->count; i++) {
		const struct yaml *key = yaml_key(y, i);
		bool known = strcmp(key->text, moment) == 0 || !keys_have(KEYS_TRIGGER, key->text);

		for (unsigned j = 0; with[j] != NULL && !known; j++)
			known = strcmp(key->text, with[j]) == 0;
		if (!known)
			diagnose(&c->d, key->at, "'%s' does not go with %s:", key->text, moment);
	}
}

struct expr *schedules_every(struct compiler *c, const struct yaml *y, const struct yaml *argument,
			     struct policy_service *s, struct policy_event *e)
{
	static const char *const with[] = { "at", "per", NULL };
	uint64_t ns = DAY_NS;

	refuse(c, y, "every", with);
	take_tick(c, y->at, s, e);
	if (scalar_duration(c, argument, &ns) && (ns < TICK_NS || ns > 366 * DAY_NS))
		diagnose(&c->d, argument->at, "every: takes 100ms to 366d");
	e->constants.every_ns = ns;
	if (yaml_get(y, "at") != NULL)
		read_at(c, yaml_get(y, "at"), e);
	read_per(c, yaml_get(y, "per"), e);
	return trigger(c, TRIGGER_EVERY, y->at);
}

struct expr *schedules_change(struct compiler *c, const struct yaml *y, const struct yaml *argument,
			      struct policy_service *s, struct policy_event *e)
{
	static const char *const with[] = { NULL };

	refuse(c, y, "change", with);
	take_tick(c, y->at, s, e);
	e->constants.every_ns = WATCH_NS;
	e->watch = source_of(c, argument);
	return trigger(c, TRIGGER_WATCH, y->at);
}

/* Something has a size. */
static struct expr *is_there(struct compiler *c, const struct yaml *path)
{
	struct expr *is = expr_wrap(&c->heap, NODE_AT_LEAST, 0, source_size(c, path, path));

	expr_add(&c->heap, is, expr_text(&c->heap, NODE_NUMBER, "0", path->at));
	return is;
}

struct expr *schedules_file(struct compiler *c, const struct yaml *y, const struct yaml *argument,
			    struct policy_service *s, struct policy_event *e)
{
	static const char *const with[] = { "how", NULL };
	static const char *const words[] = { "appears", "disappears", NULL };
	const struct yaml *how = yaml_get(y, "how");
	uint32_t which = 0;

	refuse(c, y, "file", with);
	take_tick(c, y->at, s, e);
	e->constants.every_ns = WATCH_NS;
	e->constants.flags |= EVENT_EDGE;
	if (how != NULL && scalar_choice(c, how, "change of a file", words, &which) && which == 1)
		e->constants.flags |= EVENT_GONE;
	e->watch =
		argument->kind == YAML_SCALAR ? is_there(c, argument) : conditions_of(c, argument);
	return trigger(c, TRIGGER_WATCH, y->at);
}

void schedules_once(struct compiler *c, const struct yaml *y, struct policy_event *e)
{
	static const char *const words[] = { "process", "installation", NULL };
	const struct yaml *once = yaml_get(y, "once");
	uint32_t per = 0;

	if (once != NULL && scalar_choice(c, once, "once", words, &per) && per == 1)
		e->constants.flags |= EVENT_ONCE;
}

bool schedules_rate(struct compiler *c, const struct yaml *y, uint32_t *number, uint64_t *ns)
{
	const char *per = y->kind == YAML_SCALAR ? strstr(y->text, " per ") : NULL;
	struct yaml part = *y;
	char *text;

	if (per == NULL) {
		diagnose(&c->d, y->at, "a rate is expected here, such as 10 per 1m");
		return false;
	}
	text = heap_text(&c->heap, y->text, (size_t)(per - y->text));
	part.text = text;
	if (!scalar_number(c, &part, 1, 1000000000, number))
		return false;
	part.text = heap_text(&c->heap, per + 5, strlen(per + 5));
	return scalar_duration(c, &part, ns);
}

/* A number from 0 to 1, of which 0 would mean never. */
static void read_sample(struct compiler *c, const struct yaml *y, struct policy_event *e)
{
	double share = 0;

	if (y->kind != YAML_SCALAR || value_read_number(y->text, strlen(y->text), &share) != 0 ||
	    share < 0.000001 || share > 1) {
		diagnose(&c->d, y->at,
			 "a share of the runs is expected here, a number above 0 and "
			 "up to 1: 0.1 is every tenth");
		return;
	}
	e->constants.sample = share == 1 ? 0 : (uint32_t)(share * 1e6 + 0.5);
}

/* Names without a dot: those with one are our own. */
static void check_names(struct compiler *c, const struct expr *remember)
{
	for (unsigned i = 0; i + 1 < remember->count; i += 2)
		if (strchr(remember->operand[i]->text, '.') != NULL)
			diagnose(&c->d, remember->operand[i]->at,
				 "what is remembered has a name without a dot: ${remembered.NAME}");
}

void schedules_of_event(struct compiler *c, const struct yaml *y, struct policy_event *e)
{
	const struct yaml *for_each = yaml_get(y, "for_each");
	const struct yaml *remember = yaml_get(y, "remember");
	const struct yaml *sample = yaml_get(y, "sample");
	const struct yaml *limit = yaml_get(y, "limit");

	if (for_each != NULL)
		e->for_each = source_of(c, for_each);
	if (remember != NULL) {
		e->remember = source_pairs(c, remember, "remember");
		check_names(c, e->remember);
	}
	if (sample != NULL)
		read_sample(c, sample, e);
	if (limit != NULL)
		schedules_rate(c, limit, &e->constants.limit, &e->constants.limit_ns);
}
