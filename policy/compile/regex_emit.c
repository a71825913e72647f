/*
 * From a pattern's tree to its program.
 */
#include <string.h>

#include "policy/compile/regex.h"

struct emitter {
	struct regex_step step[REGEX_STEPS_MAX];
	struct regex_range range[REGEX_RANGES_MAX];
	unsigned steps, ranges;
	unsigned work; /* also what emits nothing takes time */
	bool full;
};

#define WORK_MAX (100 * REGEX_STEPS_MAX)

static void emit(struct emitter *m, const struct regex_tree *tree);

static unsigned put(struct emitter *m, enum regex_op op, uint32_t value, unsigned other)
{
	if (m->steps == REGEX_STEPS_MAX) {
		m->full = true;
		return 0;
	}
	m->step[m->steps] = (struct regex_step){ (uint16_t)op, (uint16_t)other, value };
	return m->steps++;
}

static void emit_chars(struct emitter *m, const struct regex_set *set)
{
	if (set->ranges == 1 && set->range[0].first == set->range[0].last) {
		put(m, REGEX_CHAR, set->range[0].first, 0);
		return;
	}
	if (set->ranges > REGEX_RANGES_MAX - m->ranges) {
		m->full = true;
		return;
	}
	put(m, REGEX_CLASS, m->ranges, set->ranges);
	for (unsigned i = 0; i < set->ranges; i++)
		m->range[m->ranges++] = set->range[i];
}

/* A split whose two ways are set when they are known; lazy: the second one comes first. */
static void set_split(struct emitter *m, unsigned split, bool lazy, unsigned into, unsigned past)
{
	m->step[split].value = lazy ? past : into;
	m->step[split].other = (uint16_t)(lazy ? into : past);
}

static void emit_choice(struct emitter *m, const struct regex_tree *tree)
{
	unsigned jump[REGEX_STEPS_MAX + 1] = { 0 };
	unsigned last = tree->items - 1;

	for (unsigned i = 0; i < last && !m->full; i++) {
		unsigned split = put(m, REGEX_SPLIT, 0, 0);

		emit(m, tree->item[i]);
		jump[i] = put(m, REGEX_JUMP, 0, 0);
		set_split(m, split, false, split + 1, m->steps);
	}
	emit(m, tree->item[last]);
	for (unsigned i = 0; i < last && !m->full; i++)
		m->step[jump[i]].value = m->steps;
}

/* Can it match without a character? */
static bool is_nullable(const struct regex_tree *tree)
{
	bool all = tree->kind != REGEX_TREE_CHOICE;

	if (tree->kind == REGEX_TREE_CHARS)
		return false;
	if (tree->kind == REGEX_TREE_REPEAT && tree->least == 0)
		return true;
	for (unsigned i = 0; i < tree->items; i++) {
		if (is_nullable(tree->item[i]) != all)
			return !all;
	}
	return all;
}

/* Once or more: the body, and back to it. */
static void emit_loop(struct emitter *m, const struct regex_tree *tree)
{
	unsigned body = m->steps;
	unsigned split;

	emit(m, tree->item[0]);
	split = put(m, REGEX_SPLIT, 0, 0);
	set_split(m, split, tree->lazy, body, m->steps);
}

/* Any number of times. A body that can be empty is entered first: (a*)* as Perl and Python have it.
 */
static void emit_any(struct emitter *m, const struct regex_tree *tree)
{
	unsigned split = put(m, REGEX_SPLIT, 0, 0);

	if (is_nullable(tree->item[0])) {
		emit_loop(m, tree);
	} else {
		emit(m, tree->item[0]);
		put(m, REGEX_JUMP, split, 0);
	}
	set_split(m, split, tree->lazy, split + 1, m->steps);
}

/* x{2,4} is xx(x(x)?)? */
static void emit_optional(struct emitter *m, const struct regex_tree *tree)
{
	unsigned split[REGEX_STEPS_MAX + 1];
	unsigned count = 0;

	for (unsigned i = tree->least; i < tree->most && !m->full; i++) {
		split[count++] = put(m, REGEX_SPLIT, 0, 0);
		emit(m, tree->item[0]);
	}
	for (unsigned i = 0; i < count && !m->full; i++)
		set_split(m, split[i], tree->lazy, split[i] + 1, m->steps);
}

static void emit_repeat(struct emitter *m, const struct regex_tree *tree)
{
	bool endless = tree->most == REGEX_ENDLESS;
	unsigned copies = tree->least - (endless && tree->least > 0);

	for (unsigned i = 0; i < copies && !m->full; i++)
		emit(m, tree->item[0]);
	if (!endless)
		emit_optional(m, tree);
	else if (tree->least > 0)
		emit_loop(m, tree);
	else
		emit_any(m, tree);
}

static void emit(struct emitter *m, const struct regex_tree *tree)
{
	m->full |= ++m->work > WORK_MAX;
	if (m->full)
		return;
	if (tree->kind == REGEX_TREE_GROUP && tree->first)
		put(m, REGEX_OPEN, 0, 0);
	switch (tree->kind) {
	case REGEX_TREE_CHARS:
		emit_chars(m, &tree->set);
		break;
	case REGEX_TREE_ASSERT:
		put(m, tree->op, 0, 0);
		break;
	case REGEX_TREE_CHOICE:
		emit_choice(m, tree);
		break;
	case REGEX_TREE_REPEAT:
		emit_repeat(m, tree);
		break;
	default:
		for (unsigned i = 0; i < tree->items; i++)
			emit(m, tree->item[i]);
		break;
	}
	if (tree->kind == REGEX_TREE_GROUP && tree->first)
		put(m, REGEX_CLOSE, 0, 0);
}

struct expr *regex_emit(struct compiler *c, const struct yaml *y, const struct regex_tree *tree)
{
	struct emitter m = { .steps = 0 };
	struct regex_head head = { 0 };
	struct expr *e;
	char *bytes;
	size_t steps, ranges;

	if (tree != NULL)
		emit(&m, tree);
	put(&m, REGEX_MATCH, 0, 0);
	if (m.full)
		diagnose(&c->d, y->at,
			 "the pattern '%.80s' is too large: its repetitions written out have more "
			 "than %d steps",
			 y->text, REGEX_STEPS_MAX);
	steps = m.steps * sizeof(*m.step);
	ranges = m.ranges * sizeof(*m.range);
	head.steps = (uint16_t)m.steps;
	head.ranges = (uint16_t)m.ranges;
	bytes = heap_take(&c->heap, sizeof(head) + steps + ranges + 1);
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), m.step, steps);
	memcpy(bytes + sizeof(head) + steps, m.range, ranges);
	e = expr_new(&c->heap, NODE_REGEX, (uint32_t)(sizeof(head) + steps + ranges), y->at);
	e->text = bytes;
	return e;
}

struct expr *regex_of(struct compiler *c, const struct yaml *y)
{
	const char *text;

	if (!scalar_text(c, y, &text))
		return regex_emit(c, y, NULL);
	if (strlen(text) > REGEX_TEXT_MAX) {
		diagnose(&c->d, y->at, "a pattern has at most %d bytes", REGEX_TEXT_MAX);
		return regex_emit(c, y, NULL);
	}
	return regex_emit(c, y, regex_parse(c, y));
}
