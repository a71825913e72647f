/*
 * `when`: what makes an event.
 */
#include <string.h>

#include "policy/compile/compiler.h"

static const char *const moments[] = { "start", "stop", "command", NULL };

static void add_how(struct compiler *c, const struct yaml *one, void *context)
{
	static const char *const words[] = {
		"clean", "failed", "crashed", "vanished", "any", NULL
	};
	static const uint32_t bits[] = { HOW_CLEAN, HOW_FAILED, HOW_CRASHED, HOW_VANISHED,
					 HOW_ANY };
	uint32_t *how = context;

	for (unsigned i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], one->text) == 0) {
			*how |= bits[i];
			return;
		}
	}
	diagnose_unknown(&c->d, one->at, "way to end", one->text, words);
}

static struct expr *trigger(struct compiler *c, enum trigger_moment moment, uint32_t how,
			    struct mark at)
{
	return expr_new(&c->heap, NODE_TRIGGER, TRIGGER_VALUE(moment, how), at);
}

struct command_list {
	const struct policy_service *service;
	struct expr *trigger;
};

static void add_command(struct compiler *c, const struct yaml *one, void *context)
{
	struct command_list *list = context;
	const struct expr *known = list->service->commands;
	unsigned count = known != NULL ? known->count : 0;
	const char **names = heap_take(&c->heap, (count + 1) * sizeof(*names));

	for (unsigned i = 0; i < count; i++) {
		names[i] = known->operand[i]->text;
		if (strcmp(names[i], one->text) == 0) {
			expr_add(&c->heap, list->trigger, known->operand[i]);
			return;
		}
	}
	if (count == 0)
		diagnose(&c->d, one->at,
			 "the command '%.60s' needs commands: in its service, which lists it",
			 one->text);
	else
		diagnose_unknown(&c->d, one->at, "command", one->text, names);
}

static bool phase_is_start(struct compiler *c, const struct yaml *y)
{
	static const char *const words[] = { "start", "end", NULL };

	if (y == NULL || strcmp(y->text, "end") == 0)
		return false;
	if (strcmp(y->text, "start") != 0)
		diagnose_unknown(&c->d, y->at, "phase", y->text, words);
	return true;
}

static struct expr *read_command(struct compiler *c, const struct yaml *y,
				 const struct yaml *argument, const struct policy_service *s)
{
	const struct yaml *how = yaml_get(y, "how");
	bool start = phase_is_start(c, yaml_get(y, "phase"));
	struct command_list list = { .service = s };
	uint32_t bits = 0;

	if (how != NULL && start)
		diagnose(&c->d, how->at,
			 "at its start nobody knows how a command will end: how: belongs to phase: "
			 "end");
	if (how != NULL)
		scalar_each(c, how, add_how, &bits);
	list.trigger = trigger(c, start ? TRIGGER_COMMAND_START : TRIGGER_COMMAND_END,
			       bits != 0 ? bits : HOW_ANY, y->at);
	if (argument->kind != YAML_SCALAR || strcmp(argument->text, "any") != 0)
		scalar_each(c, argument, add_command, &list);
	return list.trigger;
}

/* How many keys are those of a trigger; each but the moment's own is refused. */
static unsigned refuse_beside(struct compiler *c, const struct yaml *y, const char *moment)
{
	unsigned known = 0;

	for (unsigned i = 0; i < y->count; i++) {
		const struct yaml *key = yaml_key(y, i);

		known += keys_have(KEYS_TRIGGER, key->text);
		if (moment != NULL && strcmp(key->text, moment) != 0 &&
		    keys_have(KEYS_TRIGGER, key->text))
			diagnose(
				&c->d, key->at,
				"'%s' does not go with %s:; a list in when: takes several triggers",
				key->text, moment);
	}
	return known;
}

static struct expr *read_mapping(struct compiler *c, const struct yaml *y,
				 const struct policy_service *s)
{
	const struct yaml *start = yaml_get(y, "start");
	const struct yaml *stop = yaml_get(y, "stop");
	const struct yaml *command = yaml_get(y, "command");
	unsigned known;
	uint32_t how = 0;

	keys_check(&c->d, y, KEYS_TRIGGER, "a trigger");
	if (command != NULL && start == NULL && stop == NULL)
		return read_command(c, y, command, s);
	known = refuse_beside(c, y, stop != NULL ? "stop" : start != NULL ? "start" : NULL);
	if (stop != NULL) {
		scalar_each(c, stop, add_how, &how);
		return trigger(c, TRIGGER_STOP, how, y->at);
	}
	if (start == NULL && known == y->count)
		diagnose(&c->d, y->at, "a trigger is one of start, stop, command");
	else if (start != NULL && strcmp(start->text, "any") != 0)
		diagnose(&c->d, start->at, "start: takes any; shorter: `when: start`");
	return trigger(c, TRIGGER_START, HOW_ANY, y->at);
}

static struct expr *read_one(struct compiler *c, const struct yaml *y,
			     const struct policy_service *s)
{
	if (y->kind == YAML_MAP)
		return read_mapping(c, y, s);
	if (strcmp(y->text, "start") == 0)
		return trigger(c, TRIGGER_START, HOW_ANY, y->at);
	if (strcmp(y->text, "stop") == 0)
		return trigger(c, TRIGGER_STOP, HOW_ANY, y->at);
	if (strcmp(y->text, "command") != 0)
		diagnose_unknown(&c->d, y->at, "trigger", y->text, moments);
	return trigger(c, TRIGGER_COMMAND_END, HOW_ANY, y->at);
}

static void note_command(struct policy_service *s, const struct expr *one)
{
	unsigned moment = TRIGGER_MOMENT(one->value);

	if (moment == TRIGGER_COMMAND_START || moment == TRIGGER_COMMAND_END)
		s->command = true;
}

struct expr *triggers_of(struct compiler *c, const struct yaml *y, struct policy_service *s)
{
	struct expr *list = expr_new(&c->heap, NODE_LIST, 0, y->at);
	unsigned count = y->kind == YAML_LIST ? y->count : 1;

	if (count == 0)
		diagnose(&c->d, y->at, "when: needs at least one trigger: start, stop or command");
	for (unsigned i = 0; i < count; i++) {
		struct expr *one = read_one(c, y->kind == YAML_LIST ? y->item[i] : y, s);

		note_command(s, one);
		expr_add(&c->heap, list, one);
	}
	return list;
}
