/*
 * From a pattern's text to its tree.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile/regex.h"
#include "policy/regex.h"

struct parser {
	struct compiler *c;
	const struct yaml *y;
	const char *p, *end;
	unsigned depth;
	unsigned groups;
	bool fold; /* (?i) is in force */
	bool failed;
};

static struct regex_tree *parse_choice(struct parser *r);

/* The first finding of a pattern, with the character that it is about. */
__attribute__((format(printf, 3, 4))) static void refuse(struct parser *r, const char *at,
							 const char *format, ...)
{
	unsigned place = 1;
	char text[256];
	va_list arguments;

	if (r->failed)
		return;
	r->failed = true;
	r->p = r->end;
	for (const char *p = r->y->text; p < at; p++)
		place += ((unsigned char)*p & 0xc0) != 0x80;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	diagnose(&r->c->d, r->y->at, "the pattern '%.80s', character %u: %s", r->y->text, place,
		 text);
}

static struct regex_tree *tree_new(struct parser *r, enum regex_kind kind)
{
	struct regex_tree *tree = heap_take(&r->c->heap, sizeof(*tree));

	tree->kind = kind;
	return tree;
}

static void tree_add(struct parser *r, struct regex_tree *tree, struct regex_tree *item)
{
	tree->item = heap_grow(&r->c->heap, tree->item, tree->items, sizeof(tree));
	tree->item[tree->items++] = item;
}

static bool looking_at(const struct parser *r, const char *what)
{
	return strncmp(r->p, what, strlen(what)) == 0;
}

/* What stands before `:` or `)` behind "(?" and is no flag of ours. */
static void refuse_group(struct parser *r, const char *at)
{
	char next = at[2];

	if (next == '=' || next == '!' || (next == '<' && (at[3] == '=' || at[3] == '!')))
		refuse(r, at,
		       "look-around, (?%c...), is not known: match more and take the part you want "
		       "in ( )",
		       next);
	else if (next == 'P' || next == '<')
		refuse(r, at, "groups have no names here: write ( )");
	else
		refuse(r, at, "(?%.1s is not known: there are (?: ), (?i) and (?i: )", at + 2);
}

/* Behind "(?". True: the group has something in it. */
static bool parse_flags(struct parser *r, const char *at)
{
	bool fold = looking_at(r, "i");

	r->p += fold;
	r->fold |= fold;
	if (looking_at(r, ":")) {
		r->p++;
		return true;
	}
	if (!fold || !looking_at(r, ")")) {
		refuse_group(r, at);
		return true;
	}
	r->p++;
	return false;
}

static struct regex_tree *parse_group(struct parser *r)
{
	struct regex_tree *group = tree_new(r, REGEX_TREE_GROUP);
	const char *at = r->p++;
	bool fold = r->fold;

	if (looking_at(r, "?")) {
		r->p++;
		/* (?i) counts to the end of the group that it stands in. */
		if (!parse_flags(r, at))
			return tree_new(r, REGEX_TREE_SEQUENCE);
	} else {
		group->first = r->groups++ == 0;
	}
	if (++r->depth > REGEX_DEPTH_MAX)
		refuse(r, at, "groups are nested more than %d deep", REGEX_DEPTH_MAX);
	else
		tree_add(r, group, parse_choice(r));
	r->depth--;
	r->fold = fold;
	if (!r->failed && !looking_at(r, ")"))
		refuse(r, at, "this ( has no )");
	r->p += !r->failed;
	return group;
}

/* Two hexadecimal digits behind \x. */
static bool parse_hex(struct parser *r, const char *at, uint32_t *into)
{
	if (!isxdigit((unsigned char)r->p[0]) || !isxdigit((unsigned char)r->p[1]) ||
	    r->p[0] > '7') {
		refuse(r, at, "\\x takes two digits, 01 to 7f");
		return false;
	}
	*into = (uint32_t)strtoul((char[]){ r->p[0], r->p[1], '\0' }, NULL, 16);
	r->p += 2;
	return true;
}

