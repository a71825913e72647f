/*
 * What decides beside the condition whether an event is made, from what was remembered of earlier
 * ones: `change` and `file`, `once: installation`, `limit`; the share of `sample`; and `remember`.
 */
#include "policy/late_maker.h"

#include <string.h>

#include "policy/image.h"

#define OWN_NAME 160

/* The number at p; behind it. */
static const char *read_number(const char *p, uint64_t *into)
{
	for (*into = 0; *p >= '0' && *p <= '9'; p++)
		*into = *into * 10 + (uint64_t)(*p - '0');
	return p;
}

/*
 * A share of the runs, not of the events: what belongs together stays together. The run's id is
 * random enough.
 */
bool late_is_sampled(const struct maker *m, const struct image_event *rule)
{
	uint32_t share = 0;

	if (rule->sample == 0)
		return true;
	for (unsigned i = 0; i < 8; i++)
		share = share * 31 + (unsigned char)m->world.session[i];
	return share % 1000003 * UINT64_C(1000000) / 1000003 < rule->sample;
}

/* Names of ours among what is remembered; those of policies have no dot. */
static bool own_name(const struct maker *m, const char *what, char *into, size_t capacity)
{
	struct text t = text_init(into, capacity);

	text_add(&t, ".");
	text_add(&t, what);
	text_add(&t, ".");
	text_add(&t, node_text_at(&m->eval.section, m->world.rule->label));
	return !t.truncated;
}

static const char *recall(const struct maker *m, const char *name)
{
	const struct late_state *state = m->world.process->state;

	return state != NULL ? state->remembered(state->context, m->event.service, name) : NULL;
}

static void keep(const struct maker *m, const char *name, const char *json, size_t length)
{
	const struct late_state *state = m->world.process->state;

	if (state != NULL)
		state->remember(state->context, m->event.service, name, json, length);
}

/* `once: installation`. */
static bool is_first(const struct maker *m, const struct image_event *rule)
{
	char name[OWN_NAME];

	if ((rule->flags & EVENT_ONCE) == 0)
		return true;
	if (!own_name(m, "once", name, sizeof(name)) || recall(m, name) != NULL)
		return false;
	keep(m, name, "true", 4);
	return true;
}

/* `limit`: the window's beginning and how many there were in it, "[ns,count]". */
static bool is_within_limit(const struct maker *m, const struct image_event *rule)
{
	char name[OWN_NAME], memory[64];
	struct text t = text_init(memory, sizeof(memory));
	uint64_t begun = 0, count = 0, now = m->event.time_ns;
	const char *said;

	if (rule->limit_ns == 0 || m->world.moment == LATE_CALL)
		return true;
	if (!own_name(m, "limit", name, sizeof(name)))
		return false;
	said = recall(m, name);
	if (said != NULL && said[0] == '[')
		said = read_number(said + 1, &begun);
	if (said != NULL && said[0] == ',')
		read_number(said + 1, &count);
	/* Of several processes what happened first is not always seen first. */
	if (now >= begun && now - begun >= rule->limit_ns) {
		begun = now;
		count = 0;
	}
	if (count >= rule->limit)
		return false;
	text_add(&t, "[");
	text_add_unsigned(&t, begun);
	text_add(&t, ",");
	text_add_unsigned(&t, count + 1);
	text_add(&t, "]");
	keep(m, name, memory, t.length);
	return true;
}

static bool same_json(const struct text *t, const char *other)
{
	return other != NULL && strlen(other) == t->length &&
	       memcmp(other, t->data, t->length) == 0;
}

/*
 * What `change` and `file` look at, against what it was when anybody looked last. A value that was
 * never looked at has changed; a condition has not.
 */
static bool has_changed(struct maker *m, const struct image_event *rule)
{
	bool edge = (rule->flags & EVENT_EDGE) != 0;
	char name[OWN_NAME];
	struct value v;
	const char *before;
	struct text t;
	char *now;

	if (rule->watch == 0)
		return true;
	if (!own_name(m, "watch", name, sizeof(name)))
		return false;
	v = edge ? value_bool((eval_condition(&m->eval, rule->watch) == TRUTH_TRUE) !=
			      ((rule->flags & EVENT_GONE) != 0))
		 : eval_source(&m->eval, rule->watch);
	if (!value_present(&v) || v.type == VALUE_UNREADABLE)
		return false;
	t = arena_text(&m->arena);
	value_add_json(&t, &v);
	now = arena_keep(&m->arena, &t);
	before = recall(m, name);
	if (now == NULL || same_json(&t, before))
		return false;
	keep(m, name, now, t.length);
	return edge ? before != NULL && v.text[0] == 't' : true;
}

bool late_is_open(struct maker *m, const struct image_event *rule)
{
	return has_changed(m, rule) && is_first(m, rule) && is_within_limit(m, rule);
}

void late_remember(struct maker *m, const struct image_event *rule)
{
	const struct image_node *pairs = node_of(&m->eval.section, rule->remember, NODE_OBJECT);

	for (unsigned i = 0; pairs != NULL && i + 1 < pairs->count; i += 2) {
		struct value v = eval_source(&m->eval, pairs->operand[i + 1]);
		struct text t = arena_text(&m->arena);
		char *kept;

		value_add_json(&t, &v);
		kept = arena_keep(&m->arena, &t);
		if (value_present(&v) && kept != NULL)
			keep(m, node_text(node_operand(&m->eval.section, pairs, i)), kept,
			     t.length);
	}
}
