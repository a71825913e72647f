/*
 * `services` and their events, over what `defaults` gave them.
 */
#include <string.h>

#include "policy/compile/schedules.h"
#include "policy/compile/calls.h"
#include "policy/compile/source.h"
#include "policy/compile/destinations.h"
#include "policy/facts.h"

#define NAME_MAX_BYTES 63

static struct expr *read_user(struct compiler *c, const struct yaml *y)
{
	struct expr *user = source_or_removal(c, y);

	if (user->op == NODE_OBJECT)
		diagnose(&c->d, y->at, "user is a text, not an object");
	return user->op == EXPR_REMOVED ? NULL : user;
}

void services_scope(struct compiler *c, const struct yaml *y, struct policy_scope *scope)
{
	const struct yaml *consent = yaml_get(y, "consent");
	const struct yaml *to = yaml_get(y, "to");
	const struct yaml *user = yaml_get(y, "user");
	const struct yaml *context = yaml_get(y, "context");
	const struct yaml *properties = yaml_get(y, "properties");

	if (consent != NULL)
		scope->consent = conditions_consent(c, consent, true);
	if (to != NULL)
		scope->to = destinations_named(c, to);
	if (user != NULL)
		scope->user = read_user(c, user);
	if (context != NULL)
		scope->context =
			expr_merge(&c->heap, scope->context, source_pairs(c, context, "context"));
	if (properties != NULL)
		scope->properties = expr_merge(&c->heap, scope->properties,
					       source_pairs(c, properties, "properties"));
}

/* What is made of itself has no end. */
static void check_circles(struct compiler *c, const struct policy_event *e)
{
	if (reach_fact(c, e->name, FACT_EVENT_NAME))
		diagnose(&c->d, e->name->at, "the event's name refers to ${event.name}, itself");
	if (reach_fact(c, e->scope.user, FACT_EVENT_USER))
		diagnose(&c->d, e->scope.user->at,
			 "the event's user refers to ${event.user}, itself");
	if (reach_fact(c, e->name, FACT_EVENT_USER) &&
	    reach_fact(c, e->scope.user, FACT_EVENT_NAME))
		diagnose(&c->d, e->name->at, "the event's name and user refer to each other");
}

static void check_depth(struct compiler *c, const struct policy_event *e)
{
	if (reach_depth_fits(c, e->name) && reach_depth_fits(c, e->condition) &&
	    reach_depth_fits(c, e->scope.user) && reach_depth_fits(c, e->scope.context))
		reach_depth_fits(c, e->scope.properties);
}

static struct expr *read_name(struct compiler *c, const struct yaml *y)
{
	const char *text;

	return scalar_text(c, y, &text) ? template_of_text(c, y) : NULL;
}

static void read_event(struct compiler *c, const struct yaml *key, const struct yaml *y,
		       struct policy_service *s, struct policy_event *e)
{
	const struct yaml *when = yaml_get(y, "when");
	const struct yaml *condition = yaml_get(y, "if");
	const struct yaml *name = yaml_get(y, "name");

	e->label = key->text;
	e->at = key->at;
	e->scope = s->scope;
	e->constants.tick = EVENT_NO_TICK;
	c->event = e;
	c->callings = 0;
	if (!keys_check(&c->d, y, KEYS_EVENT, "an event"))
		return;
	if (when == NULL)
		diagnose(&c->d, key->at,
			 "the event '%.60s' needs when: start, stop, command, child, worker, call, "
			 "every, change or file",
			 key->text);
	else
		e->when = triggers_of(c, when, s, e);
	if (condition != NULL)
		e->condition = conditions_of(c, condition);
	if (name != NULL)
		e->name = read_name(c, name);
	services_scope(c, y, &e->scope);
	schedules_of_event(c, y, e);
	c->callings = 0;
	if (e->scope.to == NULL)
		diagnose(&c->d, key->at,
			 "the event '%.60s' goes nowhere: name a destination in to:, here, in its "
			 "service or in defaults",
			 key->text);
	check_circles(c, e);
	check_depth(c, e);
	calls_check_event(c, e, y);
	moments_check(c, key->at, y, e);
}

