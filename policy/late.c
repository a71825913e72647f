/*
 * The events of one moment, in the policy's order.
 */
#include "policy/late.h"

#include <errno.h>
#include <string.h>

#include "policy/call_format.h"
#include "policy/image.h"
#include "policy/json.h"
#include "policy/late_maker.h"
#include "policy/words.h"

/* What is kept for all events of a moment takes this part of the arena. */
#define MEMO_PART 8

static bool command_is(struct eval *e, const struct image_node *trigger)
{
	const char *command;

	if (trigger->count == 0)
		return true;
	command = words_known_command(e);
	for (unsigned i = 0; command != NULL && i < trigger->count; i++) {
		if (strcmp(node_text(node_operand(&e->section, trigger, i)), command) == 0)
			return true;
	}
	return false;
}

/* Is the process one of these children, of a parent that is one of these commands? */
static bool child_is(struct eval *e, const struct image_node *trigger)
{
	unsigned children = TRIGGER_CHILDREN(trigger->value);
	const char *command = NULL;
	bool named = false;

	for (unsigned i = 0; i < children && i < trigger->count && !named; i++)
		named = words_child_is(e, node_text(node_operand(&e->section, trigger, i)));
	if (!named || trigger->count <= children)
		return named;
	command = words_known_command(e);
	for (unsigned i = children; command != NULL && i < trigger->count; i++) {
		if (strcmp(node_text(node_operand(&e->section, trigger, i)), command) == 0)
			return true;
	}
	return false;
}

static enum late_role trigger_role(unsigned moment)
{
	switch (moment) {
	case TRIGGER_CHILD_START:
	case TRIGGER_CHILD_END:
		return LATE_CHILD;
	case TRIGGER_WORKER_START:
	case TRIGGER_WORKER_END:
		return LATE_WORKER;
	default:
		return LATE_SERVICE;
	}
}

/* The kind of event that this trigger makes at the moment, or NULL. */
static const char *trigger_kind(struct maker *m, const struct image_node *trigger)
{
	unsigned moment = TRIGGER_MOMENT(trigger->value);
	bool start = m->world.moment == LATE_START;

	if (moment == TRIGGER_WATCH)
		return m->world.role == LATE_SERVICE ? "change" : NULL;
	if (moment == TRIGGER_CALL || moment == TRIGGER_EVERY)
		return NULL;
	if (!start && (TRIGGER_HOW(trigger->value) & late_how(m->world.process->stop)) == 0)
		return NULL;
	if (m->world.role != trigger_role(moment))
		return NULL;
	switch (moment) {
	case TRIGGER_CHILD_START:
		return start && child_is(&m->eval, trigger) ? "child" : NULL;
	case TRIGGER_CHILD_END:
		return !start && child_is(&m->eval, trigger) ? "child" : NULL;
	case TRIGGER_WORKER_START:
		return start ? "worker" : NULL;
	case TRIGGER_WORKER_END:
		return start ? NULL : "worker";
	case TRIGGER_START:
		return start ? "start" : NULL;
	case TRIGGER_STOP:
		return start ? NULL : "stop";
	case TRIGGER_COMMAND_START:
		return start && command_is(&m->eval, trigger) ? "command" : NULL;
	case TRIGGER_COMMAND_END:
		return !start && command_is(&m->eval, trigger) ? "command" : NULL;
	default:
		return NULL;
	}
}

static const char *find_kind(struct maker *m, const struct image_event *rule)
{
	const struct section *late = &m->eval.section;
	const struct image_node *when = node_of(late, rule->when, NODE_LIST);
	const char *kind = NULL;

	m->damaged |= when == NULL;
	for (unsigned i = 0; when != NULL && kind == NULL && i < when->count; i++) {
		const struct image_node *trigger = node_operand(late, when, i);

		if (trigger != NULL && trigger->op == NODE_TRIGGER)
			kind = trigger_kind(m, trigger);
	}
	return kind;
}

