/*
 * `measures` of a service, and ${measure.NAME.x}.
 */
#include <string.h>

#include "policy/compile/calls.h"
#include "policy/compile/source.h"
#include "policy/facts.h"

static const char *const kind_keys[] = {
#define MEASURE(name, text, narrow, wide, about) text,
#include "policy/measure_kinds.def"
#undef MEASURE
	NULL,
};

static const struct {
	const char *text;
	uint32_t kinds;
} statistics[] = {
#define STATISTIC(name, text, kinds, about) { text, kinds },
#include "policy/statistics.def"
#undef STATISTIC
};

static const uint32_t classes[] = {
#define KIND(name, text, class, bytes) CALL_##class,
#include "policy/call_kinds.def"
#undef KIND
};

/* What the measure keeps: its key's value, or NULL after a finding. */
static const struct yaml *read_kind(struct compiler *c, const struct yaml *y,
				    struct policy_measure *m)
{
	const struct yaml *found = NULL;

	for (unsigned i = 0; i < MEASURE_KIND_COUNT; i++) {
		const struct yaml *value = yaml_get(y, kind_keys[i]);

		if (value != NULL && found != NULL)
			diagnose(&c->d, value->at,
				 "a measure keeps one thing: '%s' stands beside '%s'", kind_keys[i],
				 kind_keys[m->kind]);
		if (value == NULL || found != NULL)
			continue;
		found = value;
		m->kind = (enum measure_kind)i;
	}
	if (found == NULL)
		diagnose(&c->d, m->at,
			 "the measure '%.60s' needs count: calls, sum:, last: or histogram:",
			 m->name);
	return found;
}

static bool is_duration(const struct yaml *y)
{
	return y->kind == YAML_SCALAR &&
	       (strcmp(y->text, "duration_ms") == 0 || strcmp(y->text, "${call.duration_ms}") == 0);
}

static bool is_float(const struct policy_measure *m)
{
	for (unsigned i = 0; i < m->calls.symbols; i++) {
		if (classes[calls_kind_of(&m->calls.symbol[i], m->source)] == CALL_IS_FLOAT)
			return true;
	}
	return false;
}

static void read_source(struct compiler *c, const struct yaml *y, struct policy_measure *m)
{
	const struct expr *source;

	if (m->kind == MEASURE_COUNT) {
		if (strcmp(y->text, "calls") != 0)
			diagnose(&c->d, y->at,
				 "count: takes calls; the sum of a value is sum:, its distribution "
				 "histogram:");
		return;
	}
	m->source = CALL_SOURCE_DURATION;
	m->flags = MEASURE_MICRO;
	if (is_duration(y))
		return;
	source = source_of(c, y);
	m->source = calls_source(source);
	if (m->source == CALL_SOURCE_NONE || m->source == CALL_SOURCE_DURATION)
		diagnose(&c->d, y->at,
			 "%s: takes a number of the call: { parameter: 1 }, \"${call.result}\", "
			 "\"${call.errno}\" or duration_ms",
			 kind_keys[m->kind]);
	m->flags = is_float(m) ? MEASURE_MICRO : 0;
}

static void read_measure(struct compiler *c, const struct yaml *key, const struct yaml *y,
			 struct policy_measure *m)
{
	const struct yaml *call = yaml_get(y, "call");
	const struct yaml *condition = yaml_get(y, "if");
	const struct yaml *kept;

	m->name = key->text;
	m->at = key->at;
	if (strchr(m->name, '.') != NULL || m->name[0] == '\0')
		diagnose(&c->d, m->at, "the name of a measure has no dot: ${measure.NAME.p99}");
	if (!keys_check(&c->d, y, KEYS_MEASURE, "a measure"))
		return;
	if (call == NULL)
		diagnose(&c->d, m->at, "the measure '%.60s' needs call: the functions it is about",
			 m->name);
	else
		calls_read(c, y, call, &m->calls);
	c->calling = &m->calls;
	c->callings = 1;
	kept = read_kind(c, y, m);
	if (kept != NULL)
		read_source(c, kept, m);
	if (condition != NULL)
		m->tested = conditions_of(c, condition);
	c->callings = 0;
	calls_check_measure(c, m, y);
}

void measuring_of(struct compiler *c, const struct yaml *y, struct policy_service *s)
{
	if (y->kind != YAML_MAP) {
		diagnose(&c->d, y->at,
			 "measures: is a mapping: NAME: { call: FUNCTION, count: calls }");
		return;
	}
	s->measure = heap_take(&c->heap, (y->count + 1) * sizeof(*s->measure));
	s->measures = y->count;
	for (unsigned i = 0; i < y->count; i++)
		read_measure(c, yaml_key(y, i), yaml_value(y, i), &s->measure[i]);
}

struct expr *measuring_fact(struct compiler *c, const char *name, struct mark at)
{
	const char *measure = name + strlen("measure.");
	const char *dot = strchr(measure, '.');
	const char *words[STATISTICS + 1];
	size_t length = dot != NULL ? (size_t)(dot - measure) : strlen(measure);
	uint32_t statistic = 0;
	struct expr *e;

	for (unsigned i = 1; i < STATISTICS; i++) {
		words[i - 1] = statistics[i].text;
		if (dot != NULL && strcmp(statistics[i].text, dot + 1) == 0)
			statistic = i;
	}
	words[STATISTICS - 1] = NULL;
	if (dot != NULL && statistic == 0)
		diagnose_unknown(&c->d, at, "statistic of a measure", dot + 1, words);
	e = expr_new(&c->heap, NODE_MEASURE, statistic, at);
	expr_add(&c->heap, e,
		 expr_text(&c->heap, NODE_TEXT, heap_text(&c->heap, measure, length), at));
	return e;
}

static void unknown(struct compiler *c, const struct expr *e, const struct policy_service *s)
{
	const char **names = heap_take(&c->heap, (s->measures + 1) * sizeof(*names));

	for (unsigned i = 0; i < s->measures; i++)
		names[i] = s->measure[i].name;
	if (s->measures > 0)
		diagnose_unknown(&c->d, e->at, "measure", e->operand[0]->text, names);
	else
		diagnose(&c->d, e->at,
			 "the service '%.60s' has no measures: name '%.60s' under measures: in it",
			 s->name, e->operand[0]->text);
}

void measuring_check(struct compiler *c, const struct expr *e, const struct policy_service *s)
{
	const struct policy_measure *m = NULL;

	for (unsigned i = 0; i < s->measures; i++) {
		if (strcmp(s->measure[i].name, e->operand[0]->text) == 0)
			m = &s->measure[i];
	}
	if (m == NULL)
		unknown(c, e, s);
	else if ((statistics[e->value].kinds >> m->kind & 1) == 0)
		diagnose(&c->d, e->at, "%s: has no %s: '%.60s' would have to be %s",
			 kind_keys[m->kind], statistics[e->value].text, m->name,
			 statistics[e->value].kinds == 1u << MEASURE_HISTOGRAM
				 ? "histogram:"
				 : "sum: or histogram:");
}
