/*
 * The matcher: two lists of threads, those at this character and those at the next, each step in a
 * list at most once. A list's order is the order of preference.
 */
#include "policy/regex.h"

#include <errno.h>
#include <string.h>

struct thread {
	uint32_t step;
	struct {
		uint32_t from, group_from, group_to;
	} at;
};

/* A step to go on with, or what OPEN and CLOSE changed, to be put back. */
struct todo {
	uint32_t step;
	uint32_t old;
};
#define TODO_GROUP_FROM 0x80000000u
#define TODO_GROUP_TO	0x80000001u

struct list {
	struct thread *thread;
	uint32_t count;
};

struct machine {
	const struct regex *r;
	const char *text;
	uint32_t length;
	struct list now, next;
	uint32_t *mark; /* the last generation that came by the step */
	uint32_t generation;
	struct todo *todo;
	uint32_t *budget;
};

static bool step_is_sound(const struct regex *r, uint32_t number)
{
	const struct regex_step *s = &r->step[number];

	switch (s->op) {
	case REGEX_SPLIT:
		return s->value < r->steps && s->other < r->steps;
	case REGEX_JUMP:
		return s->value < r->steps;
	case REGEX_MATCH:
		return true;
	case REGEX_CLASS:
		if (s->value > r->ranges || s->other > r->ranges - s->value)
			return false;
		break;
	default:
		break;
	}
	return s->op < REGEX_OPS && number + 1 < r->steps;
}

int regex_open(struct regex *r, const void *bytes, size_t length)
{
	struct regex_head head;

	if (length < sizeof(head))
		return -EBADMSG;
	memcpy(&head, bytes, sizeof(head));
	if (head.steps == 0 || head.steps > REGEX_STEPS_MAX || head.ranges > REGEX_RANGES_MAX ||
	    length != sizeof(head) + head.steps * sizeof(struct regex_step) +
			      head.ranges * sizeof(struct regex_range))
		return -EBADMSG;
	r->step = (const void *)((const uint8_t *)bytes + sizeof(head));
	r->range = (const void *)(r->step + head.steps);
	r->steps = head.steps;
	r->ranges = head.ranges;
	r->grouped = false;
	for (uint32_t i = 0; i < r->steps; i++) {
		if (!step_is_sound(r, i))
			return -EBADMSG;
		r->grouped |= r->step[i].op == REGEX_OPEN;
	}
	return 0;
}

size_t regex_memory(const struct regex *r)
{
	/* Every step visited leaves at most one more on the stack than it took. */
	return 2 * r->steps * sizeof(struct thread) + (r->steps + 1) * sizeof(struct todo) +
	       r->steps * sizeof(uint32_t);
}

unsigned regex_character(const char *p, const char *end, uint32_t *into)
{
	const uint8_t *b = (const uint8_t *)p;
	unsigned bytes = b[0] < 0x80 ? 1 : b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 : b[0] < 0xf0 ? 3 : 4;
	uint32_t c;

	*into = b[0] < 0x80 ? b[0] : REGEX_BYTE + b[0];
	if (bytes < 2 || b[0] > 0xf4 || (size_t)(end - p) < bytes)
		return 1;
	c = b[0] & (0xffu >> (bytes + 1));
	for (unsigned i = 1; i < bytes; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (b[i] & 0x3f);
	}
	if ((bytes == 3 && c < 0x800) || (bytes == 4 && (c < 0x10000 || c > 0x10ffff)) ||
	    (c >= 0xd800 && c < 0xe000))
		return 1;
	*into = c;
	return bytes;
}

static bool is_word(const struct machine *m, uint32_t at)
{
	char c = at < m->length ? m->text[at] : ' ';

	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_';
}

static bool holds(const struct machine *m, unsigned op, uint32_t at)
{
	switch (op) {
	case REGEX_BEGIN:
		return at == 0;
	case REGEX_END:
		return at == m->length || (at + 1 == m->length && m->text[at] == '\n');
	default:
		return (is_word(m, at) != (at > 0 && is_word(m, at - 1))) == (op == REGEX_WORD);
	}
}

static uint32_t *group_end(struct thread *t, uint32_t which)
{
	return which == TODO_GROUP_FROM ? &t->at.group_from : &t->at.group_to;
}

/* OPEN or CLOSE: what the group was stays for the ways that do not lead through here. */
static unsigned set_group(struct machine *m, struct thread *t, unsigned todo, uint32_t at)
{
	uint32_t which = m->r->step[t->step].op == REGEX_OPEN ? TODO_GROUP_FROM : TODO_GROUP_TO;

	m->todo[todo++] = (struct todo){ which, *group_end(t, which) };
	*group_end(t, which) = at;
	m->todo[todo++] = (struct todo){ t->step + 1, 0 };
	return todo;
}