/* An object's text, or NULL when it is absent or has nothing in it. */
static const char *make_object(struct maker *m, uint32_t node)
{
	struct value v = eval_source(&m->eval, node);

	return v.type == VALUE_JSON && v.length > 2 ? v.text : NULL;
}

static uint32_t number_of_service(const struct start_block *start, enum late_role role)
{
	return role == LATE_CHILD ? start->child_of : start->service;
}

static uint64_t position_of(const struct late_process *p, enum late_moment moment)
{
	switch (moment) {
	case LATE_START:
		return IDENTITY_START;
	case LATE_STOP:
		return IDENTITY_STOP;
	case LATE_CALL:
		return IDENTITY_RING + p->call->position;
	default:
		return IDENTITY_TICK + p->tick->number;
	}
}

static uint64_t time_of(const struct late_process *p, enum late_moment moment)
{
	switch (moment) {
	case LATE_START:
		return p->start->real_ns;
	case LATE_STOP:
		return p->stop->real_ns;
	case LATE_CALL:
		return p->call->real_ns;
	default:
		return p->tick->real_ns;
	}
}

/* item: of for_each, from 1; 0: the event has none. Its id is that of the event, and its own. */
static void begin_event(struct maker *m, uint32_t number, const char *kind, uint32_t item)
{
	const struct late_process *p = m->world.process;
	enum late_moment moment = m->world.moment;

	memset(&m->event, 0, sizeof(m->event));
	m->event.number = number;
	if (moment == LATE_TICK && p->tick->key != NULL)
		m->event.id = identity_make(p->tick->key, 0, position_of(p, moment), 1);
	else
		m->event.id =
			identity_make(p->pool_id, p->lifecycle, position_of(p, moment), number + 1);
	if (item != 0)
		m->event.id = identity_make(m->event.id.bytes, p->lifecycle, position_of(p, moment),
					    item);
	m->event.time_ns = time_of(p, moment);
	m->event.service = late_service(p->image, number_of_service(p->start, m->world.role));
	m->event.kind = kind;
	m->event.pid = p->start->pid;
	memcpy(m->event.session, m->world.session, sizeof(m->event.session));
}

static void fill_event(struct maker *m, const struct image_event *rule)
{
	struct late_event *event = &m->event;

	event->name = eval_scalar(&m->eval, rule->name);
	if (event->name == NULL)
		event->name = node_text_at(&m->eval.section, rule->label);
	event->user = eval_scalar(&m->eval, rule->user);
	event->context = make_object(m, rule->context);
	event->properties = make_object(m, rule->properties);
	if (event->properties == NULL)
		event->properties = "{}";
	late_routes(m, rule);
	if (m->secrets.truncated)
		event->secrets = "\n";
	else if (m->secrets.length > 0)
		event->secrets = arena_copy(&m->arena, m->secret, m->secrets.length);
}

static void run_text(const struct late_process *p, uint64_t lifecycle, char into[IDENTITY_TEXT])
{
	struct identity run = identity_make(p->pool_id, lifecycle, IDENTITY_SESSION, 0);

	identity_text(&run, into);
}

/* Whose words the policy's sources mean: a child's event belongs to the service that ran it. */
static void set_words(struct maker *m, const struct image_service *service)
{
	const struct snapshot *s = &m->world.snapshot;
	struct eval_words own = {
		.argc = s->argc,
		.argv = s->argv,
		.first = words_first(s->argc, s->argv, s->script),
		.program = s->script != NULL ? s->script : s->exe,
		.exe = s->exe,
		.commands = service->commands,
		.value_options = service->value_options,
	};

	m->eval.words = own;
	if (m->world.role != LATE_CHILD)
		return;
	m->eval.child = own;
	m->eval.words.argc = s->parent_argc;
	m->eval.words.argv = s->parent_argv;
	m->eval.words.first = words_first(s->parent_argc, s->parent_argv, s->parent_script);
	m->eval.words.exe = s->parent_exe;
	m->eval.words.program = s->parent_script != NULL ? s->parent_script : s->parent_exe;
}

