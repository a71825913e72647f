/*
 * What an expression refers to, through values and inheritance: what a start must record, and what
 * can be known when.
 */
#include <string.h>

#include "policy/compile/calls.h"
#include "policy/compile/destinations.h"
#include "policy/eval.h"

enum known { KNOWN_EVENT, KNOWN_NOW, KNOWN_STOP, KNOWN_CALL, KNOWN_EACH, KNOWN_BODY };

static const struct {
	enum known known;
	uint32_t capture;
} facts[] = {
#define FACT(name, text, known, capture, about) { KNOWN_##known, capture },
#include "policy/facts.def"
#undef FACT
};

bool reach_visit(struct compiler *c, struct expr *e, reach_visit_fn *visit, void *context)
{
	if (e == NULL || e->seen == c->sections)
		return true;
	e->seen = c->sections;
	if (!visit(c, e, context))
		return false;
	for (unsigned i = 0; i < e->count; i++) {
		if (!reach_visit(c, e->operand[i], visit, context))
			return false;
	}
	return true;
}

static bool walk(struct compiler *c, struct expr *e, reach_visit_fn *visit, void *context)
{
	c->sections++;
	return reach_visit(c, e, visit, context);
}

static bool is_not_this(struct compiler *c, const struct expr *e, void *context)
{
	const unsigned *fact = context;

	(void)c;
	return e->op != NODE_FACT || e->value != *fact;
}

bool reach_fact(struct compiler *c, struct expr *e, unsigned fact)
{
	return !walk(c, e, is_not_this, &fact);
}

/* Drainers only have the memory. */
static bool is_large(enum node_op op)
{
	return op == NODE_SIZE || op == NODE_LOOKUP || op == NODE_ARRAY || op == NODE_KEEP ||
	       op == NODE_DROP || op == NODE_PRESENCE || op == NODE_PARSE;
}

static bool is_now(struct compiler *c, const struct expr *e, void *context)
{
	const struct expr **what = context;
	bool late = e->op == NODE_ID_RUN || e->op == NODE_ID_INSTALLATION ||
		    e->op == NODE_ID_KEYED || e->op == NODE_CHILD_ARGUMENT || e->op == NODE_RUN ||
		    e->op == NODE_GET || e->op == NODE_PARAMETER || e->op == NODE_MEASURE ||
		    e->op == NODE_REMEMBERED || e->op == NODE_ITEM || is_large(e->op) ||
		    (e->op == NODE_FACT && facts[e->value].known != KNOWN_NOW);

	(void)c;
	if (late)
		*what = e;
	return !late;
}

bool reach_is_now(struct compiler *c, struct expr *e, const struct expr **what)
{
	return walk(c, e, is_now, what);
}

/* Constants, and what is made of other parts. */
static bool is_made(enum node_op op)
{
	switch (op) {
	case NODE_TEXT:
	case NODE_NUMBER:
	case NODE_TRUE:
	case NODE_FALSE:
	case NODE_NULL:
	case NODE_TEMPLATE:
	case NODE_OBJECT:
#define TRANSFORM(op, name) case NODE_##op:
#include "policy/transforms.def"
#undef TRANSFORM
		return true;
	default:
		return false;
	}
}

/* Asks a file, a command or a server, or takes time. */
static bool is_dear(enum node_op op)
{
	return op == NODE_RUN || op == NODE_GET || op == NODE_FILE || op == NODE_SIZE ||
	       op == NODE_PARSE || op == NODE_REGEX || op == NODE_HASH;
}

/* What all events of a moment see alike. */
static bool is_steady(struct compiler *c, const struct expr *e, void *context)
{
	bool *dear = context;

	(void)c;
	*dear |= is_dear(e->op);
	switch (e->op) {
	case NODE_ENV:
	case NODE_FLAG:
	case NODE_OPTION:
	case NODE_ARGUMENT:
	case NODE_CHILD_ARGUMENT:
	case NODE_ID_INSTALLATION:
	case NODE_ID_KEYED:
	case NODE_LIST:
	case NODE_INTEGER:
		return true;
	case NODE_FACT:
		return facts[e->value].known == KNOWN_NOW || facts[e->value].known == KNOWN_STOP;
	default:
		return is_dear(e->op) || is_large(e->op) || is_made(e->op);
	}
}

bool reach_is_worth_keeping(struct compiler *c, struct expr *e)
{
	bool dear = false;

	return e->op != NODE_OBJECT && walk(c, e, is_steady, &dear) && dear;
}

static bool is_of_request(struct compiler *c, const struct expr *e, void *context)
{
	const struct expr **what = context;
	bool fits = is_made(e->op) || (e->op == NODE_FACT && facts[e->value].known == KNOWN_BODY);

	(void)c;
	if (!fits)
		*what = e;
	return fits;
}

