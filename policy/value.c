/*
 * Values: reading and comparing.
 */
#include "policy/value.h"

#include <errno.h>
#include <string.h>

struct value value_of(enum value_type type, const char *text, size_t length)
{
	return (struct value){ .type = type, .text = text, .length = (uint32_t)length };
}

struct value value_absent(void)
{
	return value_of(VALUE_ABSENT, "", 0);
}

struct value value_unreadable(void)
{
	return value_of(VALUE_UNREADABLE, "", 0);
}

struct value value_bool(bool truth)
{
	return truth ? value_of(VALUE_BOOL, "true", 4) : value_of(VALUE_BOOL, "false", 5);
}

struct value value_text(const char *text)
{
	if (text == NULL || text[0] == '\0')
		return value_absent();
	return value_of(VALUE_TEXT, text, strlen(text));
}

bool value_present(const struct value *v)
{
	return v->type > VALUE_UNREADABLE;
}

static bool one_of(const char *text, size_t length, const char *const list[6])
{
	for (unsigned i = 0; i < 6; i++) {
		if (strlen(list[i]) == length && memcmp(list[i], text, length) == 0)
			return true;
	}
	return false;
}

int value_read_bool(const char *text, size_t length, bool *into)
{
	/* Go's strconv.ParseBool. */
	static const char *const yes[6] = { "1", "t", "T", "TRUE", "true", "True" };
	static const char *const no[6] = { "0", "f", "F", "FALSE", "false", "False" };
	bool truth = one_of(text, length, yes);

	if (!truth && !one_of(text, length, no))
		return -EINVAL;
	*into = truth;
	return 0;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits at p into *number, scaled down when behind the point; the first one behind them. */
static const char *read_digits(const char *p, double *number, double scale)
{
	for (; digit(*p); p++) {
		if (scale == 1) {
			*number = *number * 10 + (*p - '0');
		} else {
			*number += (*p - '0') * scale;
			scale /= 10;
		}
	}
	return p;
}

/* e+12 at p; NULL when malformed. Beyond what a double holds nothing differs any more. */
static const char *read_exponent(const char *p, double *number)
{
	bool down = p[1] == '-';
	unsigned exponent = 0;

	p += p[1] == '-' || p[1] == '+' ? 2 : 1;
	if (!digit(*p))
		return NULL;
	for (; digit(*p); p++) {
		if (exponent < 400)
			exponent = exponent * 10 + (unsigned)(*p - '0');
	}
	for (unsigned i = 0; i < exponent && i < 400; i++)
		*number = down ? *number / 10 : *number * 10;
	return p;
}

int value_read_number(const char *text, size_t length, double *into)
{
	const char *p = text + (text[0] == '-');
	double number = 0;

	if (!digit(*p) || (p[0] == '0' && digit(p[1])))
		return -EINVAL;
	p = read_digits(p, &number, 1);
	if (*p == '.') {
		if (!digit(p[1]))
			return -EINVAL;
		p = read_digits(p + 1, &number, 0.1);
	}
	if (*p == 'e' || *p == 'E')
		p = read_exponent(p, &number);
	if (p != text + length)
		return -EINVAL;
	*into = text[0] == '-' ? -number : number;
	return 0;
}

enum truth value_holds(const struct value *v)
{
	bool truth;

	if (v->type == VALUE_UNREADABLE)
		return TRUTH_UNKNOWN;
	if (v->type == VALUE_ABSENT || v->type == VALUE_NULL || v->length == 0)
		return TRUTH_FALSE;
	if (v->type == VALUE_JSON)
		return v->length > 2 ? TRUTH_TRUE : TRUTH_FALSE;
	if (v->type == VALUE_NUMBER || value_read_bool(v->text, v->length, &truth) != 0)
		return TRUTH_TRUE;
	return truth ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth same_bytes(const struct value *v, const struct value *other)
{
	return v->length == other->length && memcmp(v->text, other->text, v->length) == 0
		       ? TRUTH_TRUE
		       : TRUTH_FALSE;
}

static enum truth same_truth(const struct value *v, const struct value *other)
{
	bool truth;

	if (value_read_bool(v->text, v->length, &truth) != 0)
		return TRUTH_UNKNOWN;
	return truth == (other->text[0] == 't') ? TRUTH_TRUE : TRUTH_FALSE;
}

enum truth value_is(const struct value *v, const struct value *other)
{
	enum truth truth;
	int order;

	if (v->type == VALUE_UNREADABLE || other->type == VALUE_UNREADABLE)
		return TRUTH_UNKNOWN;
	if (v->type == VALUE_ABSENT || other->type == VALUE_ABSENT)
		return TRUTH_FALSE;
	if (v->type == VALUE_NULL || other->type == VALUE_NULL)
		return v->type == other->type ? TRUTH_TRUE : TRUTH_FALSE;
	/* An object is not true, not false and no number: that is known. */
	if (v->type == VALUE_JSON && other->type != VALUE_JSON)
		return TRUTH_FALSE;
	if (other->type == VALUE_BOOL)
		return same_truth(v, other);
	if (other->type != VALUE_NUMBER)
		return same_bytes(v, other);
	truth = value_order(v, other, &order);
	return truth != TRUTH_TRUE ? truth : order == 0 ? TRUTH_TRUE : TRUTH_FALSE;
}

enum truth value_order(const struct value *v, const struct value *other, int *order)
{
	double a, b;

	if (v->type == VALUE_ABSENT || other->type == VALUE_ABSENT)
		return TRUTH_FALSE;
	if (value_read_number(v->text, v->length, &a) != 0 ||
	    value_read_number(other->text, other->length, &b) != 0)
		return TRUTH_UNKNOWN;
	*order = a < b ? -1 : a > b;
	return TRUTH_TRUE;
}

void value_add_json(struct text *t, const struct value *v)
{
	if (v->type == VALUE_TEXT)
		text_add_json(t, v->text, v->length);
	else if (value_present(v))
		text_add_bytes(t, v->text, v->length);
}