static int prepare(struct maker *m, const struct late_process *p, enum late_moment moment,
		   const struct image_service *service)
{
	struct snapshot *s = &m->world.snapshot;
	int error = snapshot_read(s, p->snapshot, p->start->payload, &m->arena);

	m->world.process = p;
	m->world.moment = moment;
	m->world.event = &m->event;
	run_text(p, p->lifecycle, m->world.run);
	if (p->start->ancestor != 0)
		run_text(p, p->start->ancestor, m->world.parent);
	memcpy(m->world.session, m->world.role == LATE_SERVICE ? m->world.run : m->world.parent,
	       IDENTITY_TEXT);
	m->eval.section = p->image->late;
	m->eval.arena = &m->arena;
	m->eval.world = &late_world_sources;
	m->eval.context = &m->world;
	m->eval.mask = p->mask;
	m->secrets = text_init(m->secret, sizeof(m->secret));
	m->eval.secrets = &m->secrets;
	m->eval.memo = &m->memo;
	set_words(m, service);
	return error;
}

/* Where the events go: late_events()'s own arguments. */
struct output {
	void *arena;
	size_t arena_bytes;
	int (*emit)(void *context, const struct late_event *event);
	void *context;
	uint32_t *left_out;
};

/* The event, once, with the item that stands in m->world. */
static int make_one(struct maker *m, const struct image_event *rule, const struct output *out)
{
	fill_event(m, rule);
	if (m->arena.full) {
		++*out->left_out;
		return 0;
	}
	return out->emit(out->context, &m->event);
}

/* A member of an object is an item with key and value. */
static struct value member_item(struct maker *m, struct json name, struct json value)
{
	struct text t = arena_text(&m->arena);
	char *kept;

	text_add(&t, "{\"key\":\"");
	text_add_bytes(&t, name.text, name.length);
	text_add(&t, "\",\"value\":");
	text_add_bytes(&t, value.text, value.length);
	text_add_char(&t, '}');
	kept = arena_keep(&m->arena, &t);
	return kept != NULL ? value_of(VALUE_JSON, kept, t.length) : value_unreadable();
}

static int make_each(struct maker *m, const struct image_event *rule, uint32_t number,
		     const char *kind, const struct output *out)
{
	struct value list = eval_source(&m->eval, rule->for_each);
	struct json whole = { list.text, list.length };
	struct json name, value;
	size_t mark = m->arena.used;
	size_t at = 0;
	int error = 0;

	if (list.type != VALUE_JSON)
		return 0;
	for (uint32_t item = 1; error == 0 && json_next(whole, &at, &name, &value); item++) {
		m->arena.used = mark;
		m->arena.full = false;
		m->eval.steps = EVAL_STEPS;
		m->world.item = name.text != NULL ? member_item(m, name, value)
						  : json_value(&m->arena, value);
		begin_event(m, number, kind, item);
		error = make_one(m, rule, out);
	}
	m->world.item = value_absent();
	return error;
}

/* A hook did, when the call was made, and captured no more than the event needs. */
static bool is_decided(const struct maker *m)
{
	const struct late_call *call = m->world.process->call;

	return m->world.moment == LATE_CALL && (call->record->flags & CALL_DECIDED) != 0;
}

static int make_event(struct maker *m, uint32_t number, const char *kind, const struct output *out)
{
	const struct image_event *rule = m->world.rule;
	int error;

	begin_event(m, number, kind, 0);
	if (!late_is_sampled(m, rule))
		return 0;
	if (!is_decided(m) && rule->condition != 0 &&
	    eval_condition(&m->eval, rule->condition) != TRUTH_TRUE)
		return 0;
	if (!late_is_open(m, rule))
		return 0;
	error = rule->for_each != 0 ? make_each(m, rule, number, kind, out)
				    : make_one(m, rule, out);
	if (error == 0)
		late_remember(m, rule);
	return error;
}

