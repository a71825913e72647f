/*
 * Identifiers: `id` with `for`, `alphabet`, `length`, `kept_in`.
 */
#include <string.h>

#include "policy/compile/source.h"

#define LENGTH_MOST 64

static bool is_letter(char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '\\';
}

/* a-z0-9_ as all its characters, each once; NULL: it is no such list. */
static char *letters_of(struct compiler *c, const char *text)
{
	char *letters = heap_take(&c->heap, 128);
	size_t count = 0;

	for (const char *p = text; *p != '\0'; p++) {
		char last = p[1] == '-' && p[2] != '\0' ? p[2] : p[0];

		if (!is_letter(p[0]) || !is_letter(last) || last < p[0])
			return NULL;
		for (char letter = p[0]; letter <= last; letter++) {
			if (is_letter(letter) && strchr(letters, letter) == NULL)
				letters[count++] = letter;
		}
		if (last != p[0])
			p += 2;
	}
	return count > 1 ? letters : NULL;
}

static struct expr *read_alphabet(struct compiler *c, const struct yaml *map, uint32_t *length)
{
	const struct yaml *alphabet = yaml_get(map, "alphabet");
	const struct yaml *given = yaml_get(map, "length");
	const char *text = "", *letters;

	*length = 0;
	if (alphabet == NULL || given == NULL) {
		if (alphabet != NULL || given != NULL)
			diagnose(
				&c->d, (alphabet != NULL ? alphabet : given)->at,
				"alphabet: and length: stand together: { alphabet: a-z0-9, length: "
				"16 }");
		return NULL;
	}
	scalar_number(c, given, 1, LENGTH_MOST, length);
	if (!scalar_text(c, alphabet, &text))
		return NULL;
	letters = letters_of(c, text);
	if (letters == NULL)
		diagnose(&c->d, alphabet->at,
			 "alphabet: takes two characters at least, and ranges: a-z0-9; not '%.60s'",
			 text);
	return letters != NULL ? expr_text(&c->heap, NODE_TEXT, letters, alphabet->at) : NULL;
}

/* An absolute path, or one below the user's home. */
static struct expr *read_file(struct compiler *c, const struct yaml *y)
{
	static const struct yaml home = { .kind = YAML_SCALAR, .text = "HOME" };
	struct expr *path, *parts;

	if (y == NULL)
		return NULL;
	path = source_of(c, y);
	if (path->op != NODE_TEXT)
		return path;
	if (strncmp(path->text, "~/", 2) != 0) {
		if (path->text[0] != '/')
			diagnose(&c->d, y->at,
				 "kept_in: takes an absolute path, or one that begins with ~/");
		return path;
	}
	parts = expr_new(&c->heap, NODE_TEMPLATE, 0, y->at);
	expr_add(&c->heap, parts, source_env(c, &home, NULL));
	expr_add(&c->heap, parts, expr_text(&c->heap, NODE_TEXT, path->text + 1, y->at));
	return parts;
}

struct expr *source_id(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	static const char *const kinds[] = { "run", "installation", "keyed", NULL };
	static const enum node_op ops[] = { NODE_ID_RUN, NODE_ID_INSTALLATION, NODE_ID_KEYED };
	const struct yaml *key = yaml_get(map, "for");
	uint32_t kind = 0, length;
	struct expr *id, *alphabet = read_alphabet(c, map, &length);

	if (!scalar_choice(c, argument, "id", kinds, &kind))
		return source_nothing(c, argument->at);
	id = expr_new(&c->heap, ops[kind], length, argument->at);
	if ((key != NULL) != (ops[kind] == NODE_ID_KEYED))
		diagnose(&c->d, key != NULL ? key->at : argument->at,
			 key != NULL ? "for: belongs to `id: keyed`"
				     : "`id: keyed` needs for: a source, one id for each of its "
				       "values");
	if (ops[kind] == NODE_ID_RUN) {
		if (alphabet != NULL || yaml_get(map, "kept_in") != NULL)
			diagnose(&c->d, argument->at,
				 "`id: run` is a UUID and kept nowhere: alphabet: and kept_in: are "
				 "for the others");
		return id;
	}
	if (key != NULL)
		expr_add(&c->heap, id, source_of(c, key));
	expr_add(&c->heap, id, alphabet);
	expr_add(&c->heap, id, read_file(c, yaml_get(map, "kept_in")));
	return id;
}
