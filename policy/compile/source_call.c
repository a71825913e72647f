/*
 * { parameter: … }: a parameter of the called function, by its place or its name in the prototype.
 */
#include <string.h>

#include "policy/compile/calls.h"
#include "policy/compile/source.h"

static const struct {
	const char *word;
	uint32_t class;
	unsigned bytes;
} kinds[] = {
#define KIND(name, text, class, bytes) { text, CALL_##class, bytes },
#include "policy/call_kinds.def"
#undef KIND
};

static bool is_number(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* Its place in the prototype, 0: not there. */
static unsigned find_name(const struct policy_symbol *s, const char *name)
{
	for (unsigned i = 0; i < s->parameters; i++) {
		if (s->parameter[i].name != NULL && strcmp(s->parameter[i].name, name) == 0)
			return i + 1;
	}
	return 0;
}

static void unknown_name(struct compiler *c, const struct policy_symbol *s, const struct yaml *y)
{
	const char *names[CALL_PARAMETERS + 1];
	unsigned count = 0;

	for (unsigned i = 0; i < s->parameters; i++) {
		if (s->parameter[i].name != NULL)
			names[count++] = s->parameter[i].name;
	}
	names[count] = NULL;
	if (count > 0)
		diagnose_unknown(&c->d, y->at, "parameter", y->text, names);
	else
		diagnose(&c->d, y->at,
			 "'%.60s' is no parameter of %.60s: write its place (1, 2), or the "
			 "prototype with names in call:",
			 y->text, s->name);
}

/* A place, or a name of the prototypes. False after a finding. */
static bool read_place(struct compiler *c, const struct yaml *y, uint32_t *into)
{
	unsigned place = 0;

	if (is_number(y->text))
		return scalar_number(c, y, 1, CALL_PLACES, into);
	if (c->callings == 0) {
		diagnose(&c->d, y->at,
			 "a parameter goes by its name only in an event or a measure whose call: "
			 "has a prototype; elsewhere by its place: 1, 2");
		return false;
	}
	for (unsigned i = 0; i < c->callings; i++) {
		for (unsigned j = 0; j < c->calling[i].symbols; j++) {
			const struct policy_symbol *s = &c->calling[i].symbol[j];
			unsigned here = find_name(s, y->text);

			if (here == 0) {
				unknown_name(c, s, y);
				return false;
			}
			if (place != 0 && place != here) {
				diagnose(&c->d, y->at,
					 "'%.60s' has different places in these functions: give "
					 "each an event or a measure of its own",
					 y->text);
				return false;
			}
			place = here;
		}
	}
	*into = place;
	return place != 0;
}

/* What the prototypes say of the place; CALL_VOID: nothing. */
static uint32_t known_kind(const struct compiler *c, unsigned place, bool *text)
{
	for (unsigned i = 0; i < c->callings; i++) {
		for (unsigned j = 0; j < c->calling[i].symbols; j++) {
			const struct policy_symbol *s = &c->calling[i].symbol[j];

			if (!s->prototype || place > s->parameters)
				continue;
			*text = s->parameter[place - 1].text;
			return s->parameter[place - 1].kind;
		}
	}
	return CALL_VOID;
}

/* CALL_VOID: none was given; CALL_KIND_COUNT after a finding. */
static uint32_t read_as(struct compiler *c, const struct yaml *y)
{
	const char *words[8];
	unsigned count = 0;

	if (y == NULL)
		return CALL_VOID;
	for (uint32_t i = 0; i < CALL_KIND_COUNT; i++) {
		if (kinds[i].word[0] == '\0')
			continue;
		if (strcmp(kinds[i].word, y->text) == 0)
			return i;
		words[count++] = kinds[i].word;
	}
	words[count] = NULL;
	diagnose_unknown(&c->d, y->at, "kind of parameter", y->text, words);
	return CALL_KIND_COUNT;
}

/* The prototype's width, in the class that `as` asks for. */
static uint32_t of_width(uint32_t as, unsigned bytes)
{
	for (uint32_t i = CALL_INT8; i < CALL_KIND_COUNT; i++) {
		if (kinds[i].class == kinds[as].class && kinds[i].bytes == bytes)
			return i;
	}
	return as;
}

static uint32_t settle_kind(struct compiler *c, struct mark at, uint32_t as, uint32_t known,
			    bool text)
{
	if (as == CALL_VOID)
		return known == CALL_VOID ? CALL_INT : text ? CALL_TEXT : known;
	if ((kinds[as].class == CALL_IS_FLOAT) != (kinds[known].class == CALL_IS_FLOAT)) {
		diagnose(&c->d, at,
			 known == CALL_VOID ? "as: float needs the prototype in call:, to know "
					      "where the float is"
					    : "the prototype says that it is %s float",
			 as == CALL_FLOAT ? "no" : "a");
		return known == CALL_VOID ? CALL_INT : known;
	}
	if (known == CALL_VOID || as == CALL_TEXT || as == CALL_POINTER)
		return as;
	return of_width(as, kinds[known].bytes);
}

struct expr *source_parameter(struct compiler *c, const struct yaml *argument,
			      const struct yaml *map)
{
	const struct yaml *length = yaml_get(map, "length");
	uint32_t as = read_as(c, yaml_get(map, "as"));
	uint32_t place = 0, length_place = 0, known;
	bool text = false;

	if (as == CALL_KIND_COUNT || !read_place(c, argument, &place) ||
	    (length != NULL && !read_place(c, length, &length_place)))
		return source_nothing(c, argument->at);
	if (length != NULL && as != CALL_VOID && as != CALL_TEXT)
		diagnose(&c->d, length->at, "length: belongs to as: text");
	known = known_kind(c, place, &text);
	if (length != NULL && as == CALL_VOID)
		as = CALL_TEXT;
	return expr_new(
		&c->heap, NODE_PARAMETER,
		CALL_KEY(place, settle_kind(c, argument->at, as, known, text), length_place),
		argument->at);
}
