/*
 * From triggers and measures to the `calls` section: one entry a symbol, with what is to be done at
 * its calls side by side, and the places of the counters.
 */
#include <string.h>

#include "base/checksum.h"
#include "policy/compile/calls.h"

static const struct {
	uint32_t narrow, wide;
} words[] = {
#define MEASURE(name, text, narrow, wide, about) { narrow, wide },
#include "policy/measure_kinds.def"
#undef MEASURE
};

/* A symbol with all that the service does at its calls. */
struct hooked {
	struct policy_symbol symbol;
	struct image_action *action;
	unsigned actions;
	uint32_t needs, floats;
};

struct layout {
	struct compiler *c;
	struct policy_service *service;
	struct hooked *hooked;
	unsigned count;
	struct image_test *test;
	unsigned tests;
	uint32_t *capture;
	unsigned captures;
	struct image_gate *gate;
	unsigned gates;
	uint32_t wide; /* the next word's offset */
	uint32_t events;
};

static bool same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool same_prototype(const struct policy_symbol *a, const struct policy_symbol *b)
{
	if (a->result != b->result || a->parameters != b->parameters || a->variadic != b->variadic)
		return false;
	for (unsigned i = 0; i < a->parameters; i++) {
		if (a->parameter[i].kind != b->parameter[i].kind)
			return false;
	}
	return true;
}

/* The entry of a symbol; what one of several mentions knows of it holds for all. */
static struct hooked *find(struct layout *l, const struct policy_symbol *s)
{
	struct hooked *h;

	for (unsigned i = 0; i < l->count; i++) {
		h = &l->hooked[i];
		if (!same_text(h->symbol.name, s->name) ||
		    !same_text(h->symbol.version, s->version) ||
		    !same_text(h->symbol.object, s->object))
			continue;
		if (!s->prototype)
			return h;
		if (h->symbol.prototype && !same_prototype(&h->symbol, s))
			diagnose(&l->c->d, s->at, "'%.60s' has another prototype on line %u",
				 s->name, h->symbol.at.line);
		h->symbol = h->symbol.prototype ? h->symbol : *s;
		return h;
	}
	l->hooked = heap_grow(&l->c->heap, l->hooked, l->count, sizeof(*h));
	h = &l->hooked[l->count++];
	memset(h, 0, sizeof(*h));
	h->symbol = *s;
	return h;
}

/* The program of a condition, forward: the last test was made first. */
static uint32_t add_tests(struct layout *l, const struct policy_symbol *s, const struct expr *e)
{
	struct call_tests t = { .heap = &l->c->heap, .symbol = s };
	uint32_t first, base = l->tests;

	if (e == NULL)
		return CALL_ACCEPT;
	first = call_tests_add(&t, e, CALL_ACCEPT, CALL_REJECT);
	for (unsigned i = t.count; i > 0; i--) {
		struct image_test test = t.test[i - 1];

		if (test.on_true < CALL_REJECT)
			test.on_true = base + t.count - 1 - test.on_true;
		if (test.on_false < CALL_REJECT)
			test.on_false = base + t.count - 1 - test.on_false;
		l->test = heap_grow(&l->c->heap, l->test, l->tests, sizeof(test));
		l->test[l->tests++] = test;
	}
	return first < CALL_REJECT ? base + t.count - 1 - first : first;
}

/* What the tests from there on look at. */
static uint32_t needs_of_tests(const struct layout *l, uint32_t from)
{
	uint32_t needs = 0;

	for (uint32_t i = from; i < l->tests; i++)
		needs |= calls_needs(l->test[i].source);
	return needs;
}

static bool is_float_place(const struct policy_symbol *s, uint32_t source)
{
	unsigned place = CALL_KEY_PLACE(source);

	return source < CALL_SOURCE_RESULT && place >= 1 && place <= s->parameters &&
	       (s->parameter[place - 1].kind == CALL_FLOAT ||
		s->parameter[place - 1].kind == CALL_FLOAT32);
}

static void add_action(struct layout *l, struct hooked *h, const struct image_action *action)
{
	h->action = heap_grow(&l->c->heap, h->action, h->actions, sizeof(*action));
	h->action[h->actions++] = *action;
	h->needs |= action->needs;
	if (is_float_place(&h->symbol, action->source))
		h->needs |= CALL_NEEDS_FLOATS;
	for (uint32_t i = 0; i < action->captures; i++) {
		if (is_float_place(&h->symbol, l->capture[action->capture + i]))
			h->needs |= CALL_NEEDS_FLOATS;
	}
	for (uint32_t i = action->test; i < l->tests; i++) {
		if (is_float_place(&h->symbol, l->test[i].source))
			h->needs |= CALL_NEEDS_FLOATS;
	}
}

