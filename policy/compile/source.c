/*
 * Sources: { WORD: argument, parameters, transforms, else }.
 */
#include <ctype.h>
#include <string.h>

#include "policy/compile/compiler.h"

static struct expr *nothing(struct compiler *c, struct mark at)
{
	return expr_new(&c->heap, NODE_NULL, 0, at);
}

static struct expr *read_value(struct compiler *c, const struct yaml *argument)
{
	if (argument->kind == YAML_SCALAR)
		return template_of_value(c, argument);
	diagnose(&c->d, argument->at,
		 "value: takes a constant or a template; nested JSON is object:");
	return nothing(c, argument->at);
}

static bool is_variable(const char *name)
{
	if (!isalpha((unsigned char)name[0]) && name[0] != '_')
		return false;
	for (; *name != '\0'; name++) {
		if (!isalnum((unsigned char)*name) && *name != '_')
			return false;
	}
	return true;
}

/* One ENV for each name, numbered in the order of their appearance. */
static struct expr *read_env(struct compiler *c, const struct yaml *argument)
{
	const char *name = "";
	struct expr *e;

	if (!scalar_text(c, argument, &name))
		return nothing(c, argument->at);
	if (!is_variable(name)) {
		diagnose(&c->d, argument->at, "env: takes the name of one variable, not '%.60s'",
			 name);
		return nothing(c, argument->at);
	}
	for (unsigned i = 0; i < c->variables; i++) {
		if (strcmp(c->environment[i]->operand[0]->text, name) == 0)
			return c->environment[i];
	}
	e = expr_new(&c->heap, NODE_ENV, c->variables, argument->at);
	expr_add(&c->heap, e, expr_text(&c->heap, NODE_TEXT, name, argument->at));
	c->environment = heap_grow(&c->heap, c->environment, c->variables, sizeof(e));
	c->environment[c->variables++] = e;
	return e;
}

static struct expr *read_spellings(struct compiler *c, const struct yaml *argument, enum node_op op)
{
	struct expr *e = scalar_texts(c, argument, op);

	for (unsigned i = 0; i < e->count; i++) {
		const char *spelling = e->operand[i]->text;

		if (spelling[0] != '-' || spelling[1] == '\0' || strchr(spelling, '=') != NULL)
			diagnose(&c->d, e->operand[i]->at,
				 "a spelling as on the command line is expected: --name or -n, not "
				 "'%.60s'",
				 spelling);
	}
	return e;
}

static struct expr *read_argument(struct compiler *c, const struct yaml *argument,
				  const struct yaml *map)
{
	static const char *const whose[] = { "child", NULL };
	const struct yaml *of = yaml_get(map, "of");
	uint32_t place = 1;

	scalar_number(c, argument, 1, 255, &place);
	if (of != NULL && strcmp(of->text, whose[0]) != 0)
		diagnose_unknown(&c->d, of->at, "owner of a word", of->text, whose);
	return expr_new(&c->heap, of != NULL ? NODE_CHILD_ARGUMENT : NODE_ARGUMENT, place,
			argument->at);
}

static struct expr *read_id(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	static const char *const kinds[] = { "run", "installation", "keyed", NULL };
	const struct yaml *key = yaml_get(map, "for");
	const char *kind = argument->text;

	if (key != NULL && strcmp(kind, "keyed") != 0)
		diagnose(&c->d, key->at, "for: belongs to `id: keyed`");
	if (strcmp(kind, "run") == 0)
		return expr_new(&c->heap, NODE_ID_RUN, 0, argument->at);
	if (strcmp(kind, "installation") == 0)
		return expr_new(&c->heap, NODE_ID_INSTALLATION, 0, argument->at);
	if (strcmp(kind, "keyed") != 0) {
		diagnose_unknown(&c->d, argument->at, "id", kind, kinds);
		return nothing(c, argument->at);
	}
	if (key == NULL) {
		diagnose(&c->d, argument->at,
			 "`id: keyed` needs for: a source, one id for each of its values");
		return nothing(c, argument->at);
	}
	return expr_wrap(&c->heap, NODE_ID_KEYED, 0, source_of(c, key));
}

/* The innermost part: what the word yields. */
static struct expr *read_word(struct compiler *c, const char *word, const struct yaml *argument,
			      const struct yaml *map)
{
	if (strcmp(word, "id") != 0 && yaml_get(map, "for") != NULL)
		diagnose(&c->d, yaml_get(map, "for")->at, "for: belongs to `id: keyed`");
	if (strcmp(word, "arg") != 0 && yaml_get(map, "of") != NULL)
		diagnose(&c->d, yaml_get(map, "of")->at, "of: belongs to arg:");
	if (strcmp(word, "value") == 0)
		return read_value(c, argument);
	if (strcmp(word, "env") == 0)
		return read_env(c, argument);
	if (strcmp(word, "flag") == 0)
		return read_spellings(c, argument, NODE_FLAG);
	if (strcmp(word, "option") == 0)
		return read_spellings(c, argument, NODE_OPTION);
	if (strcmp(word, "arg") == 0)
		return read_argument(c, argument, map);
	if (strcmp(word, "id") == 0)
		return read_id(c, argument, map);
	return source_object(c, argument, "object");
}

