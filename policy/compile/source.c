/*
 * Sources: { WORD: argument, parameters, transforms, else }, by the table of source.h.
 */
#include "policy/compile/source.h"

#include <string.h>

static const struct {
	const char *key, *parameters;
	struct expr *(*read)(struct compiler *c, const struct yaml *argument,
			     const struct yaml *map);
} words[] = {
#define WORD(key, parameters, takes, about) { #key, parameters, source_##key },
#define PARAMETER(key, takes, about)
#define TRANSFORM(key, takes, about)
#include "policy/compile/sources.def"
#undef WORD
#undef TRANSFORM
};

static const struct {
	const char *key;
	struct expr *(*read)(struct compiler *c, const struct yaml *given, const struct yaml *map,
			     struct expr *e);
} transforms[] = {
#define WORD(key, parameters, takes, about)
#define TRANSFORM(key, takes, about) { #key, source_transform_##key },
#include "policy/compile/sources.def"
#undef WORD
#undef PARAMETER
#undef TRANSFORM
};

#define WORDS	   (sizeof(words) / sizeof(words[0]))
#define TRANSFORMS (sizeof(transforms) / sizeof(transforms[0]))

/* Does the list, separated by spaces, have the word? */
static bool listed(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = length > 0 ? strstr(list, word) : NULL; at != NULL;
	     at = strstr(at + 1, word)) {
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	}
	return false;
}

/* A parameter that belongs to other words than this one: says to which. */
static void check_parameter(struct compiler *c, const char *word, const struct yaml *key)
{
	char owners[128] = "";

	for (size_t i = 0; i < TRANSFORMS; i++) {
		if (strcmp(transforms[i].key, key->text) == 0)
			return;
	}
	for (size_t i = 0; i < WORDS; i++) {
		if (!listed(words[i].parameters, key->text))
			continue;
		if (strcmp(words[i].key, word) == 0)
			return;
		if (strlen(owners) + strlen(words[i].key) + 8 < sizeof(owners))
			strcat(strcat(strcat(owners, owners[0] != '\0' ? " and " : ""),
				      words[i].key),
			       ":");
	}
	if (owners[0] != '\0')
		diagnose(&c->d, key->at, "%s: belongs to %s", key->text, owners);
}

/* The innermost part: what the word yields. */
static struct expr *read_word(struct compiler *c, const char *word, const struct yaml *argument,
			      const struct yaml *map)
{
	for (unsigned i = 0; i < map->count; i++)
		check_parameter(c, word, yaml_key(map, i));
	for (size_t i = 0; i < WORDS; i++) {
		if (strcmp(words[i].key, word) == 0)
			return words[i].read(c, argument, map);
	}
	return source_nothing(c, argument->at);
}

static const char *own_parameters(const char *word)
{
	for (size_t i = 0; i < WORDS; i++) {
		if (strcmp(words[i].key, word) == 0)
			return words[i].parameters;
	}
	return "";
}

/* In their fixed order, whatever order they were written in. own: the word's parameters. */
static struct expr *add_transforms(struct compiler *c, const char *own, const struct yaml *map,
				   struct expr *e)
{
	for (size_t i = 0; i < TRANSFORMS && e->op != EXPR_REMOVED; i++) {
		const struct yaml *given = yaml_get(map, transforms[i].key);

		if (given != NULL && !listed(own, transforms[i].key))
			e = transforms[i].read(c, given, map, e);
	}
	return e;
}

/* What may stand in this mapping, for a finding: beside the word, or as the word. */
static const char *const *allowed(struct compiler *c, bool beside, bool with_tests)
{
	const enum key_scope scope[2] = { beside ? KEYS_PARAMETER : KEYS_SOURCE,
					  beside ? KEYS_TEST : KEYS_LOGIC };
	const char **all = heap_take(&c->heap, 2 * (KEYS_MAX + 1) * sizeof(*all));
	unsigned count = 0;

	for (unsigned i = 0; i < (with_tests ? 2 : 1); i++) {
		keys_of(scope[i], all + count);
		while (all[count] != NULL)
			count++;
	}
	return all;
}