/* The number of the one event that a call or a tick is about; UINT32_MAX: any. */
static uint32_t only_event(const struct late_process *p, enum late_moment moment)
{
	if (moment == LATE_CALL)
		return p->call->record->event;
	return moment == LATE_TICK ? p->tick->event : UINT32_MAX;
}

static const char *kind_of(struct maker *m, uint32_t number)
{
	uint32_t only = only_event(m->world.process, m->world.moment);

	if (only == UINT32_MAX)
		return find_kind(m, m->world.rule);
	if (only != number)
		return NULL;
	if (m->world.moment == LATE_CALL)
		return "call";
	return m->world.rule->watch != 0 ? "change" : "interval";
}

static int make_all(struct maker *m, const struct image_service *service, const struct output *out)
{
	const struct image *image = m->world.process->image;
	size_t mark = m->arena.used;
	int error = 0;

	for (uint32_t i = 0; i < service->event_count && error == 0 && !m->damaged; i++) {
		uint32_t number = service->first_event + i;
		const char *kind;

		m->arena.used = mark;
		m->arena.full = false;
		m->eval.steps = EVAL_STEPS;
		m->world.rule = &image->event[number];
		kind = kind_of(m, number);
		if (kind != NULL)
			error = make_event(m, number, kind, out);
	}
	return m->damaged ? -EBADMSG : error;
}

/*
 * A file may say no by now. Behind a change of credentials no file is read for the process: then
 * what it said at the start counts.
 */
static bool still_consents(struct maker *m, const struct image_service *service)
{
	uint32_t rule;

	m->eval.steps = EVAL_STEPS;
	return m->world.process->untrusted || late_consents(m, service->consent, &rule);
}

/* What the process makes as a service of its own, or as the child of another. */
static int events_as(const struct late_process *process, enum late_moment moment,
		     enum late_role role, const struct output *out)
{
	const struct image *image = process->image;
	uint32_t number = number_of_service(process->start, role);
	const struct image_service *service;
	size_t kept = out->arena_bytes / MEMO_PART;
	struct maker m = { .arena = arena_init(out->arena, out->arena_bytes - kept),
			   .memo.arena = arena_init((uint8_t *)out->arena + out->arena_bytes - kept,
						    kept),
			   .world.role = role };
	int error;

	if (number >= image->tables->service_count)
		return -EBADMSG;
	service = &image->service[number];
	if (service->first_event > image->tables->event_count ||
	    service->event_count > image->tables->event_count - service->first_event)
		return -EBADMSG;
	error = prepare(&m, process, moment, service);
	if (error == 0 && !still_consents(&m, service))
		return 0;
	return error == 0 ? make_all(&m, service, out) : error;
}

int late_events(const struct late_process *process, enum late_moment moment, void *arena,
		size_t arena_bytes, int (*emit)(void *context, const struct late_event *event),
		void *context, uint32_t *left_out)
{
	const struct output out = { arena, arena_bytes, emit, context, left_out };
	uint32_t flags = process->start->flags;
	uint32_t before = *left_out;
	int error = 0;

	if ((moment == LATE_STOP && process->stop == NULL) ||
	    (moment == LATE_CALL && process->call == NULL) ||
	    (moment == LATE_TICK && process->tick == NULL))
		return -EBADMSG;
	if ((flags & START_WORKER) != 0)
		error = events_as(process, moment, LATE_WORKER, &out);
	else if ((flags & START_ONLY_CHILD) == 0)
		error = events_as(process, moment, LATE_SERVICE, &out);
	if (error == 0 && (flags & START_CHILD) != 0 && moment <= LATE_STOP)
		error = events_as(process, moment, LATE_CHILD, &out);
	return error == 0 && *left_out != before ? -ENOBUFS : error;
}