bool reach_is_of_request(struct compiler *c, struct expr *e, const struct expr **what)
{
	return walk(c, e, is_of_request, what);
}

static bool is_elsewhere(struct compiler *c, const struct expr *e, void *context)
{
	const enum known *most = context;

	if (e->op != NODE_FACT || facts[e->value].known <= *most)
		return true;
	if (facts[e->value].known == KNOWN_BODY)
		diagnose(&c->d, e->at,
			 "events and send.time are known in body: of a destination "
			 "only");
	else
		diagnose(&c->d, e->at,
			 "event.context and event.properties are known in each: of a "
			 "destination only");
	return true;
}

static void check_place(struct compiler *c, struct expr *e, enum known most)
{
	reach_visit(c, e, is_elsewhere, &most);
}

/* The machine's id leaves as a hash only; keyed ids keep but a hash of it. */
static void check_machine(struct compiler *c, struct expr *e)
{
	if (e == NULL || e->seen == c->sections || e->op == NODE_HASH || e->op == NODE_ID_KEYED)
		return;
	e->seen = c->sections;
	if (e->op == NODE_FACT && e->value == FACT_HOST_MACHINE_ID)
		diagnose(&c->d, e->at,
			 "host.machine_id must not leave as it is: write { value: "
			 "\"${host.machine_id}\", hash: sha256 }");
	for (unsigned i = 0; i < e->count; i++)
		check_machine(c, e->operand[i]);
}

static void reach_check_machine(struct compiler *c)
{
	c->sections++;
	for (unsigned i = 0; i < c->services; i++) {
		for (unsigned j = 0; j < c->service[i].events; j++) {
			const struct policy_event *e = &c->service[i].event[j];

			check_machine(c, e->name);
			check_machine(c, e->scope.user);
			check_machine(c, e->scope.context);
			check_machine(c, e->scope.properties);
		}
	}
	for (unsigned i = 0; i < c->destinations; i++) {
		const struct policy_destination *d = &c->destination[i];

		check_machine(c, d->url);
		check_machine(c, d->key);
		check_machine(c, d->headers);
		check_machine(c, d->each);
	}
}

void reach_check_places(struct compiler *c)
{
	c->sections++;
	for (unsigned i = 0; i < c->services; i++) {
		const struct policy_service *s = &c->service[i];

		check_place(c, s->scope.consent, KNOWN_CALL);
		for (unsigned j = 0; j < s->events; j++) {
			const struct policy_event *e = &s->event[j];

			check_place(c, e->condition, KNOWN_CALL);
			check_place(c, e->name, KNOWN_CALL);
			check_place(c, e->scope.user, KNOWN_CALL);
			check_place(c, e->scope.context, KNOWN_CALL);
			check_place(c, e->scope.properties, KNOWN_CALL);
		}
	}
	for (unsigned i = 0; i < c->destinations; i++) {
		const struct policy_destination *d = &c->destination[i];

		check_place(c, d->url, KNOWN_CALL);
		check_place(c, d->key, KNOWN_CALL);
		check_place(c, d->headers, KNOWN_CALL);
		check_place(c, d->consent, KNOWN_CALL);
	}
	c->sections++;
	for (unsigned i = 0; i < c->destinations; i++)
		check_place(c, c->destination[i].each, KNOWN_EACH);
	reach_check_machine(c);
}

bool reach_depth_fits(struct compiler *c, struct expr *e)
{
	/* A few levels are the evaluator's own: event.name within a template within an object. */
	if (expr_depth(e) <= EVAL_DEPTH / 2)
		return true;
	diagnose(&c->d, e->at, "nested deeper than %d levels, values included", EVAL_DEPTH / 2);
	return false;
}

static bool listed(const struct expr *list, const char *text)
{
	for (unsigned i = 0; i < list->count; i++) {
		if (strcmp(list->operand[i]->text, text) == 0)
			return true;
	}
	return false;
}

/* An option that somebody asks for takes a value. */
static void note_option(struct compiler *c, const struct expr *e, struct policy_service *s)
{
	for (unsigned i = 0; i < e->count; i++) {
		if (!listed(s->value_options, e->operand[i]->text))
			expr_add(&c->heap, s->value_options, e->operand[i]);
	}
}