bool source_is_of_lookup(const struct yaml *map, const struct yaml *key)
{
	return strcmp(key->text, "is") == 0 && yaml_get(map, "lookup") != NULL;
}

/* The pair of the word, or -1 after a finding. */
static int find_word(struct compiler *c, const struct yaml *map, bool with_tests)
{
	const struct yaml *omit = yaml_get(map, "omit");
	const struct yaml *stranger = NULL;
	char list[256];
	int found = -1;

	for (unsigned i = 0; i < map->count; i++) {
		const struct yaml *key = yaml_key(map, i);

		if (keys_have(KEYS_SOURCE, key->text) && found >= 0)
			diagnose(&c->d, key->at, "a source has one word: '%s' stands beside '%s'",
				 key->text, yaml_key(map, (unsigned)found)->text);
		else if (keys_have(KEYS_SOURCE, key->text))
			found = (int)i;
		else if (!keys_have(KEYS_PARAMETER, key->text) &&
			 !(with_tests && keys_have(KEYS_TEST, key->text)) &&
			 !source_is_of_lookup(map, key) && stranger == NULL)
			stranger = key;
	}
	if (stranger != NULL)
		diagnose_unknown(&c->d, stranger->at, found >= 0 ? "key of a source" : "source",
				 stranger->text, allowed(c, found >= 0, with_tests));
	else if (found < 0 && (omit == NULL || strcmp(omit->text, "always") != 0))
		diagnose(&c->d, map->at, "a source needs one of its words: %s",
			 diagnose_list(allowed(c, false, false), list, sizeof(list)));
	return found;
}

static struct expr *read_map(struct compiler *c, const struct yaml *y, bool with_tests)
{
	int word = find_word(c, y, with_tests);
	const char *const texts[] = { "about", "example" };
	const char *name = word >= 0 ? yaml_key(y, (unsigned)word)->text : "";
	const char *text;
	struct expr *e;

	for (unsigned i = 0; i < 2; i++) {
		if (yaml_get(y, texts[i]) != NULL)
			scalar_text(c, yaml_get(y, texts[i]), &text);
	}
	e = word >= 0 ? read_word(c, name, yaml_value(y, (unsigned)word), y)
		      : source_nothing(c, y->at);
	return add_transforms(c, own_parameters(name), y, e);
}

static struct expr *refuse_removal(struct compiler *c, struct expr *e)
{
	if (e->op != EXPR_REMOVED)
		return e;
	diagnose(&c->d, e->at,
		 "omit: always takes away what is inherited, in context, properties, object and "
		 "user");
	return source_nothing(c, e->at);
}

struct expr *source_of_map(struct compiler *c, const struct yaml *y, bool with_tests)
{
	return refuse_removal(c, read_map(c, y, with_tests));
}

struct expr *source_or_removal(struct compiler *c, const struct yaml *y)
{
	if (y->kind == YAML_SCALAR)
		return template_of_value(c, y);
	if (y->kind == YAML_MAP)
		return read_map(c, y, false);
	diagnose(&c->d, y->at, "a source is a text or a mapping such as { env: NAME }, not a list");
	return source_nothing(c, y->at);
}

struct expr *source_of(struct compiler *c, const struct yaml *y)
{
	return refuse_removal(c, source_or_removal(c, y));
}

struct expr *source_object(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	(void)map;
	return source_pairs(c, argument, "object");
}

struct expr *source_pairs(struct compiler *c, const struct yaml *y, const char *where)
{
	struct expr *object = expr_new(&c->heap, NODE_OBJECT, 0, y->at);
	char found[80];

	if (y->kind != YAML_MAP) {
		diagnose(&c->d, y->at, "%s is a mapping of names to sources, not %s", where,
			 yaml_describe(y, found));
		return object;
	}
	for (unsigned i = 0; i < y->count; i++) {
		const struct yaml *key = yaml_key(y, i);

		if (key->text[0] == '\0')
			diagnose(&c->d, key->at, "a name is expected here");
		expr_add(&c->heap, object, expr_text(&c->heap, NODE_TEXT, key->text, key->at));
		expr_add(&c->heap, object, source_or_removal(c, yaml_value(y, i)));
	}
	return object;
}