static void add_measure(struct layout *l, struct policy_measure *m)
{
	for (unsigned i = 0; i < m->calls.symbols; i++) {
		struct hooked *h = find(l, &m->calls.symbol[i]);
		struct image_action action = { .kind = m->kind,
					       .narrow = m->place.narrow,
					       .wide = m->place.wide,
					       .source = m->source,
					       .needs = calls_needs(m->source) };
		uint32_t tests = l->tests;

		action.test = add_tests(l, &h->symbol, m->tested);
		action.needs |= needs_of_tests(l, tests);
		add_action(l, h, &action);
	}
}

static void place_measures(struct layout *l, uint32_t *narrow)
{
	for (unsigned i = 0; i < l->service->measures; i++) {
		struct policy_measure *m = &l->service->measure[i];

		m->place.kind = m->kind;
		m->place.flags = m->flags;
		m->place.narrow = *narrow;
		*narrow += 8 * words[m->kind].narrow;
	}
}

/* Behind the shards. */
static void place_wide(struct layout *l)
{
	for (unsigned i = 0; i < l->service->measures; i++) {
		struct policy_measure *m = &l->service->measure[i];

		m->place.wide = l->wide;
		l->wide += 8 * words[m->kind].wide;
	}
}

static uint32_t add_gate(struct layout *l, const struct image_gate *gate)
{
	l->gate = heap_grow(&l->c->heap, l->gate, l->gates, sizeof(*gate));
	l->gate[l->gates] = *gate;
	l->gate[l->gates].word = l->wide;
	l->wide += 8;
	return l->gates++;
}

/* The limit is one for all triggers of the event: its gate has one word, however often it stands
 * there. */
static void add_gates(struct layout *l, const struct policy_calls *calls,
		      const struct image_event *rule, uint32_t *limit_word,
		      struct image_action *action)
{
	action->gate = l->gates;
	for (unsigned i = 0; i < calls->gates; i++)
		add_gate(l, &calls->gate[i]);
	if (rule->limit_ns != 0) {
		struct image_gate limit = { .kind = GATE_LIMIT,
					    .number = rule->limit,
					    .period_ns = rule->limit_ns };
		uint32_t added = add_gate(l, &limit);

		if (*limit_word != 0) {
			l->gate[added].word = *limit_word;
			l->wide -= 8;
		}
		*limit_word = l->gate[added].word;
	}
	action->gates = l->gates - action->gate;
}

static void add_event(struct layout *l, const struct policy_event *e, uint32_t number)
{
	uint32_t capture = l->captures, limit_word = 0;

	for (unsigned i = 0; i < e->captures; i++) {
		l->capture = heap_grow(&l->c->heap, l->capture, l->captures, sizeof(uint32_t));
		l->capture[l->captures++] = e->capture[i];
	}
	for (unsigned i = 0; i < e->call_triggers; i++) {
		struct image_action action = { .kind = ACTION_EVENT,
					       .event = number,
					       .capture = capture,
					       .captures = e->captures,
					       .record = e->record,
					       .flags = e->decided ? ACTION_DECIDED : 0 };

		add_gates(l, &e->calls[i], &e->constants, &limit_word, &action);
		for (unsigned j = 0; j < e->calls[i].symbols; j++) {
			struct hooked *h = find(l, &e->calls[i].symbol[j]);
			uint32_t tests = l->tests;

			action.test = add_tests(l, &h->symbol, e->decided ? e->condition : NULL);
			action.needs = e->record | needs_of_tests(l, tests);
			add_action(l, h, &action);
			l->events++;
		}
	}
}

static uint32_t write_text(struct section_writer *w, const char *text)
{
	uint32_t bytes = text != NULL ? (uint32_t)strlen(text) + 1 : 0;
	uint32_t at = bytes != 0 ? section_reserve(w, bytes) : 0;

	if (bytes != 0)
		memcpy(w->bytes + at, text, bytes);
	return at;
}

static struct image_table write_table(struct section_writer *w, const void *rows, unsigned count,
				      size_t size)
{
	struct image_table table = { section_reserve(w, count * (uint32_t)size), count };

	if (count > 0)
		memcpy(w->bytes + table.offset, rows, count * size);
	return table;
}

static uint32_t floats_of(const struct policy_symbol *s)
{
	uint32_t floats = 0;

	for (unsigned i = 0; i < s->parameters; i++)
		floats |= (uint32_t)is_float_place(s, CALL_KEY(i + 1, CALL_INT, 0)) << i;
	return floats;
}

