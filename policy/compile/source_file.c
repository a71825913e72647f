/*
 * The words that look into files, and those that choose from a list: file, size, list, lookup.
 */
#include <string.h>

#include "policy/compile/source.h"
#include "policy/facts.h"
#include "policy/file.h"
#include "policy/find.h"
#include "policy/tree.h"

/* Behind what only keeps a value. */
static const struct expr *itself(const struct expr *e)
{
	while (e->op == NODE_MEMO)
		e = e->operand[0];
	return e;
}

/* The path as it begins, as far as that is known: a constant, or a template's first part. */
static const char *beginning(const struct expr *path)
{
	path = itself(path);
	if (path->op == NODE_TEMPLATE && path->operand[0]->op == NODE_TEXT)
		return path->operand[0]->text;
	return path->op == NODE_TEXT ? path->text : NULL;
}

static struct expr *home(struct compiler *c, struct mark at)
{
	struct yaml name = { .kind = YAML_SCALAR, .at = at, .text = "HOME" };

	return source_env(c, &name, NULL);
}

/* The path and the places that it may begin at, which a start has to record. */
static struct expr *place_of(struct compiler *c, const struct yaml *argument, enum node_op op)
{
	struct expr *e = expr_new(&c->heap, op, 0, argument->at);
	const char *known = NULL;

	if (argument->kind != YAML_SCALAR || argument->text[0] == '\0') {
		diagnose(&c->d, argument->at,
			 "a path is expected here: ~/.app/config.json, /etc/os-release, or "
			 "\"${name}\"");
		expr_add(&c->heap, e, source_nothing(c, argument->at));
	} else {
		expr_add(&c->heap, e, template_of_text(c, argument));
		known = beginning(e->operand[0]);
	}
	expr_add(&c->heap, e, NULL);
	expr_add(&c->heap, e,
		 known == NULL || strncmp(known, "~/", 2) == 0 ? home(c, argument->at) : NULL);
	expr_add(&c->heap, e,
		 known == NULL || strchr("/~", known[0]) == NULL
			 ? expr_new(&c->heap, NODE_FACT, FACT_PROCESS_CWD, argument->at)
			 : NULL);
	if (known != NULL && known[0] == '~' && known[1] != '/')
		diagnose(&c->d, argument->at,
			 "only ~/ is known, the directory of $HOME, not '%.60s'", known);
	return e;
}

static const char *const format_words[] = {
#define READER(name, word, extension, about) word,
#include "policy/read_formats.def"
#undef READER
	"text",
	NULL,
};

static uint32_t format_of_word(struct compiler *c, const struct yaml *as)
{
	const char *word = "";

	if (!scalar_text(c, as, &word))
		return FILE_TEXT;
	if (strcmp(word, "text") == 0)
		return FILE_TEXT;
	for (uint32_t i = 0; i < READ_FORMATS; i++) {
		if (strcmp(format_words[i], word) == 0)
			return 1 + i;
	}
	diagnose_unknown(&c->d, as->at, "format of a file", word, format_words);
	return FILE_TEXT;
}

/* By the end of the path, where the policy shows it. */
static uint32_t format_of_path(struct compiler *c, const struct expr *path)
{
	const struct expr *last = itself(path);
	char list[128];

	if (last->op == NODE_TEMPLATE)
		last = itself(last->operand[last->count - 1]);
	if (last->op != NODE_TEXT)
		return FILE_BY_NAME;
	if (read_format_of_path(last->text, strlen(last->text)) < READ_FORMATS)
		return 1 + read_format_of_path(last->text, strlen(last->text));
	diagnose(&c->d, path->at, "the end of '%.60s' does not tell its format: add as: %s",
		 last->text, diagnose_list(format_words, list, sizeof(list)));
	return FILE_TEXT;
}

static bool goes_up(struct compiler *c, const struct yaml *search, const struct expr *e)
{
	static const char *const words[] = { "up", NULL };

	if (strcmp(search->text, "up") != 0)
		diagnose_unknown(&c->d, search->at, "search", search->text, words);
	else if (e->operand[3] == NULL)
		diagnose(&c->d, search->at,
			 "search: up looks in the working directory and above it: give a path that "
			 "begins with neither / nor ~");
	return true;
}

static void check_whole(struct compiler *c, const struct yaml *map, const struct expr *e)
{
	bool subtree = (e->value & FILE_SUBTREE) != 0;
	unsigned format = FILE_FORMAT(e->value);

	if (format == FILE_TEXT && yaml_get(map, "key") != NULL)
		diagnose(&c->d, yaml_get(map, "key")->at,
			 "a text has no keys: say what it is with as: %s, ...", format_words[0]);
	else if (format == FILE_TEXT && subtree)
		diagnose(&c->d, e->at, "a text has no keys for keep and presence");
	else if (format != FILE_TEXT && format != 1 + READ_pairs && !subtree &&
		 yaml_get(map, "key") == NULL)
		diagnose(
			&c->d, e->at,
			"which part of the file? Add key: for one value, or keep: or presence: for "
			"several");
}