static bool note_need(struct compiler *c, const struct expr *e, void *context)
{
	struct policy_service *s = context;

	if (e->op == NODE_RUN)
		s->capture |= CAPTURE_CWD;
	if ((e->op == NODE_RUN || e->op == NODE_GET) && PROBE_CACHE(e->value) == PROBE_EXECUTABLE)
		s->capture |= CAPTURE_EXE;
	if (e->op == NODE_FACT)
		s->capture |= facts[e->value].capture;
	if (e->op == NODE_FLAG || e->op == NODE_OPTION || e->op == NODE_ARGUMENT ||
	    e->op == NODE_CHILD_ARGUMENT || (e->op == NODE_TRIGGER && e->count > 0))
		s->capture |= CAPTURE_ARGS;
	/* Names the child, and of its parent the command that it is. */
	if (e->op == NODE_TRIGGER && TRIGGER_CHILDREN(e->value) > 0)
		s->capture |= CAPTURE_EXE | CAPTURE_SCRIPT;
	if (e->op == NODE_ENV)
		expr_add(&c->heap, s->environment, c->environment[e->value]);
	if (e->op == NODE_OPTION)
		note_option(c, e, s);
	if (e->op == NODE_MEASURE)
		measuring_check(c, e, s);
	return true;
}

static bool note_consent(struct compiler *c, const struct expr *e, void *context)
{
	if (e->op == NODE_OPTION)
		note_option(c, e, context);
	return true;
}

static void walk_event(struct compiler *c, const struct policy_event *e, struct policy_service *s)
{
	struct expr *const root[] = { e->when,	     e->condition,     e->name,
				      e->scope.user, e->scope.context, e->scope.properties,
				      e->for_each,   e->remember,      e->watch };

	for (unsigned i = 0; i < sizeof(root) / sizeof(root[0]); i++)
		reach_visit(c, root[i], note_need, s);
	for (unsigned i = 0; e->scope.to != NULL && i < e->scope.to->count; i++) {
		const struct policy_destination *d =
			&c->destination[e->scope.to->operand[i]->value];

		reach_visit(c, d->url, note_need, s);
		reach_visit(c, d->key, note_need, s);
		reach_visit(c, d->headers, note_need, s);
		reach_visit(c, d->each, note_need, s);
		reach_visit(c, d->consent, note_need, s);
	}
}

static bool is_no_file(struct compiler *c, const struct expr *e, void *context)
{
	(void)c;
	(void)context;
	return e->op != NODE_FILE;
}

static bool is_no_measure(struct compiler *c, const struct expr *e, void *context)
{
	(void)c;
	(void)context;
	return e->op != NODE_MEASURE;
}

/* Then a drainer keeps what they were when the event was made. */
static void note_measures(struct compiler *c, struct policy_event *e)
{
	struct expr *const root[] = { e->condition,	   e->name,
				      e->scope.user,	   e->scope.context,
				      e->scope.properties, e->for_each,
				      e->remember,	   e->watch };

	c->sections++;
	for (unsigned i = 0; i < sizeof(root) / sizeof(root[0]); i++)
		if (!reach_visit(c, root[i], is_no_measure, NULL))
			e->constants.flags |= EVENT_MEASURES;
}

void reach_service(struct compiler *c, struct policy_service *s)
{
	s->environment = expr_new(&c->heap, NODE_LIST, 0, s->at);
	walk(c, s->scope.consent, note_consent, s);
	s->asks_files = !walk(c, s->scope.consent, is_no_file, NULL);
	c->sections++;
	/* Drainers ask again: they need to know all that the rules know. */
	if (s->asks_files)
		reach_visit(c, s->scope.consent, note_need, s);
	for (unsigned i = 0; i < s->events; i++)
		walk_event(c, &s->event[i], s);
	for (unsigned i = 0; i < s->events; i++)
		note_measures(c, &s->event[i]);
}

static bool is_live(const struct policy_destination *d)
{
	return expr_constant(d->url) != NULL && (d->key == NULL || expr_constant(d->key) != NULL);
}

static void add_live(struct compiler *c, const struct policy_destination *d, struct expr *list,
		     bool *certain)
{
	struct expr *one = expr_new(&c->heap, NODE_LIST, 0, list->at);
	const struct expr *what;

	if (is_live(d) || !reach_is_now(c, d->url, &what) || !reach_is_now(c, d->key, &what))
		*certain = true;
	expr_add(&c->heap, one, d->url);
	expr_add(&c->heap, one, d->key);
	expr_add(&c->heap, list, one);
}

struct expr *reach_live(struct compiler *c, const struct policy_service *s)
{
	struct expr *list = expr_new(&c->heap, NODE_LIST, 0, s->at);
	bool *added = heap_take(&c->heap, c->destinations * sizeof(bool));
	bool certain = false;

	for (unsigned i = 0; i < s->events; i++) {
		const struct expr *to = s->event[i].scope.to;

		for (unsigned j = 0; j < to->count; j++) {
			unsigned number = to->operand[j]->value;

			if (!added[number])
				add_live(c, &c->destination[number], list, &certain);
			added[number] = true;
		}
	}
	return certain ? NULL : list;
}
