/*
 * A scanner that knows where a value ends, and what is built on it. Nesting is counted, not
 * followed, but where objects are merged.
 */
#include "policy/json.h"

#include <string.h>

#define MERGE_DEPTH 16 /* below it the inner one replaces */

struct member {
	struct json name; /* between the quotes */
	struct json value;
};

struct json json_of(const char *text)
{
	return (struct json){ text, strlen(text) };
}

static const char *skip_space(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at;
}

/* at is the opening quote; behind the closing one, or the end. */
static const char *skip_string(const char *at, const char *end)
{
	for (at++; at < end && *at != '"'; at++) {
		if (*at == '\\' && at + 1 < end)
			at++;
	}
	return at < end ? at + 1 : end;
}

static const char *skip_nested(const char *at, const char *end)
{
	size_t depth = 0;

	while (at < end) {
		if (*at == '"') {
			at = skip_string(at, end);
			continue;
		}
		depth += *at == '{' || *at == '[';
		depth -= *at == '}' || *at == ']';
		at++;
		if (depth == 0)
			return at;
	}
	return end;
}

/* at stands on the value. */
static const char *skip_value(const char *at, const char *end)
{
	if (at == end)
		return end;
	if (*at == '"')
		return skip_string(at, end);
	if (*at == '{' || *at == '[')
		return skip_nested(at, end);
	while (at < end && strchr(",]} \t\n\r", *at) == NULL)
		at++;
	return at;
}

static bool is_object(struct json j)
{
	return j.length >= 2 && j.text[0] == '{';
}

/* From *at, which stands behind the brace, the comma's place, or a member; false at the end. */
static bool next_member(const char **at, const char *end, struct member *into)
{
	const char *p = skip_space(*at, end);

	if (p < end && *p == ',')
		p = skip_space(p + 1, end);
	if (p == end || *p != '"')
		return false;
	into->name.text = p + 1;
	p = skip_string(p, end);
	into->name.length = (size_t)(p - into->name.text) - 1;
	p = skip_space(p, end);
	if (p == end || *p != ':')
		return false;
	p = skip_space(p + 1, end);
	into->value.text = p;
	*at = skip_value(p, end);
	into->value.length = (size_t)(*at - p);
	return into->value.length > 0;
}

static bool same_name(struct json a, struct json b)
{
	return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

static bool find_member(struct json object, struct json name, struct json *into)
{
	const char *at = object.text + 1;
	struct member m;

	while (next_member(&at, object.text + object.length, &m)) {
		if (same_name(m.name, name)) {
			*into = m.value;
			return true;
		}
	}
	return false;
}

static bool next_element(const char **at, const char *end, struct json *into)
{
	const char *p = skip_space(*at, end);

	if (p < end && *p == ',')
		p = skip_space(p + 1, end);
	if (p == end || *p == ']')
		return false;
	into->text = p;
	*at = skip_value(p, end);
	into->length = (size_t)(*at - p);
	return into->length > 0;
}

bool json_next(struct json whole, size_t *at, struct json *name, struct json *into)
{
	const char *end = whole.text + whole.length;
	const char *p = whole.text + (*at != 0 ? *at : 1);
	struct member m = { { NULL, 0 }, { NULL, 0 } };
	bool found;

	if (whole.length < 2)
		return false;
	if (whole.text[0] == '{')
		found = next_member(&p, end, &m);
	else
		found = whole.text[0] == '[' && next_element(&p, end, &m.value);
	*at = (size_t)(p - whole.text);
	*name = m.name;
	*into = m.value;
	return found;
}

static const char *dot_of(const char *path)
{
	while (*path != '\0' && *path != '.')
		path++;
	return path;
}

bool json_find(struct json whole, const char *path, struct json *into)
{
	for (;;) {
		const char *dot = dot_of(path);

		if (!is_object(whole) ||
		    !find_member(whole, (struct json){ path, (size_t)(dot - path) }, &whole))
			return false;
		if (*dot == '\0')
			break;
		path = dot + 1;
	}
	*into = whole;
	return true;
}

static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	return (unsigned)((c | 32) - 'a' + 10) & 15;
}

static unsigned hex_four(const char *at)
{
	return hex_digit(at[0]) << 12 | hex_digit(at[1]) << 8 | hex_digit(at[2]) << 4 |
	       hex_digit(at[3]);
}

static void add_utf8(struct text *t, unsigned c)
{
	if (c < 0x80) {
		text_add_char(t, (char)c);
	} else if (c < 0x800) {
		text_add_char(t, (char)(0xc0 | c >> 6));
		text_add_char(t, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		text_add_char(t, (char)(0xe0 | c >> 12));
		text_add_char(t, (char)(0x80 | (c >> 6 & 63)));
		text_add_char(t, (char)(0x80 | (c & 63)));
	} else {
		text_add_char(t, (char)(0xf0 | c >> 18));
		text_add_char(t, (char)(0x80 | (c >> 12 & 63)));
		text_add_char(t, (char)(0x80 | (c >> 6 & 63)));
		text_add_char(t, (char)(0x80 | (c & 63)));
	}
}

/* \uXXXX at p, with the second half of a pair; behind it. A half alone, and NUL, which no text of
 * ours holds, become U+FFFD. */
static const char *add_escaped(struct text *t, const char *p, const char *end)
{
	unsigned c, low;

	if (end - p < 6)
		return end;
	c = hex_four(p + 2);
	p += 6;
	if (c >= 0xd800 && c < 0xdc00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
		low = hex_four(p + 2);
		if (low >= 0xdc00 && low < 0xe000) {
			add_utf8(t, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
			return p + 6;
		}
	}
	add_utf8(t, c == 0 || (c >= 0xd800 && c < 0xe000) ? 0xfffd : c);
	return p;
}

static char unescaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	default:
		return c;
	}
}

