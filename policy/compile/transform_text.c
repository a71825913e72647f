/*
 * Transforms of texts: from their keys to their nodes.
 */
#include <string.h>

#include "policy/compile/regex.h"
#include "policy/compile/source.h"
#include "policy/read.h"
#include "policy/text_words.h"
#include "policy/time_text.h"

static const struct {
	const char *kind, *word;
} words[] = {
#define TEXT_WORD(kind, name, word, about) { #kind, word },
#include "policy/text_words.def"
#undef TEXT_WORD
};

/* Beyond the values of AS: PARSE. */
#define CONVERT_FORMAT 512

static const char *const formats[] = {
#define READER(name, word, extension, about) word,
#include "policy/read_formats.def"
#undef READER
};

static const char *const times[] = {
#define TIME(name, text, digits, unit) text,
#include "policy/time_formats.def"
#undef TIME
};

#define WORDS (sizeof(words) / sizeof(words[0]))
#define TIMES (sizeof(times) / sizeof(times[0]))

/* A node whose value is the word of that kind; of AS also the forms of a time. */
static struct expr *wrap_word(struct compiler *c, const struct yaml *given, struct expr *e,
			      enum node_op op, const char *kind, const char *what)
{
	const char *known[WORDS + TIMES + READ_FORMATS + 1];
	uint32_t value[WORDS + TIMES + READ_FORMATS];
	unsigned count = 0;
	uint32_t chosen = 0;

	for (uint32_t i = 0; i < WORDS; i++) {
		if (strcmp(words[i].kind, kind) == 0) {
			known[count] = words[i].word;
			value[count++] = i;
		}
	}
	for (uint32_t i = 0; op == NODE_AS && i < TIMES; i++) {
		known[count] = times[i];
		value[count++] = CONVERT_TIME + i + 1;
	}
	for (uint32_t i = 0; op == NODE_AS && i < READ_FORMATS; i++) {
		known[count] = formats[i];
		value[count++] = CONVERT_FORMAT + i;
	}
	known[count] = NULL;
	if (!scalar_choice(c, given, what, known, &chosen))
		return e;
	if (value[chosen] >= CONVERT_FORMAT)
		return expr_wrap(&c->heap, NODE_PARSE, value[chosen] - CONVERT_FORMAT, e);
	return expr_wrap(&c->heap, op, value[chosen], e);
}

struct expr *source_transform_decode(struct compiler *c, const struct yaml *given,
				     const struct yaml *map, struct expr *e)
{
	(void)map;
	return wrap_word(c, given, e, NODE_DECODE, "DECODE", "encoding");
}

bool source_converts(const struct yaml *as)
{
	for (size_t i = 0; i < WORDS; i++) {
		/* A file can be a text too. */
		if (strcmp(words[i].kind, "CONVERT") == 0 && strcmp(words[i].word, as->text) == 0)
			return strcmp(as->text, "text") != 0;
	}
	for (size_t i = 0; i < TIMES; i++) {
		if (strcmp(times[i], as->text) == 0)
			return true;
	}
	return false;
}

struct expr *source_transform_as(struct compiler *c, const struct yaml *given,
				 const struct yaml *map, struct expr *e)
{
	bool document = read_format_of_word(given->text) < READ_FORMATS;

	/* A file was read by it, and so was what a key was taken out of. */
	if ((yaml_get(map, "file") != NULL && !source_converts(given)) ||
	    (document && yaml_get(map, "key") != NULL))
		return e;
	return wrap_word(c, given, e, NODE_AS, "CONVERT", "type");
}

struct expr *source_transform_case(struct compiler *c, const struct yaml *given,
				   const struct yaml *map, struct expr *e)
{
	(void)map;
	return wrap_word(c, given, e, NODE_CASE, "LETTERS", "case");
}

struct expr *source_transform_hash(struct compiler *c, const struct yaml *given,
				   const struct yaml *map, struct expr *e)
{
	(void)map;
	return wrap_word(c, given, e, NODE_HASH, "HASH", "hash");
}

struct expr *source_transform_truncate(struct compiler *c, const struct yaml *given,
				       const struct yaml *map, struct expr *e)
{
	uint32_t bytes = 1;

	(void)map;
	scalar_number(c, given, 1, 1u << 20, &bytes);
	return expr_wrap(&c->heap, NODE_TRUNCATE, bytes, e);
}

struct expr *source_transform_basename(struct compiler *c, const struct yaml *given,
				       const struct yaml *map, struct expr *e)
{
	bool yes = false;

	(void)map;
	scalar_bool(c, given, &yes);
	return yes ? expr_wrap(&c->heap, NODE_BASENAME, 0, e) : e;
}

struct expr *source_transform_split(struct compiler *c, const struct yaml *given,
				    const struct yaml *map, struct expr *e)
{
	const char *text = "";

	(void)map;
	scalar_text(c, given, &text);
	e = expr_wrap(&c->heap, NODE_SPLIT, 0, e);
	expr_add(&c->heap, e, expr_text(&c->heap, NODE_TEXT, text, given->at));
	return e;
}

/* The characters of a set, A-Za-z0-9_. with ranges written out. False: said. */
static bool read_set(struct compiler *c, const struct yaml *given, char into[129])
{
	bool in[128] = { false };
	unsigned count = 0;

	for (const char *p = given->text; *p != '\0'; p++) {
		bool range = p[1] == '-' && p[2] != '\0';
		unsigned char first = (unsigned char)p[0];
		unsigned char last = (unsigned char)p[range ? 2 : 0];

		if (first > 127 || last > 127 || last < first) {
			diagnose(&c->d, given->at,
				 "chars: takes ASCII characters and ranges, A-Za-z0-9_., a dash "
				 "first or last; not '%.60s'",
				 given->text);
			return false;
		}
		for (unsigned i = first; i <= last; i++)
			in[i] = true;
		p += range ? 2 : 0;
	}
	for (unsigned i = 1; i < 128; i++) {
		if (in[i])
			into[count++] = (char)i;
	}
	into[count] = '\0';
	return true;
}

struct expr *source_transform_chars(struct compiler *c, const struct yaml *given,
				    const struct yaml *map, struct expr *e)
{
	char set[129] = "";
	const char *text;

	(void)map;
	if (!scalar_text(c, given, &text) || !read_set(c, given, set))
		return e;
	e = expr_wrap(&c->heap, NODE_CHARS, 0, e);
	expr_add(&c->heap, e,
		 expr_text(&c->heap, NODE_TEXT, heap_text(&c->heap, set, strlen(set)), given->at));
	return e;
}
