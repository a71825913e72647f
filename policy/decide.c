/*
 * The decision: candidates by name, then in file order match, consent, destination. Runs once, in a
 * constructor or in the launcher; a service that can not be judged is not measured.
 */
#include "policy/decide.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "policy/decided.h"
#include "policy/image_file.h"
#include "policy/match.h"
#include "policy/subject_world.h"

struct candidates {
	struct image_index *entry; /* in the arena */
	unsigned count, room;
	bool damaged;
};

static void explain(struct text *detail, const char *what, const char *name)
{
	if (detail == NULL)
		return;
	text_clear(detail);
	text_add(detail, what);
	text_add(detail, name);
}

/* Keeps the file order, which is the order of the services' numbers. */
static void insert(struct candidates *c, const struct image_index *entry)
{
	unsigned at = c->count;

	while (at > 0 && c->entry[at - 1].service > entry->service)
		at--;
	if (c->count == c->room || (at > 0 && c->entry[at - 1].service == entry->service))
		return;
	memmove(&c->entry[at + 1], &c->entry[at], (c->count - at) * sizeof(c->entry[0]));
	c->entry[at] = *entry;
	c->count++;
}

static void find_candidates(const struct image_file *f, const char *services, struct arena *arena,
			    struct candidates *c)
{
	size_t mark = arena->used;

	for (const char *name = services; *name != '\0';) {
		size_t length = strcspn(name, ",");
		struct image_index entry;
		int found = image_file_find(f, name, length, arena, &entry);

		arena->used = mark;
		if (found == 0)
			insert(c, &entry);
		else if (found != -ENOENT)
			c->damaged = true;
		name += length + (name[length] == ',');
	}
}

/* Names in BOOKEND_SERVICE, as many as a decision looks at. */
static unsigned count_names(const char *services)
{
	unsigned names = 1;

	for (const char *at = services; *at != '\0' && names < DECIDE_SERVICES; at++)
		names += *at == ',';
	return names;
}

static bool named(const char *services, const char *wanted)
{
	size_t wanted_length = strlen(wanted);

	for (const char *name = services; *name != '\0';) {
		size_t length = strcspn(name, ",");

		if (length == wanted_length && memcmp(name, wanted, length) == 0)
			return true;
		name += length + (name[length] == ',');
	}
	return false;
}

static enum reason judge_match(const struct section *now, const struct subject *subject)
{
	const struct image_now *h = (const void *)now->bytes;
	const struct image_node *rules;

	if (h->match == 0)
		return subject->stands_alone(subject) ? REASON_MEASURED : REASON_CHILD;
	rules = node_of(now, h->match, NODE_LIST);
	if (rules == NULL)
		return REASON_IMAGE_BAD;
	return match_holds(now, rules, subject) ? REASON_MEASURED : REASON_NO_MATCH;
}

static void explain_rule(struct text *detail, unsigned rule, const char *what)
{
	explain(detail, "consent rule ", "");
	if (detail == NULL)
		return;
	text_add_unsigned(detail, rule);
	text_add(detail, what);
}

/* The part of a list, all:, any: or not: that can not be evaluated; 0: it is none of these. */
static uint32_t part_unknown(struct eval *e, const struct image_node *node)
{
	if (node->op != NODE_ALL && node->op != NODE_ANY && node->op != NODE_NOT)
		return 0;
	for (unsigned i = 0; i < node->count; i++)
		if (eval_condition(e, node->operand[i]) == TRUTH_UNKNOWN)
			return node->operand[i];
	return 0;
}

/* What such a condition looks at: a variable, an option or a file; "" when it is something else. */
static const char *asked_in_vain(struct eval *e, uint32_t condition)
{
	const struct image_node *node = node_at(&e->section, condition);

	for (unsigned i = 0; node != NULL && i < EVAL_DEPTH; i++) {
		uint32_t part = part_unknown(e, node);

		if (node->op == NODE_ENV || node->op == NODE_OPTION || node->op == NODE_FLAG ||
		    node->op == NODE_FILE)
			return node_text(node_operand(&e->section, node, 0));
		if (part == 0 && (node_carries_bytes(node->op) || node->count == 0))
			break;
		node = node_at(&e->section, part != 0 ? part : node->operand[0]);
	}
	return "";
}