/* What comes of the thread at this step without a character; the new height of the stack. */
static unsigned follow(struct machine *m, struct list *list, struct thread *t, unsigned todo,
		       uint32_t at)
{
	const struct regex_step *s = &m->r->step[t->step];

	switch (s->op) {
	case REGEX_CHAR:
	case REGEX_CLASS:
	case REGEX_MATCH:
		list->thread[list->count++] = *t;
		break;
	case REGEX_SPLIT:
		m->todo[todo++] = (struct todo){ s->other, 0 };
		m->todo[todo++] = (struct todo){ s->value, 0 };
		break;
	case REGEX_JUMP:
		m->todo[todo++] = (struct todo){ s->value, 0 };
		break;
	case REGEX_OPEN:
	case REGEX_CLOSE:
		return set_group(m, t, todo, at);
	default:
		if (holds(m, s->op, at))
			m->todo[todo++] = (struct todo){ t->step + 1, 0 };
		break;
	}
	return todo;
}

/* The thread, and all that it becomes without a character, into the list for the place `at`. */
static void add(struct machine *m, struct list *list, struct thread t, uint32_t at)
{
	unsigned todo = 0;

	m->todo[todo++] = (struct todo){ t.step, 0 };
	while (todo > 0 && *m->budget > 0) {
		struct todo one = m->todo[--todo];

		if (one.step >= TODO_GROUP_FROM) {
			*group_end(&t, one.step) = one.old;
			continue;
		}
		if (m->mark[one.step] == m->generation)
			continue;
		m->mark[one.step] = m->generation;
		--*m->budget;
		t.step = one.step;
		todo = follow(m, list, &t, todo, at);
	}
}

static bool accepts(const struct machine *m, const struct regex_step *s, uint32_t c)
{
	if (s->op == REGEX_CHAR)
		return s->value == c;
	for (uint32_t i = 0; i < s->other; i++) {
		const struct regex_range *range = &m->r->range[s->value + i];

		if (c >= range->first && c <= range->last)
			return true;
	}
	return false;
}

/* A damaged program may leave a group that ends before it begins. */
static struct regex_match match_of(const struct machine *m, const struct thread *t, uint32_t at)
{
	bool took_part = t->at.group_from <= t->at.group_to;

	return (struct regex_match){ .from = t->at.from,
				     .to = at,
				     .grouped = m->r->grouped,
				     .group_from = took_part ? t->at.group_from : REGEX_NONE,
				     .group_to = took_part ? t->at.group_to : REGEX_NONE };
}

/* All threads over one character of so many bytes, 0 at the end. Who matches ends those behind. */
static bool advance(struct machine *m, uint32_t at, struct regex_match *into)
{
	uint32_t c = 0;
	unsigned bytes = 0;

	if (at < m->length)
		bytes = regex_character(m->text + at, m->text + m->length, &c);
	m->next.count = 0;
	m->generation++;
	for (uint32_t i = 0; i < m->now.count; i++) {
		struct thread t = m->now.thread[i];
		const struct regex_step *s = &m->r->step[t.step];

		if (s->op == REGEX_MATCH) {
			*into = match_of(m, &t, at);
			return true;
		}
		if (bytes != 0 && accepts(m, s, c)) {
			t.step++;
			add(m, &m->next, t, at + bytes);
		}
	}
	return false;
}

static void prepare(struct machine *m, uint8_t *memory)
{
	size_t lists = m->r->steps * sizeof(struct thread);

	m->now.thread = (void *)memory;
	m->next.thread = (void *)(memory + lists);
	m->todo = (void *)(memory + 2 * lists);
	m->mark = (void *)(m->todo + m->r->steps + 1);
	memset(m->mark, 0, m->r->steps * sizeof(*m->mark));
	m->generation = 1;
}

int regex_find(const struct regex *r, const char *text, uint32_t length, uint32_t from,
	       void *memory, uint32_t *budget, struct regex_match *into)
{
	struct machine m = { .r = r, .text = text, .length = length, .budget = budget };
	struct regex_match found;
	bool any = false;

	prepare(&m, memory);
	for (uint32_t at = from; *budget > 0;) {
		struct thread first = { 0, { at, REGEX_NONE, REGEX_NONE } };
		struct list passed;
		uint32_t c;

		if (!any)
			add(&m, &m.now, first, at);
		any |= advance(&m, at, &found);
		if ((any && into == NULL) || at == length || (any && m.next.count == 0))
			break;
		at += regex_character(text + at, text + length, &c);
		passed = m.now;
		m.now = m.next;
		m.next = passed;
	}
	if (*budget == 0)
		return -E2BIG;
	if (any && into != NULL)
		*into = found;
	return any;
}
