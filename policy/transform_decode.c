/*
 * decode: from an encoding to the text. What is not of the encoding, and what is no text in the end
 * (a NUL, not UTF-8), is unreadable.
 */
#include <string.h>

#include "policy/regex.h"
#include "policy/text_words.h"
#include "policy/transform.h"

/* A digit of base 64, or -1. */
static int base64_digit(char c, bool url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (url ? '-' : '+'))
		return 62;
	return c == (url ? '_' : '/') ? 63 : -1;
}

static bool add_base64(struct text *t, const struct value *v, bool url)
{
	uint32_t bits = 0, length = v->length;

	while (length > 0 && v->length - length < 2 && v->text[length - 1] == '=')
		length--;
	if (length % 4 == 1 || (length != v->length && v->length % 4 != 0))
		return false;
	for (uint32_t i = 0; i < length; i++) {
		int digit = base64_digit(v->text[i], url);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		if (i % 4 != 0)
			text_add_char(t, (char)(bits >> (6 - 2 * (i % 4)) & 0xff));
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A byte of two digits at p. */
static bool add_byte(struct text *t, const char *p, uint32_t left)
{
	int high = left >= 2 ? hex_digit(p[0]) : -1;
	int low = left >= 2 ? hex_digit(p[1]) : -1;

	if (high < 0 || low < 0)
		return false;
	text_add_char(t, (char)(high << 4 | low));
	return true;
}

static bool add_hex(struct text *t, const struct value *v)
{
	for (uint32_t i = 0; i < v->length; i += 2) {
		if (!add_byte(t, v->text + i, v->length - i))
			return false;
	}
	return true;
}

static bool add_url(struct text *t, const struct value *v)
{
	for (uint32_t i = 0; i < v->length; i++) {
		if (v->text[i] != '%')
			text_add_char(t, v->text[i]);
		else if (!add_byte(t, v->text + i + 1, v->length - i - 1))
			return false;
		else
			i += 2;
	}
	return true;
}

static bool is_text(const struct text *t)
{
	const char *end = t->data + t->length;
	uint32_t c;

	for (const char *p = t->data; p < end;) {
		p += regex_character(p, end, &c);
		if (c == 0 || c >= REGEX_BYTE)
			return false;
	}
	return true;
}

static bool add_decoded(struct text *t, const struct value *v, uint32_t encoding)
{
	switch (encoding) {
	case DECODE_BASE64:
	case DECODE_BASE64URL:
		return add_base64(t, v, encoding == DECODE_BASE64URL);
	case DECODE_HEX:
		return add_hex(t, v);
	case DECODE_URL:
		return add_url(t, v);
	default:
		return false;
	}
}

struct value transform_decode(struct eval *e, const struct image_node *node)
{
	struct value v = transform_text(e, node);
	struct text t;

	if (v.type != VALUE_TEXT)
		return v;
	t = arena_text(e->arena);
	if (!add_decoded(&t, &v, node->value) || !is_text(&t))
		return value_unreadable();
	return transform_kept(e, &t);
}