/* A character behind its backslash, p. False: it stands for no single one, and that was said. */
static bool parse_escape(struct parser *r, uint32_t *into)
{
	static const char letters[] = "tnrfv", meant[] = "\t\n\r\f\v";
	const char *at = r->p - 1;
	char c = *r->p;
	const char *letter;

	if (r->p == r->end) {
		refuse(r, at, "a \\ at the end: write \\\\ for the character itself");
		return false;
	}
	r->p++;
	letter = strchr(letters, c);
	*into = letter != NULL ? (uint32_t)meant[letter - letters] : (unsigned char)c;
	if (letter != NULL ||
	    ((unsigned char)c < 0x80 && strchr("_", c) == NULL && !(c >= '0' && c <= '9') &&
	     !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')))
		return true;
	if (c == 'x')
		return parse_hex(r, at, into);
	if (c >= '0' && c <= '9')
		refuse(r, at, "back-references, \\%c, are not known", c);
	else
		refuse(r, at,
		       "\\%.1s is not known: there are \\d \\w \\s \\D \\W \\S \\b \\B \\t \\n "
		       "\\r \\f \\v \\xHH, and a \\ before punctuation",
		       r->p - 1);
	return false;
}

static struct regex_tree *chars(struct parser *r, struct regex_set set)
{
	struct regex_tree *tree = tree_new(r, REGEX_TREE_CHARS);

	if (r->fold)
		regex_set_fold(&r->c->heap, &set);
	regex_set_tidy(&set);
	tree->set = set;
	return tree;
}

static struct regex_tree *one_char(struct parser *r, uint32_t c)
{
	struct regex_set set = { 0 };

	regex_set_add(&r->c->heap, &set, c, c);
	return chars(r, set);
}

static struct regex_tree *parse_assertion(struct parser *r, enum regex_op op)
{
	struct regex_tree *tree = tree_new(r, REGEX_TREE_ASSERT);

	r->p++;
	tree->op = op;
	return tree;
}

static struct regex_tree *parse_backslash(struct parser *r)
{
	struct regex_set set = { 0 };
	uint32_t c = 0;

	r->p++;
	if (*r->p == 'b' || *r->p == 'B')
		return parse_assertion(r, *r->p == 'b' ? REGEX_WORD : REGEX_INSIDE);
	if (regex_set_class(&r->c->heap, &set, *r->p)) {
		r->p++;
		return chars(r, set);
	}
	parse_escape(r, &c);
	return one_char(r, c);
}

/* One end of a range, or a class. False: a class, which can not be an end. */
static bool parse_member(struct parser *r, struct regex_set *set, uint32_t *into)
{
	if (*r->p != '\\') {
		r->p += regex_character(r->p, r->end, into);
		return true;
	}
	r->p++;
	if (regex_set_class(&r->c->heap, set, *r->p)) {
		r->p++;
		return false;
	}
	return parse_escape(r, into);
}

static void parse_range(struct parser *r, struct regex_set *set)
{
	const char *at = r->p;
	uint32_t first = 0, last;
	bool single = parse_member(r, set, &first);

	last = first;
	if (!r->failed && r->p[0] == '-' && r->p + 1 < r->end && r->p[1] != ']') {
		r->p++;
		if (!single || !parse_member(r, set, &last))
			refuse(r, at, "a range has a character at both ends: write \\- for a dash");
		else if (last < first)
			refuse(r, at, "the range is the wrong way round");
	}
	if (single)
		regex_set_add(&r->c->heap, set, first, last);
}

static struct regex_tree *parse_class(struct parser *r)
{
	struct regex_set set = { 0 };
	const char *at = r->p++;
	bool inverted = *r->p == '^';
	struct regex_tree *tree;

	r->p += inverted;
	if (*r->p == ']')
		refuse(r, at, "nothing stands between [ and ]: write \\] for the character itself");
	while (r->p < r->end && *r->p != ']') {
		if (looking_at(r, "[:"))
			refuse(r, r->p, "[:...:] is not known: write \\d, \\w, \\s or a range");
		else
			parse_range(r, &set);
	}
	if (!r->failed && r->p == r->end)
		refuse(r, at, "this [ has no ]");
	r->p += !r->failed;
	tree = chars(r, set);
	if (inverted)
		regex_set_invert(&r->c->heap, &tree->set);
	return tree;
}

static struct regex_tree *parse_any(struct parser *r)
{
	struct regex_tree *tree = one_char(r, '\n');

	r->p++;
	regex_set_invert(&r->c->heap, &tree->set);
	return tree;
}

static struct regex_tree *parse_atom(struct parser *r)
{
	uint32_t c;

	switch (*r->p) {
	case '(':
		return parse_group(r);
	case '[':
		return parse_class(r);
	case '.':
		return parse_any(r);
	case '^':
		return parse_assertion(r, REGEX_BEGIN);
	case '$':
		return parse_assertion(r, REGEX_END);
	case '\\':
		return parse_backslash(r);
	case '*':
	case '+':
	case '?':
		refuse(r, r->p, "there is nothing for %c to repeat", *r->p);
		return NULL;
	case '{':
		refuse(r, r->p, "{ begins a repetition, {2} or {2,5}: write \\{ for the character");
		return NULL;
	default:
		r->p += regex_character(r->p, r->end, &c);
		return one_char(r, c);
	}
}

static const char *parse_number(const char *p, unsigned *into)
{
	for (*into = 0; *p >= '0' && *p <= '9'; p++) {
		if (*into <= REGEX_REPEAT_MAX)
			*into = *into * 10 + (unsigned)(*p - '0');
	}
	return p;
}

/* {m}, {m,}, {m,n} at p. */
static void parse_bounds(struct parser *r, struct regex_tree *repeat)
{
	const char *at = r->p;
	const char *p = parse_number(at + 1, &repeat->least);
	bool number = p > at + 1;

	repeat->most = repeat->least;
	if (number && p[0] == ',' && p[1] == '}') {
		repeat->most = REGEX_ENDLESS;
		p++;
	} else if (number && p[0] == ',') {
		p = parse_number(p + 1, &repeat->most);
		number = p[-1] != ',';
	}
	if (!number || *p != '}')
		refuse(r, at, "write {2}, {2,} or {2,5}, or \\{ for the character itself");
	else if (repeat->least > REGEX_REPEAT_MAX ||
		 (repeat->most > REGEX_REPEAT_MAX && repeat->most != REGEX_ENDLESS))
		refuse(r, at, "at most %d repetitions", REGEX_REPEAT_MAX);
	else if (repeat->most < repeat->least)
		refuse(r, at, "the repetition is the wrong way round");
	else
		r->p = p + 1;
}

static struct regex_tree *parse_repeat(struct parser *r, struct regex_tree *what)
{
	struct regex_tree *repeat = tree_new(r, REGEX_TREE_REPEAT);
	const char *at = r->p;

	tree_add(r, repeat, what);
	repeat->least = *at == '+';
	repeat->most = *at == '?' ? 1 : REGEX_ENDLESS;
	if (*at == '{')
		parse_bounds(r, repeat);
	else
		r->p++;
	if (!r->failed && what->kind == REGEX_TREE_ASSERT)
		refuse(r, at, "what takes no character can not be repeated");
	if (!r->failed && *r->p == '?') {
		repeat->lazy = true;
		r->p++;
	}
	if (!r->failed && r->p < r->end && strchr("*+?{", *r->p) != NULL)
		refuse(r, r->p, "one repetition behind another: put the first into (?: )");
	return repeat;
}

static bool repeats(const struct parser *r)
{
	return r->p < r->end && strchr("*+?{", *r->p) != NULL;
}

static struct regex_tree *parse_sequence(struct parser *r)
{
	struct regex_tree *sequence = tree_new(r, REGEX_TREE_SEQUENCE);

	while (r->p < r->end && *r->p != '|' && *r->p != ')') {
		struct regex_tree *item = parse_atom(r);

		if (!r->failed && repeats(r))
			item = parse_repeat(r, item);
		tree_add(r, sequence, item);
	}
	return sequence;
}

static struct regex_tree *parse_choice(struct parser *r)
{
	struct regex_tree *choice = tree_new(r, REGEX_TREE_CHOICE);

	tree_add(r, choice, parse_sequence(r));
	while (r->p < r->end && *r->p == '|') {
		r->p++;
		tree_add(r, choice, parse_sequence(r));
	}
	return choice;
}

struct regex_tree *regex_parse(struct compiler *c, const struct yaml *y)
{
	struct parser r = { .c = c, .y = y, .p = y->text, .end = y->text + strlen(y->text) };
	struct regex_tree *tree = parse_choice(&r);

	if (r.p < r.end)
		refuse(&r, r.p, "this ) has no (");
	return r.failed ? NULL : tree;
}