static void read_events(struct compiler *c, const struct yaml *y, struct policy_service *s)
{
	if (y == NULL || y->kind != YAML_MAP || y->count == 0) {
		diagnose(&c->d, y != NULL ? y->at : s->at,
			 "the service '%.60s' needs events: NAME: { when: start }", s->name);
		return;
	}
	s->event = heap_take(&c->heap, y->count * sizeof(*s->event));
	s->events = y->count;
	for (unsigned i = 0; i < y->count; i++)
		read_event(c, yaml_key(y, i), yaml_value(y, i), s, &s->event[i]);
}

static void read_sender(struct compiler *c, const struct yaml *y, struct policy_service *s)
{
	static const char *const words[] = { "thread", "helper", "later", NULL };
	const char *sender = y != NULL ? y->text : s->command ? "later" : "thread";
	bool later = strcmp(sender, "later") == 0;

	if (!later && strcmp(sender, "thread") != 0 && strcmp(sender, "helper") != 0)
		diagnose_unknown(&c->d, y->at, "sender", sender, words);
	else if (!later && s->command)
		diagnose(&c->d, y->at,
			 "a command never sends: for a service with commands: or `when: command` "
			 "only `sender: later`");
	s->helper = !later;
	s->thread = strcmp(sender, "thread") == 0;
}

/* Words separated by one space, none of them an option. */
void services_check_command(struct compiler *c, const struct expr *command)
{
	const char *text = command->text;
	size_t length = strlen(text);

	if (text[0] == ' ' || text[length - 1] == ' ' || strstr(text, "  ") != NULL)
		diagnose(&c->d, command->at, "a command is words with one space between them");
	else if (text[0] == '-' || strstr(text, " -") != NULL)
		diagnose(&c->d, command->at, "a command has no options in it: '%.60s'", text);
}

static void read_words(struct compiler *c, const struct yaml *y, struct policy_service *s)
{
	const struct yaml *commands = yaml_get(y, "commands");
	const struct yaml *options = yaml_get(y, "value_options");

	s->value_options = options != NULL ? scalar_texts(c, options, NODE_LIST)
					   : expr_new(&c->heap, NODE_LIST, 0, s->at);
	for (unsigned i = 0; i < s->value_options->count; i++) {
		if (s->value_options->operand[i]->text[0] != '-')
			diagnose(&c->d, s->value_options->operand[i]->at,
				 "an option begins with - or --");
	}
	if (commands == NULL)
		return;
	s->command = true;
	s->commands = scalar_texts(c, commands, NODE_LIST);
	for (unsigned i = 0; i < s->commands->count; i++)
		services_check_command(c, s->commands->operand[i]);
}

static void check_name(struct compiler *c, const struct policy_service *s)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t length = strlen(s->name);

	if (length == 0 || length > NAME_MAX_BYTES || s->name[strspn(s->name, letters)] != '\0')
		diagnose(&c->d, s->at,
			 "a service's name has 1 to %d letters, digits, '_', '.' and '-': it "
			 "stands in BOOKEND_SERVICE",
			 NAME_MAX_BYTES);
}

static void read_service(struct compiler *c, const struct yaml *y, struct policy_service *s)
{
	const struct yaml *match = yaml_get(y, "match");

	check_name(c, s);
	if (!keys_check(&c->d, y, KEYS_SERVICE, "a service"))
		return;
	s->scope = c->defaults;
	if (match != NULL)
		s->match = matching_of(c, match);
	read_words(c, y, s);
	services_scope(c, y, &s->scope);
	if (s->scope.consent == NULL)
		diagnose(&c->d, s->at,
			 "the service '%.60s' has no consent: write `consent:` with rules, at "
			 "least \"- allow: always\", here or in defaults",
			 s->name);
	if (yaml_get(y, "measures") != NULL)
		measuring_of(c, yaml_get(y, "measures"), s);
	read_events(c, yaml_get(y, "events"), s);
	read_sender(c, yaml_get(y, "sender"), s);
	reach_service(c, s);
}

void services_of(struct compiler *c, const struct yaml *y)
{
	struct mark top = { 1, 1 };

	if (y == NULL || y->kind != YAML_MAP || y->count == 0) {
		diagnose(&c->d, y != NULL ? y->at : top,
			 "services: is missing or empty: name at least one");
		return;
	}
	c->service = heap_take(&c->heap, y->count * sizeof(*c->service));
	c->services = y->count;
	for (unsigned i = 0; i < y->count; i++) {
		c->service[i].name = yaml_key(y, i)->text;
		c->service[i].at = yaml_key(y, i)->at;
		read_service(c, yaml_value(y, i), &c->service[i]);
	}
}