struct expr *source_file(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	struct expr *e = place_of(c, argument, NODE_FILE);
	const struct yaml *search = yaml_get(map, "search");
	const struct yaml *as = yaml_get(map, "as");

	e->value = as != NULL && !source_converts(as) ? format_of_word(c, as)
						      : format_of_path(c, e->operand[0]);
	if (search != NULL && goes_up(c, search, e))
		e->value |= FILE_UP;
	/* Of pairs all are meant. */
	if (yaml_get(map, "keep") != NULL || yaml_get(map, "presence") != NULL ||
	    FILE_FORMAT(e->value) == 1 + READ_pairs)
		e->value |= FILE_SUBTREE;
	check_whole(c, map, e);
	return e;
}

struct expr *source_size(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	(void)map;
	return place_of(c, argument, NODE_SIZE);
}

struct expr *source_list(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	struct expr *e = expr_new(&c->heap, NODE_ARRAY, 0, argument->at);
	char found[80];

	(void)map;
	if (argument->kind != YAML_LIST)
		diagnose(&c->d, argument->at, "list: takes a list of sources, not %s",
			 yaml_describe(argument, found));
	for (unsigned i = 0; argument->kind == YAML_LIST && i < argument->count; i++)
		expr_add(&c->heap, e, source_of(c, argument->item[i]));
	return e;
}

static struct expr *path_of(struct compiler *c, const struct yaml *y)
{
	const char *path = "";

	if (scalar_text(c, y, &path) && strlen(path) > FIND_PATH_MAX)
		diagnose(&c->d, y->at, "a path of keys has at most %d bytes", FIND_PATH_MAX);
	return expr_text(&c->heap, NODE_TEXT, path, y->at);
}

struct expr *source_lookup(struct compiler *c, const struct yaml *argument, const struct yaml *map)
{
	const struct yaml *by = yaml_get(map, "by");
	const struct yaml *is = yaml_get(map, "is");
	struct expr *e = expr_wrap(&c->heap, NODE_LOOKUP, 0, source_of(c, argument));

	if (by == NULL || is == NULL) {
		diagnose(&c->d, argument->at,
			 "lookup: needs by: and is:, a key of the elements and the value that it "
			 "has "
			 "in the one that is looked for");
		return e;
	}
	expr_add(&c->heap, e, path_of(c, by));
	expr_add(&c->heap, e, source_of(c, is));
	if (yaml_get(map, "key") == NULL && yaml_get(map, "keep") == NULL &&
	    yaml_get(map, "presence") == NULL)
		diagnose(&c->d, argument->at,
			 "which part of the element? Add key: for one value, or keep: or presence: "
			 "for several");
	return e;
}

struct expr *source_transform_key(struct compiler *c, const struct yaml *given,
				  const struct yaml *map, struct expr *e)
{
	const struct yaml *as = yaml_get(map, "as");

	if (e->op == NODE_FILE && yaml_get(map, "file") != NULL) {
		e->operand[1] = path_of(c, given);
		return e;
	}
	if (as != NULL && read_format_of_word(as->text) < READ_FORMATS)
		e = expr_wrap(&c->heap, NODE_PARSE, read_format_of_word(as->text), e);
	e = expr_wrap(&c->heap, NODE_MEMBER, 0, e);
	expr_add(&c->heap, e, path_of(c, given));
	return e;
}

static void add_path(struct compiler *c, const struct yaml *one, void *list)
{
	expr_add(&c->heap, list, path_of(c, one));
}

static struct expr *paths_of(struct compiler *c, const struct yaml *given, enum node_op op,
			     struct expr *e)
{
	e = expr_wrap(&c->heap, op, 0, e);
	scalar_each(c, given, add_path, e);
	if (e->count > 1 + SELECT_PATHS_MAX)
		diagnose(&c->d, given->at, "at most %d paths can stand here", SELECT_PATHS_MAX);
	return e;
}

struct expr *source_transform_keep(struct compiler *c, const struct yaml *given,
				   const struct yaml *map, struct expr *e)
{
	(void)map;
	return paths_of(c, given, NODE_KEEP, e);
}

struct expr *source_transform_drop(struct compiler *c, const struct yaml *given,
				   const struct yaml *map, struct expr *e)
{
	(void)map;
	return paths_of(c, given, NODE_DROP, e);
}

struct expr *source_transform_presence(struct compiler *c, const struct yaml *given,
				       const struct yaml *map, struct expr *e)
{
	(void)map;
	if (given->kind == YAML_SCALAR && strcmp(given->text, "all") == 0)
		return expr_wrap(&c->heap, NODE_PRESENCE, 0, e);
	return paths_of(c, given, NODE_PRESENCE, e);
}