static struct value string_value(struct arena *arena, struct json string)
{
	const char *end = string.text + string.length - 1;
	struct text t = arena_text(arena);
	char *kept;

	for (const char *p = string.text + 1; p < end;) {
		if (*p != '\\') {
			text_add_char(&t, *p++);
		} else if (p + 1 < end && p[1] == 'u') {
			p = add_escaped(&t, p, end);
		} else {
			if (p + 1 < end)
				text_add_char(&t, unescaped(p[1]));
			p += 2;
		}
	}
	kept = arena_keep(arena, &t);
	return kept != NULL ? value_of(VALUE_TEXT, kept, t.length) : value_unreadable();
}

static bool is_word(struct json j, const char *word)
{
	return j.length == strlen(word) && memcmp(j.text, word, j.length) == 0;
}

struct value json_value(struct arena *arena, struct json json)
{
	enum value_type type = VALUE_NUMBER;
	char *copy;

	if (json.length >= 2 && json.text[0] == '"')
		return string_value(arena, json);
	if (is_word(json, "true") || is_word(json, "false"))
		return value_bool(json.text[0] == 't');
	if (is_word(json, "null"))
		return value_of(VALUE_NULL, "null", 4);
	if (json.length > 0 && (json.text[0] == '{' || json.text[0] == '['))
		type = VALUE_JSON;
	copy = arena_copy(arena, json.text, json.length);
	return copy != NULL ? value_of(type, copy, json.length) : value_unreadable();
}

static void add_name(struct text *into, struct json name, bool first)
{
	text_add(into, first ? "\"" : ",\"");
	text_add_bytes(into, name.text, name.length);
	text_add(into, "\":");
}

static void merge(struct text *into, struct json outer, struct json inner, unsigned depth)
{
	const char *at = outer.text + 1;
	struct json other;
	struct member m;
	bool first = true;

	if (!is_object(outer) || !is_object(inner) || depth > MERGE_DEPTH) {
		text_add_bytes(into, inner.text, inner.length);
		return;
	}
	text_add_char(into, '{');
	for (; next_member(&at, outer.text + outer.length, &m); first = false) {
		add_name(into, m.name, first);
		if (find_member(inner, m.name, &other))
			merge(into, m.value, other, depth + 1);
		else
			text_add_bytes(into, m.value.text, m.value.length);
	}
	for (at = inner.text + 1; next_member(&at, inner.text + inner.length, &m);) {
		if (find_member(outer, m.name, &other))
			continue;
		add_name(into, m.name, first);
		text_add_bytes(into, m.value.text, m.value.length);
		first = false;
	}
	text_add_char(into, '}');
}

void json_merge(struct text *into, struct json outer, struct json inner)
{
	merge(into, outer, inner, 0);
}

/*
 * What is left of a path when it goes through this name: "" when it ends here, NULL when it goes
 * elsewhere.
 */
static const char *rest_of(const char *path, size_t depth, const struct json *name)
{
	for (size_t i = 0; i <= depth; i++) {
		const char *dot = dot_of(path);

		if ((size_t)(dot - path) != name[i].length ||
		    memcmp(path, name[i].text, name[i].length) != 0)
			return NULL;
		if (*dot == '\0')
			return i == depth ? dot : NULL;
		path = dot + 1;
	}
	return path;
}

enum passage { PASSAGE_KEEP, PASSAGE_ENTER, PASSAGE_DROP };

static enum passage passage_of(const char *const *path, unsigned paths, size_t depth,
			       const struct json *name)
{
	enum passage passage = PASSAGE_KEEP;

	for (unsigned i = 0; i < paths; i++) {
		const char *rest = rest_of(path[i], depth, name);

		if (rest != NULL && *rest == '\0')
			return PASSAGE_DROP;
		if (rest != NULL)
			passage = PASSAGE_ENTER;
	}
	return passage;
}

/* name[0..depth-1] lead to the object. */
static void drop(struct text *into, struct json object, const char *const *path, unsigned paths,
		 struct json *name, size_t depth)
{
	const char *at = object.text + 1;
	enum passage passage;
	bool first = true;
	struct member m;

	text_add_char(into, '{');
	while (next_member(&at, object.text + object.length, &m)) {
		name[depth] = m.name;
		passage = passage_of(path, paths, depth, name);
		if (passage == PASSAGE_DROP)
			continue;
		add_name(into, m.name, first);
		if (passage == PASSAGE_ENTER && is_object(m.value) && depth + 1 < MERGE_DEPTH)
			drop(into, m.value, path, paths, name, depth + 1);
		else
			text_add_bytes(into, m.value.text, m.value.length);
		first = false;
	}
	text_add_char(into, '}');
}

void json_drop(struct text *into, struct json object, const char *const *path, unsigned paths)
{
	struct json name[MERGE_DEPTH];

	if (is_object(object))
		drop(into, object, path, paths, name, 0);
	else
		text_add_bytes(into, object.text, object.length);
}
