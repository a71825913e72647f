/*
 * as: another type, or another form of a time. What can not be read so is unreadable.
 */
#include <string.h>

#include "policy/text_words.h"
#include "policy/time_text.h"
#include "policy/transform.h"

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Without the space around it: output of programs ends with a line feed. */
static struct value trimmed(struct value v)
{
	while (v.length > 0 && is_space(v.text[v.length - 1]))
		v.length--;
	while (v.length > 0 && is_space(v.text[0])) {
		v.text++;
		v.length--;
	}
	return v;
}

static uint32_t digits(const struct value *v, uint32_t from)
{
	uint32_t at = from;

	while (at < v->length && v->text[at] >= '0' && v->text[at] <= '9')
		at++;
	return at - from;
}

static struct value as_int(struct eval *e, const struct value *v)
{
	bool negative = v->length > 0 && v->text[0] == '-';
	uint32_t from = negative || (v->length > 0 && v->text[0] == '+');
	uint32_t count = digits(v, from);
	uint32_t behind = from + count;
	struct text t;

	if (count == 0)
		return value_unreadable();
	if (behind < v->length && v->text[behind] == '.')
		behind += 1 + digits(v, behind + 1);
	if (behind != v->length)
		return value_unreadable();
	for (; count > 1 && v->text[from] == '0'; count--)
		from++;
	t = arena_text(e->arena);
	if (negative && !(count == 1 && v->text[from] == '0'))
		text_add_char(&t, '-');
	text_add_bytes(&t, v->text + from, count);
	return transform_kept_as(e, &t, VALUE_NUMBER);
}

static struct value as_float(struct eval *e, const struct value *v)
{
	char *copy = arena_copy(e->arena, v->text, v->length);
	double number;

	if (copy == NULL || value_read_number(copy, v->length, &number) != 0)
		return value_unreadable();
	return value_of(VALUE_NUMBER, copy, v->length);
}

static struct value as_bool(const struct value *v)
{
	bool truth;

	return value_read_bool(v->text, v->length, &truth) == 0 ? value_bool(truth)
								: value_unreadable();
}

static struct value as_time(struct eval *e, const struct value *v, uint32_t form)
{
	struct text t;
	uint64_t ns;

	if (form <= TIME_OWN || form >= TIME_COUNT || time_read(v->text, v->length, &ns) != 0)
		return value_unreadable();
	t = arena_text(e->arena);
	time_text(&t, ns, (enum time_form)form);
	return transform_kept_as(e, &t,
				 time_is_number((enum time_form)form) ? VALUE_NUMBER : VALUE_TEXT);
}

static struct value converted(struct eval *e, struct value v, uint32_t as)
{
	struct value bare = trimmed(v);

	switch (as) {
	case CONVERT_INT:
		return as_int(e, &bare);
	case CONVERT_FLOAT:
		return as_float(e, &bare);
	case CONVERT_BOOL:
		return as_bool(&bare);
	case CONVERT_TEXT:
		return v;
	default:
		return as_time(e, &bare, as - CONVERT_TIME);
	}
}

struct value transform_as(struct eval *e, const struct image_node *node)
{
	bool precise = e->precise;
	struct value v;

	e->precise = node->value >= CONVERT_TIME;
	v = transform_source(e, node);
	e->precise = precise;
	if (!value_present(&v) || v.type == VALUE_NULL)
		return v;
	if (v.type == VALUE_JSON && node->value != CONVERT_TEXT)
		return value_unreadable();
	v.type = VALUE_TEXT;
	return converted(e, v, node->value);
}