static void write_calls(struct layout *l, struct section_writer *w, struct image_calls *h)
{
	struct image_call *call = heap_take(&l->c->heap, (l->count + 1) * sizeof(*call));
	uint32_t actions = 0;

	h->call = write_table(w, call, l->count, sizeof(*call));
	for (unsigned i = 0; i < l->count; i++) {
		const struct policy_symbol *s = &l->hooked[i].symbol;

		call[i] = (struct image_call){ .name = write_text(w, s->name),
					       .version = write_text(w, s->version),
					       .object = write_text(w, s->object),
					       .action = actions,
					       .actions = l->hooked[i].actions,
					       .flags = l->hooked[i].needs,
					       .parameters = s->prototype && !s->variadic
								     ? s->parameters
								     : CALL_PARAMETERS_UNKNOWN,
					       .result = s->result,
					       .floats = floats_of(s) };
		actions += l->hooked[i].actions;
	}
	memcpy(w->bytes + h->call.offset, call, l->count * sizeof(*call));
	h->action = write_table(w, NULL, 0, 0);
	for (unsigned i = 0; i < l->count; i++)
		write_table(w, l->hooked[i].action, l->hooked[i].actions,
			    sizeof(struct image_action));
	h->action.count = actions;
}

static struct section_writer *write(struct layout *l, uint32_t number, uint32_t stride)
{
	struct section_writer *w = heap_take(&l->c->heap, sizeof(*w));
	struct image_calls h = {
		.service = number, .stride = stride, .counter_bytes = l->wide, .events = l->events
	};

	section_begin(w, &l->c->heap, ++l->c->sections, sizeof(h));
	write_calls(l, w, &h);
	h.test = write_table(w, l->test, l->tests, sizeof(*l->test));
	h.gate = write_table(w, l->gate, l->gates, sizeof(*l->gate));
	h.capture = write_table(w, l->capture, l->captures, sizeof(*l->capture));
	section_reserve(w, 8); /* its last byte is a NUL */
	h.bytes = w->used;
	memcpy(w->bytes, &h, sizeof(h));
	h.check = checksum(w->bytes + sizeof(h.check), h.bytes - sizeof(h.check), number);
	memcpy(w->bytes, &h, sizeof(h));
	return w;
}

static void check_sizes(struct layout *l, const struct section_writer *w)
{
	const struct policy_service *s = l->service;

	if (l->count > CALLS_MAX)
		diagnose(&l->c->d, s->at, "the service '%.60s' names %u functions, at most %u",
			 s->name, l->count, CALLS_MAX);
	else if (w->used > CALLS_BYTES_MAX)
		diagnose(&l->c->d, s->at,
			 "what the service '%.60s' does at calls takes %u bytes, at most %u fit",
			 s->name, w->used, CALLS_BYTES_MAX);
	if (l->wide > MEASURE_BYTES_MAX)
		diagnose(&l->c->d, s->at,
			 "the measures of '%.60s' take %u bytes, at most %u fit: a histogram takes "
			 "%u, a sum 256, a count 128",
			 s->name, l->wide, MEASURE_BYTES_MAX,
			 8 * words[MEASURE_HISTOGRAM].wide + 128);
}

static void list_names(struct layout *l)
{
	struct policy_service *s = l->service;

	s->call_names = expr_new(&l->c->heap, NODE_LIST, 0, s->at);
	for (unsigned i = 0; i < l->count; i++)
		expr_add(&l->c->heap, s->call_names,
			 expr_text(&l->c->heap, NODE_TEXT, l->hooked[i].symbol.name, s->at));
}

struct section_writer *call_layout(struct compiler *c, struct policy_service *s, uint32_t number,
				   uint32_t first_event)
{
	struct layout l = { .c = c, .service = s };
	uint32_t narrow = MEASURE_FIRST, stride = MEASURE_STRIDE_MIN;
	struct section_writer *w;

	place_measures(&l, &narrow);
	while (stride < narrow)
		stride *= 2;
	l.wide = MEASURE_SHARDS * stride;
	place_wide(&l);
	for (unsigned i = 0; i < s->measures; i++)
		add_measure(&l, &s->measure[i]);
	for (unsigned i = 0; i < s->events; i++)
		add_event(&l, &s->event[i], first_event + i);
	if (l.count == 0)
		return NULL;
	w = write(&l, number, stride);
	check_sizes(&l, w);
	list_names(&l);
	s->stride = stride;
	s->counter_bytes = l.wide;
	s->ring = l.events > 0;
	return w;
}
