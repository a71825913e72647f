/*
 * From the nodes RUN and GET to a probe, and from what it said to a value.
 */
#include "policy/late_probe.h"

#include <string.h>

#include "policy/late_world.h"

/* The words; NULL when one of them is absent: then there is no such command. */
static const char *const *make_words(struct eval *e, const struct image_node *list)
{
	unsigned count = list != NULL ? list->count : 0;
	const char **words = arena_take(e->arena, (count + 1u) * sizeof(*words));

	if (words == NULL || count == 0)
		return NULL;
	for (unsigned i = 0; i < count; i++) {
		words[i] = eval_scalar(e, list->operand[i]);
		if (words[i] == NULL)
			return NULL;
	}
	words[count] = NULL;
	return words[0][0] != '\0' ? words : NULL;
}

static const char *make_variable(struct eval *e, uint32_t name, const char *value)
{
	struct text t = arena_text(e->arena);

	text_add(&t, node_text_at(&e->section, name));
	text_add_char(&t, '=');
	text_add(&t, value);
	return arena_keep(e->arena, &t);
}

static const char *const *make_environment(struct eval *e, const struct image_node *pairs)
{
	unsigned count = pairs != NULL ? pairs->count / 2 : 0;
	const char **variable = arena_take(e->arena, (count + 1u) * sizeof(*variable));
	unsigned used = 0;

	if (variable == NULL)
		return NULL;
	for (unsigned i = 0; i < count; i++) {
		const char *value = eval_scalar(e, pairs->operand[2 * i + 1]);

		if (value == NULL)
			continue;
		variable[used] = make_variable(e, pairs->operand[2 * i], value);
		if (variable[used++] == NULL)
			return NULL;
	}
	variable[used] = NULL;
	return variable;
}

static uint32_t small_number(const struct eval *e, const struct image_node *node, unsigned which)
{
	const struct image_node *number = node_operand(&e->section, node, which);

	return number != NULL && number->op == NODE_INTEGER ? number->value : 0;
}

/* False: something that it needs is absent. */
static bool make_probe(struct eval *e, const struct image_node *node, struct late_probe *into)
{
	const struct late_world *w = e->context;

	*into = (struct late_probe){ .timeout_ms = small_number(e, node, 2),
				     .cache = PROBE_CACHE(node->value),
				     .cache_s = small_number(e, node, 3),
				     .directory = w->snapshot.cwd,
				     .exe = w->snapshot.exe };
	if (node->count != 4)
		return false;
	if (node->op == NODE_GET) {
		into->url = eval_scalar(e, node->operand[0]);
		into->bearer = node->operand[1] != 0 ? eval_scalar(e, node->operand[1]) : NULL;
		return into->url != NULL && (node->operand[1] == 0 || into->bearer != NULL);
	}
	into->argv = make_words(e, node_of(&e->section, node->operand[0], NODE_LIST));
	into->envp = make_environment(e, node_of(&e->section, node->operand[1], NODE_OBJECT));
	return into->argv != NULL && into->envp != NULL;
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A user and a password in a URL of the line are nobody's business. */
static void add_line(struct text *t, const char *line, size_t length)
{
	const char *url = memmem(line, length, "://", 3);
	size_t head = url != NULL ? (size_t)(url - line) + 3 : length;
	size_t user = 0;
	char plain[1024];

	while (head + user < length && strchr("@/ \t", line[head + user]) == NULL)
		user++;
	if (head + user >= length || line[head + user] != '@' || length > sizeof(plain)) {
		text_add_json(t, line, length);
		return;
	}
	memcpy(plain, line, head);
	memcpy(plain + head, line + head + user + 1, length - head - user - 1);
	text_add_json(t, plain, length - user - 1);
}

struct value late_lines(struct arena *arena, const char *text)
{
	struct text t = arena_text(arena);
	char *kept;

	text_add_char(&t, '[');
	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		const char *next = text + length + (text[length] == '\n');

		while (length > 0 && is_space(text[length - 1]))
			length--;
		for (; length > 0 && is_space(*text); length--)
			text++;
		if (length > 0) {
			text_add(&t, t.length > 1 ? "," : "");
			add_line(&t, text, length);
		}
		text = next;
	}
	text_add_char(&t, ']');
	kept = arena_keep(arena, &t);
	return kept != NULL ? value_of(VALUE_JSON, kept, t.length) : value_unreadable();
}

/* What the probe says, without the newlines at its end: as a shell does with $(...). */
static const char *ask(struct eval *e, const struct late_probe *probe, size_t *length)
{
	const struct late_world *w = e->context;
	struct text t = arena_text(e->arena);
	size_t most = t.capacity - 1 < PROBE_BYTES ? t.capacity - 1 : PROBE_BYTES;
	int said = w->process->probe(w->process->probe_context, probe, t.data, most);

	if (said < 0 || (size_t)said > most || memchr(t.data, '\0', (size_t)said) != NULL)
		return NULL;
	while (said > 0 && (t.data[said - 1] == '\n' || t.data[said - 1] == '\r'))
		said--;
	t.data[said] = '\0';
	t.length = (size_t)said;
	*length = t.length;
	return arena_keep(e->arena, &t);
}

struct value late_probe(struct eval *e, const struct image_node *node)
{
	const struct late_world *w = e->context;
	struct late_probe probe;
	const char *said;
	size_t length;

	if (w->process->probe == NULL || !make_probe(e, node, &probe))
		return value_absent();
	said = ask(e, &probe, &length);
	if (said == NULL)
		return value_absent();
	switch (PROBE_FORM(node->value)) {
	case PROBE_LINES:
		return late_lines(e->arena, said);
	case PROBE_PRESENCE:
		return value_bool(length > 0);
	default:
		return value_of(VALUE_TEXT, said, length);
	}
}
