/*
 * `when`: what makes an event.
 */
#include <string.h>

#include "policy/compile/calls.h"
#include "policy/compile/schedules.h"

static const char *const moments[] = { "start", "stop",	 "command", "child", "worker",
				       "call",	"every", "change",  "file",  NULL };

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

/* A trigger with phase and how: at_start, or the one after it. */
static struct expr *read_phase(struct compiler *c, const struct yaml *y,
			       enum trigger_moment at_start)
{
	const struct yaml *how = yaml_get(y, "how");
	bool start = phase_is_start(c, yaml_get(y, "phase"));
	uint32_t bits = 0;

	if (how != NULL && start)
		diagnose(&c->d, how->at,
			 "at its start nobody knows how a command will end: how: belongs to phase: "
			 "end");
	if (how != NULL)
		scalar_each(c, how, add_how, &bits);
	return trigger(c, start ? at_start : at_start + 1, bits != 0 ? bits : HOW_ANY, y->at);
}

static struct expr *read_command(struct compiler *c, const struct yaml *y,
				 const struct yaml *argument, const struct policy_service *s)
{
	struct command_list list = { .service = s };

	if (yaml_get(y, "during") != NULL)
		diagnose(&c->d, yaml_get(y, "during")->at, "during: belongs to child:");
	list.trigger = read_phase(c, y, TRIGGER_COMMAND_START);
	if (argument->kind != YAML_SCALAR || strcmp(argument->text, "any") != 0)
		scalar_each(c, argument, add_command, &list);
	return list.trigger;
}

struct child_list {
	struct policy_service *service;
	struct expr *trigger;
};

/* The program alone, which a process looks for before anything else. */
static void note_program(struct compiler *c, const struct expr *child, struct policy_service *s)
{
	size_t length = strcspn(child->text, " ");
	char *program = heap_take(&c->heap, length + 1);

	memcpy(program, child->text, length);
	if (s->children == NULL)
		s->children = expr_new(&c->heap, NODE_LIST, 0, child->at);
	for (unsigned i = 0; i < s->children->count; i++) {
		if (strcmp(s->children->operand[i]->text, program) == 0)
			return;
	}
	expr_add(&c->heap, s->children, expr_text(&c->heap, NODE_TEXT, program, child->at));
}

static void add_child(struct compiler *c, const struct yaml *one, void *context)
{
	struct child_list *list = context;
	struct expr *child = expr_text(&c->heap, NODE_TEXT, one->text, one->at);
	const char *slash = memrchr(one->text, '/', strcspn(one->text, " "));

	if (TRIGGER_CHILDREN(list->trigger->value) == TRIGGER_CHILDREN_MAX) {
		diagnose(&c->d, one->at, "at most %d children in one trigger",
			 TRIGGER_CHILDREN_MAX);
		return;
	}
	if (slash != NULL)
		diagnose(&c->d, one->at, "a child is named by its program's last part: '%.60s'",
			 slash + 1);
	services_check_command(c, child);
	list->trigger->value += TRIGGER_ONE_CHILD;
	expr_add(&c->heap, list->trigger, child);
	note_program(c, child, list->service);
}

static struct expr *read_child(struct compiler *c, const struct yaml *y,
			       const struct yaml *argument, struct policy_service *s)
{
	const struct yaml *during = yaml_get(y, "during");
	struct child_list list = { .service = s };
	struct command_list commands = { .service = s };

	list.trigger = read_phase(c, y, TRIGGER_CHILD_START);
	scalar_each(c, argument, add_child, &list);
	commands.trigger = list.trigger;
	if (during != NULL)
		scalar_each(c, during, add_command, &commands);
	return list.trigger;
}

static struct expr *read_worker(struct compiler *c, const struct yaml *y,
				const struct yaml *argument)
{
	const struct yaml *during = yaml_get(y, "during");

	if (during != NULL)
		diagnose(&c->d, during->at, "during: belongs to child:");
	if (argument->kind != YAML_SCALAR || strcmp(argument->text, "any") != 0)
		diagnose(&c->d, argument->at, "worker: takes any; shorter: `when: worker`");
	return read_phase(c, y, TRIGGER_WORKER_START);
}

/* How many keys are those of a trigger; each but the moment's own is refused. */
static unsigned refuse_beside(struct compiler *c, const struct yaml *y, const char *moment)
{
	unsigned known = 0;

	for (unsigned i = 0; i < y->count; i++) {
		const struct yaml *key = yaml_key(y, i);

		known += keys_have(KEYS_TRIGGER, key->text);
		if (moment != NULL && strcmp(key->text, moment) != 0 &&
		    strcmp(key->text, "once") != 0 && keys_have(KEYS_TRIGGER, key->text))
			diagnose(
				&c->d, key->at,
				"'%s' does not go with %s:; a list in when: takes several triggers",
				key->text, moment);
	}
	return known;
}