struct omission {
	uint32_t bits;
	bool always;
};

static void read_omit(struct compiler *c, const struct yaml *one, void *context)
{
	static const char *const words[] = { "zero", "empty", "null", "always", NULL };
	struct omission *omission = context;

	if (strcmp(one->text, "zero") == 0)
		omission->bits |= OMIT_ZERO;
	else if (strcmp(one->text, "empty") == 0)
		omission->bits |= OMIT_EMPTY;
	else if (strcmp(one->text, "null") == 0)
		omission->bits |= OMIT_NULL;
	else if (strcmp(one->text, "always") == 0)
		omission->always = true;
	else
		diagnose_unknown(&c->d, one->at, "word of omit", one->text, words);
}

static void add_word(struct compiler *c, const struct yaml *one, void *list)
{
	expr_add(&c->heap, list, expr_text(&c->heap, NODE_TEXT, one->text, one->at));
}

/* Transforms in their fixed order, whatever order they were written in. */
static struct expr *add_transforms(struct compiler *c, const struct yaml *map, struct expr *e)
{
	const struct yaml *one_of = yaml_get(map, "one_of");
	const struct yaml *omit = yaml_get(map, "omit");
	const struct yaml *otherwise = yaml_get(map, "else");
	const struct yaml *secret = yaml_get(map, "secret");
	struct omission omission = { 0 };
	bool is_secret = false;

	if (one_of != NULL) {
		e = expr_wrap(&c->heap, NODE_ONE_OF, otherwise != NULL, e);
		scalar_each(c, one_of, add_word, e);
	}
	if (omit != NULL)
		scalar_each(c, omit, read_omit, &omission);
	if (omission.always)
		return expr_new(&c->heap, EXPR_REMOVED, 0, map->at);
	if (omission.bits != 0)
		e = expr_wrap(&c->heap, NODE_OMIT, omission.bits, e);
	if (otherwise != NULL) {
		e = expr_wrap(&c->heap, NODE_ELSE, 0, e);
		expr_add(&c->heap, e, source_of(c, otherwise));
	}
	if (secret != NULL && scalar_bool(c, secret, &is_secret) && is_secret)
		e = expr_wrap(&c->heap, NODE_SECRET, 0, e);
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

/* The pair of the word, or -1 after a finding. */
static int find_word(struct compiler *c, const struct yaml *map, bool with_tests)
{
	const struct yaml *omit = yaml_get(map, "omit");
	const struct yaml *stranger = NULL;
	int found = -1;

	for (unsigned i = 0; i < map->count; i++) {
		const struct yaml *key = yaml_key(map, i);

		if (keys_have(KEYS_SOURCE, key->text) && found >= 0)
			diagnose(&c->d, key->at, "a source has one word: '%s' stands beside '%s'",
				 key->text, yaml_key(map, (unsigned)found)->text);
		else if (keys_have(KEYS_SOURCE, key->text))
			found = (int)i;
		else if (!keys_have(KEYS_PARAMETER, key->text) &&
			 !(with_tests && keys_have(KEYS_TEST, key->text)) && stranger == NULL)
			stranger = key;
	}
	if (stranger != NULL)
		diagnose_unknown(&c->d, stranger->at, found >= 0 ? "key of a source" : "source",
				 stranger->text, allowed(c, found >= 0, with_tests));
	else if (found < 0 && (omit == NULL || strcmp(omit->text, "always") != 0))
		diagnose(&c->d, map->at,
			 "a source needs one of its words: value, env, flag, option, arg, id or "
			 "object");
	return found;
}

static struct expr *read_map(struct compiler *c, const struct yaml *y, bool with_tests)
{
	int word = find_word(c, y, with_tests);
	const char *const texts[] = { "about", "example" };
	const char *text;
	struct expr *e;

	for (unsigned i = 0; i < 2; i++) {
		if (yaml_get(y, texts[i]) != NULL)
			scalar_text(c, yaml_get(y, texts[i]), &text);
	}
	if (word < 0)
		e = nothing(c, y->at);
	else
		e = read_word(c, yaml_key(y, (unsigned)word)->text, yaml_value(y, (unsigned)word),
			      y);
	return add_transforms(c, y, e);
}

static struct expr *refuse_removal(struct compiler *c, struct expr *e)
{
	if (e->op != EXPR_REMOVED)
		return e;
	diagnose(&c->d, e->at,
		 "omit: always takes away what is inherited, in context, properties, object and "
		 "user");
	return nothing(c, e->at);
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
	return nothing(c, y->at);
}

struct expr *source_of(struct compiler *c, const struct yaml *y)
{
	return refuse_removal(c, source_or_removal(c, y));
}

struct expr *source_object(struct compiler *c, const struct yaml *y, const char *where)
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