/* Far from what every start runs (shim/order.txt), like what it calls. */
static __attribute__((noinline)) void explain_unknown(struct eval *e, const struct image_node *rule,
						      unsigned number, struct text *detail)
{
	const char *asked;

	explain_rule(detail, number, " can not be evaluated");
	if (detail == NULL)
		return;
	asked = rule != NULL && rule->count == 1 ? asked_in_vain(e, rule->operand[0]) : "";
	text_add(detail, asked[0] != '\0' ? " (" : "");
	text_add(detail, asked);
	text_add(detail, asked[0] != '\0' ? "): denied" : ": denied");
}

/* The first rule that holds decides. None, or one that can not be evaluated: no. */
static enum reason judge_consent(struct eval *e, uint32_t consent, struct text *detail)
{
	const struct image_node *rules = node_of(&e->section, consent, NODE_LIST);

	for (unsigned i = 0; rules != NULL && i < rules->count; i++) {
		const struct image_node *rule = node_operand(&e->section, rules, i);
		enum truth truth = rule != NULL && rule->count == 1
					   ? eval_condition(e, rule->operand[0])
					   : TRUTH_UNKNOWN;

		if (truth == TRUTH_FALSE)
			continue;
		if (truth == TRUTH_TRUE && rule->op == NODE_ALLOW) {
			explain_rule(detail, i + 1, " allows");
			return REASON_MEASURED;
		}
		if (truth == TRUTH_TRUE)
			explain_rule(detail, i + 1, " denies");
		else
			explain_unknown(e, rule, i + 1, detail);
		return REASON_NO_CONSENT;
	}
	explain(detail, "no consent rule holds: denied", "");
	return REASON_NO_CONSENT;
}

static bool is_something(struct eval *e, uint32_t source)
{
	const char *text = eval_scalar(e, source);

	return text != NULL && text[0] != '\0';
}

static enum reason judge_live(struct eval *e, uint32_t live)
{
	const struct image_node *list = node_of(&e->section, live, NODE_LIST);

	if (live == 0)
		return REASON_MEASURED;
	for (unsigned i = 0; list != NULL && i < list->count; i++) {
		const struct image_node *one = node_operand(&e->section, list, i);

		if (one != NULL && one->op == NODE_LIST && one->count == 2 &&
		    is_something(e, one->operand[0]) &&
		    (one->operand[1] == 0 || is_something(e, one->operand[1])))
			return REASON_MEASURED;
	}
	return REASON_NO_DESTINATION;
}

static void explain_match(struct text *detail, const struct subject *subject)
{
	if (detail == NULL)
		return;
	text_add(detail, " is not ");
	text_add(detail, subject->exe != NULL ? subject->exe : "?");
}

static enum reason judge(const struct image_file *f, const struct image_index *entry,
			 const char *services, const struct subject *subject, struct arena *arena,
			 struct decided *decided, struct text *detail)
{
	const struct image_now *h;
	struct section now;
	struct eval e;
	enum reason reason;

	if (image_file_now(f, entry, arena, &now) != 0)
		return REASON_IMAGE_BAD;
	h = (const void *)now.bytes;
	/* Another service's name may have the same hash. */
	if (!named(services, node_text_at(&now, h->name)))
		return REASON_NO_MATCH;
	decided->now = now;
	explain(detail, "service ", node_text_at(&now, h->name));
	reason = subject->any ? REASON_MEASURED : judge_match(&now, subject);
	if (reason != REASON_MEASURED) {
		explain_match(detail, subject);
		return reason;
	}
	subject_world_init(&e, subject, &now, arena);
	reason = judge_consent(&e, h->consent, detail);
	return reason != REASON_MEASURED ? reason : judge_live(&e, h->live);
}

/* The first service that names the program in a `child` trigger and runs above it. */
static void find_child(const struct image_file *f, const struct candidates *c, const char *services,
		       const struct subject *subject, struct arena *arena, struct decided *decided)
{
	for (unsigned i = 0; i < c->count; i++) {
		const struct image_now *h;
		struct section now;
		size_t mark = arena->used;

		if (image_file_now(f, &c->entry[i], arena, &now) != 0)
			return;
		h = (const void *)now.bytes;
		if (named(services, node_text_at(&now, h->name)) &&
		    match_child(&now, node_of(&now, h->children, NODE_LIST), subject) != NULL &&
		    subject->runs_under(subject, h->service, f->header->hash)) {
			decided->child = now;
			return;
		}
		arena->used = mark;
	}
}

