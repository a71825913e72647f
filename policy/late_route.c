/*
 * Where an event goes: each destination's URL, key, headers and its own form of the event,
 * evaluated with the values of the process.
 */
#include "policy/late_maker.h"

#include <string.h>

#include "policy/image.h"
#include "policy/json.h"

static bool is_one_line(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	}
	return true;
}

/* What would end a line is no header: it could begin another one. */
static const char *make_headers(struct maker *m, uint32_t node)
{
	const struct image_node *pairs = node_of(&m->eval.section, node, NODE_OBJECT);
	const char **value;
	struct text t;

	if (pairs == NULL)
		return "";
	value = arena_take(&m->arena, (pairs->count / 2 + 1u) * sizeof(*value));
	for (unsigned i = 0; value != NULL && i < pairs->count / 2; i++)
		value[i] = eval_scalar(&m->eval, pairs->operand[2 * i + 1]);
	t = arena_text(&m->arena);
	for (unsigned i = 0; value != NULL && i < pairs->count / 2; i++) {
		if (value[i] == NULL || !is_one_line(value[i]))
			continue;
		text_add(&t, node_text_at(&m->eval.section, pairs->operand[2 * i]));
		text_add(&t, ": ");
		text_add(&t, value[i]);
		text_add_char(&t, '\n');
	}
	return arena_keep(&m->arena, &t);
}

/* properties.a.b is a.b of properties; NULL: it is none of this member. */
static const char *below(const char *path, const char *member)
{
	size_t length = strlen(member);

	if (strncmp(path, member, length) != 0 || path[length] != '.')
		return NULL;
	return path + length + 1;
}

/* The object without what lies at these paths. */
static const char *drop_below(struct maker *m, const struct image_node *drop, const char *member,
			      const char *object)
{
	const char **path = arena_take(&m->arena, drop->count * sizeof(*path));
	unsigned paths = 0;
	struct text t;

	for (unsigned i = 0; path != NULL && i < drop->count; i++) {
		const char *whole = node_text_at(&m->eval.section, drop->operand[i]);

		if (strcmp(whole, member) == 0)
			return NULL;
		path[paths] = below(whole, member);
		paths += path[paths] != NULL;
	}
	if (paths == 0)
		return object;
	t = arena_text(&m->arena);
	json_drop(&t, json_of(object), path, paths);
	return arena_keep(&m->arena, &t);
}

static bool listed(const struct maker *m, const struct image_node *list, const char *word)
{
	for (unsigned i = 0; i < list->count; i++) {
		if (strcmp(node_text_at(&m->eval.section, list->operand[i]), word) == 0)
			return true;
	}
	return false;
}

/* What the destination does not get, its form of the event can not refer to either. */
static void drop_members(struct maker *m, uint32_t node)
{
	const struct image_node *drop = node_of(&m->eval.section, node, NODE_LIST);
	struct late_event *event = &m->event;

	if (drop == NULL)
		return;
	if (listed(m, drop, "user"))
		event->user = NULL;
	if (listed(m, drop, "session"))
		event->session[0] = '\0';
	if (event->context != NULL)
		event->context = drop_below(m, drop, "context", event->context);
	event->properties = drop_below(m, drop, "properties", event->properties);
	if (event->properties == NULL)
		event->properties = "{}";
}

/* NULL: absent, and then there is nothing to send there. */
static const char *make_each(struct maker *m, const struct image_destination *d)
{
	struct late_event whole = m->event;
	struct value v;
	char *kept;
	struct text t;

	drop_members(m, d->drop);
	m->world.made = true;
	v = eval_source(&m->eval, d->each);
	m->world.made = false;
	m->event = whole;
	if (!value_present(&v))
		return NULL;
	t = arena_text(&m->arena);
	value_add_json(&t, &v);
	kept = arena_keep(&m->arena, &t);
	return kept;
}

/* As of a service, but with any source, and no answer is a no. */
bool late_consents(struct maker *m, uint32_t consent, uint32_t *rule)
{
	const struct image_node *rules = node_of(&m->eval.section, consent, NODE_LIST);
	enum truth truth = TRUTH_UNKNOWN;

	for (unsigned i = 0; rules != NULL && i < rules->count; i++) {
		const struct image_node *one = node_operand(&m->eval.section, rules, i);

		*rule = rules->operand[i];
		if (one == NULL || one->count == 0)
			return false;
		m->eval.strict = true;
		truth = eval_condition(&m->eval, one->operand[0]);
		m->eval.strict = false;
		if (truth != TRUTH_FALSE)
			return one->op == NODE_ALLOW && truth == TRUTH_TRUE;
	}
	return consent == 0;
}

static bool refuses(struct maker *m, const struct image_destination *d, uint32_t number,
		    struct late_refusal *refusal)
{
	uint32_t rule = 0;

	if (late_consents(m, d->consent, &rule))
		return false;
	*refusal = (struct late_refusal){ number, eval_asks(&m->eval, rule, NODE_GET) };
	return true;
}

static bool make_route(struct maker *m, uint32_t number, struct late_route *route,
		       struct late_refusal *refusal)
{
	const struct image *image = m->world.process->image;
	const struct image_destination *d;

	if (number >= image->tables->destination_count) {
		m->damaged = true;
		return false;
	}
	d = &image->destination[number];
	route->destination = number;
	route->url = eval_scalar(&m->eval, d->url);
	route->key = d->key != 0 ? eval_scalar(&m->eval, d->key) : "";
	route->each = NULL;
	if (route->url == NULL || route->url[0] == '\0' || route->key == NULL ||
	    (d->key != 0 && route->key[0] == '\0'))
		return false;
	if (!is_one_line(route->url) || !is_one_line(route->key))
		return false;
	if (refuses(m, d, number, refusal)) {
		m->event.refusal_count++;
		return false;
	}
	route->headers = make_headers(m, d->headers);
	if (d->each != 0)
		route->each = make_each(m, d);
	return route->headers != NULL && (d->each == 0 || route->each != NULL);
}

void late_routes(struct maker *m, const struct image_event *rule)
{
	const struct image_node *to = node_of(&m->eval.section, rule->to, NODE_LIST);
	struct late_refusal *refusal;
	struct late_route *route;

	m->damaged |= to == NULL;
	if (to == NULL)
		return;
	route = arena_take(&m->arena, to->count * sizeof(*route));
	refusal = arena_take(&m->arena, to->count * sizeof(*refusal));
	m->event.routes = route;
	m->event.refusals = refusal;
	for (unsigned i = 0; route != NULL && refusal != NULL && i < to->count; i++) {
		const struct image_node *number = node_operand(&m->eval.section, to, i);

		if (number != NULL && number->op == NODE_INTEGER &&
		    make_route(m, number->value, &route[m->event.route_count],
			       &refusal[m->event.refusal_count]))
			m->event.route_count++;
	}
}