static void refuse_of_calls(struct compiler *c, const struct yaml *y)
{
	static const char *const keys[] = { "in", "one_in", "first" };

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (yaml_get(y, keys[i]) != NULL)
			diagnose(&c->d, yaml_get(y, keys[i])->at, "%s: belongs to call:", keys[i]);
	}
}

static struct expr *read_mapping(struct compiler *c, const struct yaml *y, struct policy_service *s,
				 struct policy_event *e)
{
	const struct yaml *start = yaml_get(y, "start");
	const struct yaml *stop = yaml_get(y, "stop");
	const struct yaml *command = yaml_get(y, "command");
	const struct yaml *child = yaml_get(y, "child");
	const struct yaml *worker = yaml_get(y, "worker");
	const struct yaml *call = yaml_get(y, "call");
	unsigned moments_given = (start != NULL) + (stop != NULL) + (command != NULL) +
				 (child != NULL) + (worker != NULL);
	unsigned known;
	uint32_t how = 0;

	keys_check(&c->d, y, KEYS_TRIGGER, "a trigger");
	schedules_once(c, y, e);
	if (call != NULL)
		return calls_trigger(c, y, call);
	if (yaml_get(y, "every") != NULL)
		return schedules_every(c, y, yaml_get(y, "every"), s, e);
	if (yaml_get(y, "change") != NULL)
		return schedules_change(c, y, yaml_get(y, "change"), s, e);
	if (yaml_get(y, "file") != NULL)
		return schedules_file(c, y, yaml_get(y, "file"), s, e);
	if (moments_given == 1 && start == NULL && stop == NULL)
		refuse_of_calls(c, y);
	if (child != NULL && moments_given == 1)
		return read_child(c, y, child, s);
	if (command != NULL && moments_given == 1)
		return read_command(c, y, command, s);
	if (worker != NULL && moments_given == 1)
		return read_worker(c, y, worker);
	known = refuse_beside(c, y, stop != NULL ? "stop" : start != NULL ? "start" : NULL);
	if (stop != NULL) {
		scalar_each(c, stop, add_how, &how);
		return trigger(c, TRIGGER_STOP, how, y->at);
	}
	if (start == NULL && known == y->count)
		diagnose(&c->d, y->at,
			 "a trigger is one of start, stop, command, child, worker, call, every, "
			 "change, "
			 "file");
	else if (start != NULL && strcmp(start->text, "any") != 0)
		diagnose(&c->d, start->at, "start: takes any; shorter: `when: start`");
	return trigger(c, TRIGGER_START, HOW_ANY, y->at);
}

static struct expr *read_one(struct compiler *c, const struct yaml *y, struct policy_service *s,
			     struct policy_event *e)
{
	if (y->kind == YAML_MAP)
		return read_mapping(c, y, s, e);
	if (strcmp(y->text, "start") == 0)
		return trigger(c, TRIGGER_START, HOW_ANY, y->at);
	if (strcmp(y->text, "stop") == 0)
		return trigger(c, TRIGGER_STOP, HOW_ANY, y->at);
	if (strcmp(y->text, "worker") == 0)
		return trigger(c, TRIGGER_WORKER_END, HOW_ANY, y->at);
	if (strcmp(y->text, "child") == 0)
		diagnose(&c->d, y->at, "child needs a name: `when: { child: PROGRAM }`");
	else if (strcmp(y->text, "call") == 0)
		diagnose(&c->d, y->at, "call needs a name: `when: { call: FUNCTION }`");
	else if (strcmp(y->text, "command") != 0)
		diagnose_unknown(&c->d, y->at, "trigger", y->text, moments);
	return trigger(c, TRIGGER_COMMAND_END, HOW_ANY, y->at);
}

/* What a trigger means for its whole service. */
static void note_trigger(struct policy_service *s, const struct expr *one)
{
	unsigned moment = TRIGGER_MOMENT(one->value);

	if (moment == TRIGGER_COMMAND_START || moment == TRIGGER_COMMAND_END)
		s->command = true;
	if (moment == TRIGGER_WORKER_START || moment == TRIGGER_WORKER_END)
		s->workers = true;
}

struct expr *triggers_of(struct compiler *c, const struct yaml *y, struct policy_service *s,
			 struct policy_event *e)
{
	struct expr *list = expr_new(&c->heap, NODE_LIST, 0, y->at);
	unsigned count = y->kind == YAML_LIST ? y->count : 1;

	if (count == 0)
		diagnose(&c->d, y->at,
			 "when: needs at least one trigger: start, stop, command, child, worker, "
			 "call, every, change or file");
	for (unsigned i = 0; i < count; i++) {
		struct expr *one = read_one(c, y->kind == YAML_LIST ? y->item[i] : y, s, e);

		note_trigger(s, one);
		expr_add(&c->heap, list, one);
	}
	return list;
}