static void fill(struct decision *into, const struct image_file *f, struct decided *decided,
		 const struct subject *subject)
{
	const struct image_now *h = (const void *)decided->now.bytes;
	const struct image_now *child = (const void *)decided->child.bytes;
	bool only_child = decided->now.bytes == decided->child.bytes;
	bool truncated;

	into->child = child != NULL;
	into->child_of = child != NULL ? child->service : 0;

	into->service = h->service;
	into->name = node_text_at(&decided->now, h->name);
	memcpy(into->image, f->header->hash, sizeof(into->image));
	if (!only_child) {
		into->ring_bytes = h->ring_bytes;
		into->counter_bytes = h->counter_bytes;
		into->calls_bytes = h->calls_bytes;
	}
	into->command = only_child || (h->flags & NOW_COMMAND) != 0;
	into->helper = !only_child && (h->flags & NOW_HELPER) != 0;
	into->thread = !only_child && (h->flags & NOW_THREAD) != 0;
	into->workers = !only_child && (h->flags & NOW_WORKERS) != 0;
	into->exit_ms = h->exit_ms;
	into->stays = h->ring_bytes != 0 || into->workers || (h->flags & NOW_TICKS) != 0;
	into->frames = (h->capture & CAPTURE_FRAMES) != 0;
	into->tool = f->header->tool;
	into->internal = decided;
	/* A command's fits a cell or is cut; only a service's is worth counting beforehand. */
	into->payload_bytes = into->command ? DECIDED_COMMAND_MAX
					    : policy_snapshot(into, subject, NULL,
							      DECIDED_SERVICE_MAX, &truncated);
}

static enum reason judge_all(const struct image_file *f, const char *services,
			     const struct subject *subject, struct arena *arena,
			     struct decision *into, struct text *detail)
{
	struct decided *decided = arena_take(arena, sizeof(*decided));
	struct candidates c = { .room = count_names(services) };
	enum reason reason = REASON_NO_SERVICE;
	size_t mark;

	c.entry = arena_take(arena, c.room * sizeof(*c.entry));
	if (decided == NULL || c.entry == NULL)
		return REASON_IMAGE_BAD;
	*decided = (struct decided){ .path = f->path };
	find_candidates(f, services, arena, &c);
	if (c.damaged)
		return REASON_IMAGE_BAD;
	if ((f->header->flags & IMAGE_CHILDREN) != 0 && subject->runs_under != NULL)
		find_child(f, &c, services, subject, arena, decided);
	mark = arena->used;
	for (unsigned i = 0; i < c.count; i++) {
		arena->used = mark;
		reason = judge(f, &c.entry[i], services, subject, arena, decided, detail);
		if (reason == REASON_MEASURED)
			fill(into, f, decided, subject);
		if (reason != REASON_NO_MATCH && reason != REASON_CHILD)
			break;
	}
	if (reason != REASON_NO_MATCH && reason != REASON_CHILD)
		return reason;
	/* No word of its own against it. */
	into->children = (f->header->flags & IMAGE_CHILDREN) != 0;
	if (decided->child.bytes != NULL) {
		decided->now = decided->child;
		fill(into, f, decided, subject);
		explain(detail, "a child of ", into->name);
	}
	return reason;
}

enum reason policy_decide(const char *policy, const char *services, const struct subject *subject,
			  void *arena, size_t arena_bytes, struct decision *into,
			  struct text *detail)
{
	struct arena a = arena_init(arena, arena_bytes);
	struct image_file f;

	memset(into, 0, sizeof(*into));
	into->reason = image_file_open(&f, policy, subject->uid, &a);
	explain(detail, "image ", f.path != NULL ? f.path : policy);
	if (into->reason != REASON_MEASURED)
		return into->reason;
	into->reason = judge_all(&f, services, subject, &a, into, detail);
	image_file_close(&f);
	return into->reason;
}

int policy_read_calls(const struct decision *decision, uint32_t uid, struct image_calls *into)
{
	const struct decided *decided = decision->internal;

	return image_file_calls(decided->path, uid, decision->image,
				(const void *)decided->now.bytes, into);
}
