/*
 * Transforms of a text's characters. Letters are those of ASCII; what is not ASCII stays as it is.
 */
#include <string.h>

#include "policy/sha256.h"
#include "policy/text_words.h"
#include "policy/transform.h"

struct value transform_kept_as(struct eval *e, const struct text *t, enum value_type type)
{
	size_t length = t->length;
	const char *kept = arena_keep(e->arena, t);

	return kept != NULL ? value_of(type, kept, length) : value_unreadable();
}

struct value transform_kept(struct eval *e, const struct text *t)
{
	return t->length > 0 || t->truncated ? transform_kept_as(e, t, VALUE_TEXT) : value_absent();
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_of_word(char c)
{
	return is_lower(c) || is_upper(c) || (c >= '0' && c <= '9') || (c & 0x80) != 0;
}

static char lower(char c)
{
	return is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

static char upper(char c)
{
	return is_lower(c) ? (char)(c - 'a' + 'A') : c;
}

/* Does a word begin here? fooBar: at B; HTTPServer: at S. */
static bool is_border(const struct value *v, uint32_t at)
{
	char c = v->text[at];

	if (at == 0 || !is_of_word(v->text[at - 1]))
		return true;
	if (!is_upper(c))
		return false;
	return !is_upper(v->text[at - 1]) ||
	       (at + 1 < v->length && is_lower(v->text[at + 1]) && is_upper(v->text[at - 1]));
}

static void add_words(struct text *t, const struct value *v, uint32_t letters)
{
	for (uint32_t i = 0; i < v->length; i++) {
		bool begins = is_border(v, i) && t->length > 0;

		if (!is_of_word(v->text[i]))
			continue;
		if (begins && letters != LETTERS_CAMEL)
			text_add_char(t, letters == LETTERS_SNAKE ? '_' : '-');
		text_add_char(t, begins && letters == LETTERS_CAMEL ? upper(v->text[i])
								    : lower(v->text[i]));
	}
}

struct value transform_case(struct eval *e, const struct image_node *node)
{
	struct value v = transform_text(e, node);
	struct text t;

	if (v.type != VALUE_TEXT)
		return v;
	t = arena_text(e->arena);
	if (node->value > LETTERS_UPPER)
		add_words(&t, &v, node->value);
	for (uint32_t i = 0; node->value <= LETTERS_UPPER && i < v.length; i++)
		text_add_char(&t,
			      node->value == LETTERS_LOWER ? lower(v.text[i]) : upper(v.text[i]));
	return transform_kept(e, &t);
}

struct value transform_chars(struct eval *e, const struct image_node *node)
{
	struct value v = transform_text(e, node);
	const struct image_node *set = node_operand(&e->section, node, 1);
	struct text t;

	if (v.type != VALUE_TEXT)
		return v;
	if (set == NULL || set->op != NODE_TEXT)
		return value_unreadable();
	t = arena_text(e->arena);
	for (uint32_t i = 0; i < v.length; i++) {
		if (memchr(node_text(set), v.text[i], set->value) != NULL)
			text_add_char(&t, v.text[i]);
	}
	return transform_kept(e, &t);
}

struct value transform_basename(struct eval *e, const struct image_node *node)
{
	struct value v = transform_text(e, node);
	uint32_t from;
	struct text t;

	if (v.type != VALUE_TEXT)
		return v;
	while (v.length > 0 && v.text[v.length - 1] == '/')
		v.length--;
	for (from = v.length; from > 0 && v.text[from - 1] != '/';)
		from--;
	t = arena_text(e->arena);
	text_add_bytes(&t, v.text + from, v.length - from);
	return transform_kept(e, &t);
}

struct value transform_split(struct eval *e, const struct image_node *node)
{
	struct value v = transform_text(e, node);
	const struct image_node *between = node_operand(&e->section, node, 1);
	uint32_t from = 0;
	struct text t;

	if (v.type != VALUE_TEXT)
		return v;
	if (between == NULL || between->op != NODE_TEXT || between->value == 0)
		return value_unreadable();
	t = arena_text(e->arena);
	text_add_char(&t, '[');
	for (uint32_t i = 0; i + between->value <= v.length;) {
		if (memcmp(v.text + i, node_text(between), between->value) != 0) {
			i++;
			continue;
		}
		text_add_json(&t, v.text + from, i - from);
		text_add_char(&t, ',');
		i += between->value;
		from = i;
	}
	text_add_json(&t, v.text + from, v.length - from);
	text_add_char(&t, ']');
	return transform_kept_as(e, &t, VALUE_JSON);
}

struct value transform_hash(struct eval *e, const struct image_node *node)
{
	struct value v = transform_text(e, node);
	uint8_t digest[32];
	struct text t;

	if (v.type != VALUE_TEXT)
		return v;
	if (node->value != HASH_SHA256)
		return value_unreadable();
	sha256(v.text, v.length, digest);
	t = arena_text(e->arena);
	text_add_hex(&t, digest, sizeof(digest));
	return transform_kept(e, &t);
}

struct value transform_truncate(struct eval *e, const struct image_node *node)
{
	struct value v = transform_text(e, node);
	uint32_t length = node->value;
	struct text t;

	if (v.type != VALUE_TEXT || v.length <= length)
		return v;
	while (length > 0 && (v.text[length] & 0xc0) == 0x80)
		length--;
	t = arena_text(e->arena);
	text_add_bytes(&t, v.text, length);
	return transform_kept(e, &t);
}
