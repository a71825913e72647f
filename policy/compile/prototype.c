/*
 * C prototypes, as far as a hook must know them: which machine word each parameter comes in, and
 * how it is read. Types by name only: nothing is looked up in headers.
 */
#include <ctype.h>
#include <limits.h>
#include <string.h>

#include "policy/compile/calls.h"

#define WORDS_MAX 8

/* A declaration, taken apart: words without qualifiers, and what stood around them. */
struct declaration {
	const char *word[WORDS_MAX];
	unsigned words;
	bool pointer; /* also an array, or a function */
	bool constant;
	bool unclear;
};

struct reader {
	struct compiler *c;
	const struct yaml *y;
	const char *at;
};

static const struct {
	const char *name;
	uint32_t kind;
} types[] = {
	{ "void", CALL_VOID },
	{ "char", CHAR_MIN < 0 ? CALL_INT8 : CALL_UINT8 },
	{ "signed char", CALL_INT8 },
	{ "unsigned char", CALL_UINT8 },
	{ "short", CALL_INT16 },
	{ "short int", CALL_INT16 },
	{ "unsigned short", CALL_UINT16 },
	{ "unsigned short int", CALL_UINT16 },
	{ "int", CALL_INT32 },
	{ "signed", CALL_INT32 },
	{ "signed int", CALL_INT32 },
	{ "unsigned", CALL_UINT32 },
	{ "unsigned int", CALL_UINT32 },
	{ "long", CALL_INT64 },
	{ "long int", CALL_INT64 },
	{ "long long", CALL_INT64 },
	{ "long long int", CALL_INT64 },
	{ "unsigned long", CALL_UINT },
	{ "unsigned long int", CALL_UINT },
	{ "unsigned long long", CALL_UINT },
	{ "unsigned long long int", CALL_UINT },
	{ "float", CALL_FLOAT32 },
	{ "double", CALL_FLOAT },
	{ "bool", CALL_UINT8 },
	{ "_Bool", CALL_UINT8 },
	{ "size_t", CALL_UINT },
	{ "ssize_t", CALL_INT64 },
	{ "ptrdiff_t", CALL_INT64 },
	{ "intptr_t", CALL_INT64 },
	{ "uintptr_t", CALL_UINT },
	{ "off_t", CALL_INT64 },
	{ "off64_t", CALL_INT64 },
	{ "time_t", CALL_INT64 },
	{ "clock_t", CALL_INT64 },
	{ "clockid_t", CALL_INT32 },
	{ "pid_t", CALL_INT32 },
	{ "uid_t", CALL_UINT32 },
	{ "gid_t", CALL_UINT32 },
	{ "mode_t", CALL_UINT32 },
	{ "dev_t", CALL_UINT },
	{ "ino_t", CALL_UINT },
	{ "nfds_t", CALL_UINT },
	{ "socklen_t", CALL_UINT32 },
	{ "sa_family_t", CALL_UINT16 },
	{ "pthread_t", CALL_UINT },
	{ "int8_t", CALL_INT8 },
	{ "int16_t", CALL_INT16 },
	{ "int32_t", CALL_INT32 },
	{ "int64_t", CALL_INT64 },
	{ "uint8_t", CALL_UINT8 },
	{ "uint16_t", CALL_UINT16 },
	{ "uint32_t", CALL_UINT32 },
	{ "uint64_t", CALL_UINT },
	{ "enum", CALL_INT32 },
};
#define TYPES (sizeof(types) / sizeof(types[0]))

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcmp(word, *words) == 0)
			return true;
	}
	return false;
}

static void skip_blanks(struct reader *r)
{
	while (isspace((unsigned char)*r->at))
		r->at++;
}

static bool is_letter(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static const char *take_word(struct reader *r)
{
	const char *from = r->at;

	while (is_letter(*r->at))
		r->at++;
	return heap_text(&r->c->heap, from, (size_t)(r->at - from));
}

static void add_word(struct declaration *d, const char *word)
{
	static const char *const qualifiers[] = {
		"volatile", "restrict", "__restrict", "__restrict__", "extern",
		"register", "inline",	"struct",     "union",	      NULL
	};

	if (strcmp(word, "const") == 0)
		d->constant |= !d->pointer;
	else if (strcmp(word, "struct") == 0 || strcmp(word, "union") == 0)
		d->unclear = true; /* by value: its words tell nothing */
	else if (is_one_of(word, qualifiers))
		return;
	else if (d->words < WORDS_MAX)
		d->word[d->words++] = word;
}

/* The inside of a pair of brackets: the name of a pointer to a function, or the bounds of an array.
 */
static void skip_brackets(struct reader *r, struct declaration *d)
{
	unsigned depth = 0;
	bool first = !d->pointer && d->words > 0 && *r->at == '(';

	d->pointer = true;
	do {
		if (*r->at == '(' || *r->at == '[')
			depth++;
		else if (*r->at == ')' || *r->at == ']')
			depth--;
		if (first && is_letter(*r->at)) {
			d->word[d->words < WORDS_MAX ? d->words++ : WORDS_MAX - 1] = take_word(r);
			first = false;
			continue;
		}
		r->at++;
	} while (depth > 0 && *r->at != '\0');
}

/* Up to a comma or a bracket that belongs to who called. */
static struct declaration read_declaration(struct reader *r, bool is_result)
{
	struct declaration d = { 0 };

	for (skip_blanks(r); *r->at != '\0'; skip_blanks(r)) {
		if (*r->at == ',' || *r->at == ')' || (*r->at == '(' && is_result))
			break;
		if (*r->at == '*') {
			d.pointer = true;
			r->at++;
		} else if (*r->at == '(' || *r->at == '[') {
			skip_brackets(r, &d);
		} else if (is_letter(*r->at)) {
			add_word(&d, take_word(r));
		} else {
			d.unclear = true;
			break;
		}
	}
	return d;
}

static bool is_type_word(const char *word)
{
	static const char *const words[] = { "void",	 "char",  "short",  "int",
					     "long",	 "float", "double", "signed",
					     "unsigned", "bool",  "_Bool",  NULL };

	return is_one_of(word, words);
}

/* How many of its words are the type. */
static unsigned type_words(const struct declaration *d)
{
	unsigned count = 0;

	if (d->words > 0 && strcmp(d->word[0], "enum") == 0)
		return 2;
	while (count < d->words && is_type_word(d->word[count]))
		count++;
	return count == 0 && d->words > 0 ? 1 : count;
}

static void join(const struct declaration *d, unsigned words, char into[64])
{
	into[0] = '\0';
	if (words > 0 && strcmp(d->word[0], "enum") == 0)
		words = 1;
	for (unsigned i = 0; i < words; i++) {
		if (strlen(into) + strlen(d->word[i]) + 2 < 64)
			strcat(strcat(into, i > 0 ? " " : ""), d->word[i]);
	}
}

/* The kind of the type in front, CALL_KIND_COUNT after a finding. */
static uint32_t kind_of(struct reader *r, const struct declaration *d, unsigned words)
{
	const char *names[TYPES + 1];
	const char *nearest;
	char type[64];

	if (d->pointer && words > 0)
		return CALL_POINTER;
	join(d, words, type);
	for (unsigned i = 0; i < TYPES && !d->unclear; i++) {
		names[i] = types[i].name;
		names[i + 1] = NULL;
		if (strcmp(types[i].name, type) == 0)
			return types[i].kind;
	}
	if (d->unclear || strcmp(type, "long double") == 0) {
		diagnose(&r->c->d, r->y->at,
			 "'%.60s' is passed in a way that can not be read: name the function "
			 "without "
			 "its prototype",
			 d->unclear ? "a struct or union by value" : type);
		return CALL_KIND_COUNT;
	}
	nearest = diagnose_nearest(type, names);
	diagnose(&r->c->d, r->y->at,
		 "unknown type '%.40s' in the prototype%s%s%s: write the C type behind it (int, "
		 "unsigned long, double, a pointer)",
		 type, nearest != NULL ? ": did you mean '" : "", nearest != NULL ? nearest : "",
		 nearest != NULL ? "'" : "");
	return CALL_KIND_COUNT;
}

static bool refuse(struct reader *r, const char *what)
{
	diagnose(&r->c->d, r->y->at,
		 "%s: a function is a name, NAME@VERSION, or a prototype such as \"int listen(int "
		 "fd, int backlog)\"",
		 what);
	return false;
}

static bool read_parameter(struct reader *r, struct policy_symbol *s)
{
	struct declaration d;
	unsigned words;
	uint32_t kind;

	skip_blanks(r);
	if (strncmp(r->at, "...", 3) == 0) {
		s->variadic = true;
		r->at += 3;
		skip_blanks(r);
		return true;
	}
	d = read_declaration(r, false);
	words = type_words(&d);
	if (d.words == 0 || d.words > words + 1)
		return refuse(r, "the parameters of the prototype are unclear");
	kind = kind_of(r, &d, words);
	if (kind == CALL_KIND_COUNT)
		return false;
	if (kind == CALL_VOID && s->parameters == 0 && *r->at == ')' && d.words == words)
		return true;
	if (kind == CALL_VOID)
		return refuse(r, "a parameter can not be void");
	if (s->parameters == CALL_PARAMETERS)
		return refuse(r, "the prototype has more than 31 parameters");
	s->parameter[s->parameters].name = d.words > words ? d.word[words] : NULL;
	s->parameter[s->parameters].text =
		kind == CALL_POINTER && d.constant && words == 1 && strcmp(d.word[0], "char") == 0;
	s->parameter[s->parameters++].kind = kind;
	return true;
}

static bool read_parameters(struct reader *r, struct policy_symbol *s)
{
	r->at++;
	skip_blanks(r);
	if (*r->at == ')')
		s->variadic = true; /* (): nothing is said of them */
	while (*r->at != ')') {
		if (!read_parameter(r, s))
			return false;
		if (*r->at != ',' && *r->at != ')')
			return refuse(r, "the prototype does not end");
		r->at += *r->at == ',';
	}
	r->at++;
	skip_blanks(r);
	if (*r->at == ';')
		r->at++;
	skip_blanks(r);
	return *r->at == '\0' || refuse(r, "something stands behind the prototype");
}

/* NAME or NAME@VERSION: the text that is left begins with it. */
static bool read_name(struct reader *r, struct policy_symbol *s)
{
	const char *version;

	skip_blanks(r);
	if (!is_letter(*r->at) || isdigit((unsigned char)*r->at))
		return refuse(r, "the name of a function is expected");
	s->name = take_word(r);
	if (*r->at != '@')
		return true;
	version = r->at + strspn(r->at, "@");
	r->at = version;
	while (is_letter(*r->at) || *r->at == '.' || *r->at == '-')
		r->at++;
	s->version = heap_text(&r->c->heap, version, (size_t)(r->at - version));
	return s->version[0] != '\0' || refuse(r, "a version is expected behind @");
}

/* The result's type and the name: "int listen", "char *getenv@GLIBC_2.2.5". */
static bool read_head(struct reader *r, const char *open, struct policy_symbol *s)
{
	const char *name = open;
	struct declaration d;
	char *result;
	struct reader of_result = *r;

	while (name > r->at && isspace((unsigned char)name[-1]))
		name--;
	while (name > r->at && (is_letter(name[-1]) || strchr("@.-", name[-1]) != NULL))
		name--;
	result = heap_text(&r->c->heap, r->at, (size_t)(name - r->at));
	of_result.at = result;
	d = read_declaration(&of_result, true);
	if (d.words == 0 || *of_result.at != '\0' || d.words > type_words(&d))
		return refuse(r, "the prototype does not begin with the type of its result");
	s->result = kind_of(&of_result, &d, d.words);
	r->at = name;
	if (s->result == CALL_KIND_COUNT || !read_name(r, s))
		return false;
	skip_blanks(r);
	return r->at == open || refuse(r, "the name of a function is expected in front of (");
}

bool prototype_read(struct compiler *c, const struct yaml *y, struct policy_symbol *into)
{
	struct reader r = { c, y, y->text };
	const char *open = strchr(y->text, '(');

	*into = (struct policy_symbol){ .at = y->at, .result = CALL_INT };
	if (open != NULL) {
		into->prototype = true;
		return read_head(&r, open, into) && read_parameters(&r, into);
	}
	if (!read_name(&r, into))
		return false;
	skip_blanks(&r);
	return *r.at == '\0' || refuse(&r, "something stands behind the name of the function");
}
