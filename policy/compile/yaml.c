/*
 * From libyaml's events to the tree. The parser's own errors are put into the words of the policy
 * language.
 */
#include "policy/compile/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct loader {
	yaml_parser_t parser;
	struct heap *heap;
	struct diagnose *d;
	const char *text;
	size_t length;
	unsigned depth;
};

static struct mark mark_of(yaml_mark_t at)
{
	return (struct mark){ (unsigned)at.line + 1, (unsigned)at.column + 1 };
}

/* The bytes of the line, from 0; NULL when there is none. */
static const char *find_line(const struct loader *l, unsigned line, const char **end)
{
	const char *at = l->text;
	const char *stop = l->text + l->length;

	for (unsigned i = 0; i < line && at != NULL; i++) {
		at = memchr(at, '\n', (size_t)(stop - at));
		at = at != NULL ? at + 1 : NULL;
	}
	if (at == NULL)
		return NULL;
	*end = memchr(at, '\n', (size_t)(stop - at));
	if (*end == NULL)
		*end = stop;
	return at;
}

static bool line_has(const struct loader *l, unsigned line, const char *what)
{
	const char *end;
	const char *at = find_line(l, line, &end);

	return at != NULL && memmem(at, (size_t)(end - at), what, strlen(what)) != NULL;
}

/* The first ${ of the line that is not in quotes. */
static const char *find_reference(const char *at, const char *end)
{
	char quote = '\0', before = ' ';

	for (; at + 1 < end; before = *at++) {
		if (quote != '\0')
			quote = *at == quote ? '\0' : quote;
		else if (strchr("'\"", *at) != NULL && strchr(" ,:[{", before) != NULL)
			quote = *at;
		else if (at[0] == '$' && at[1] == '{')
			return at;
	}
	return NULL;
}

/* False: there is none. */
static bool explain_reference(struct loader *l, unsigned line)
{
	struct mark at = { line + 1, 1 };
	const char *end = NULL;
	const char *begin = find_line(l, line, &end);
	const char *reference = begin != NULL ? find_reference(begin, end) : NULL;
	const char *close;

	if (reference == NULL)
		return false;
	for (const char *p = begin; p < reference; p++)
		at.column += ((unsigned char)*p & 0xc0) != 0x80;
	close = memchr(reference, '}', (size_t)(end - reference));
	if (close == NULL)
		diagnose(l->d, at, "${ without its }: write \"${name}\", in quotes");
	else
		diagnose(l->d, at, "${...} inside { } or [ ] needs quotes: write \"%.*s\"",
			 (int)(close + 1 - reference), reference);
	return true;
}

static struct mark mark_of_offset(const struct loader *l, size_t offset)
{
	struct mark at = { 1, 1 };

	for (size_t i = 0; i < offset && i < l->length; i++) {
		at.column = l->text[i] == '\n' ? 1 : at.column + 1;
		at.line += l->text[i] == '\n';
	}
	return at;
}

static void explain_reader(struct loader *l)
{
	struct mark at = mark_of_offset(l, l->parser.problem_offset);

	if (strstr(l->parser.problem, "control") != NULL)
		diagnose(l->d, at, "a control character: write it as an escape in \"quotes\"");
	else
		diagnose(l->d, at, "this is not UTF-8: save the policy as UTF-8");
}

/* What libyaml says, in part, and what to do about it. */
static const struct {
	const char *problem, *advice;
	bool at_context; /* where it begins, not where it can no longer be */
} faults[] = {
	{ "unknown escape character",
	  "YAML has no such escape in \"quotes\": write a pattern in 'single quotes'", false },
	{ "expected hexdecimal number",
	  "YAML has no such escape in \"quotes\": \\x takes two digits of 0-9a-f, \\u four",
	  false },
	{ "found a tab character", "a tab can not indent: use spaces", false },
	{ "cannot start any token", "a text that begins like this needs quotes", false },
	{ "mapping values are not allowed",
	  "\": \" inside a text: put the text into quotes, or indent the key", false },
	{ "could not find expected ':'", "a key has a colon and a space behind it: `key: value`",
	  true },
	{ "unexpected end of stream", "the quote that begins here has no end", true },
	{ "expected <document start>",
	  "this line is indented less than the first one: the keys of the file begin in one column",
	  false },
	{ "expected node content", "a value is expected here", false },
};

/* A line that is indented as none above it, or more of one behind its end. */
static void explain_place(struct loader *l, struct mark at, bool item)
{
	struct mark first = mark_of(l->parser.context_mark);
	const char *end;
	const char *begin = find_line(l, at.line - 1, &end);
	unsigned indent = 0;

	while (begin != NULL && begin + indent < end && begin[indent] == ' ')
		indent++;
	if (begin != NULL && indent + 1 < at.column)
		diagnose(l->d, at,
			 "nothing goes on behind the end of a text in quotes, or of { } "
			 "or [ ]: put the whole into quotes");
	else
		diagnose(l->d, at,
			 "this line fits none above it: %s that begins in line %u stands in column "
			 "%u",
			 item ? "a \"- \" of the list" : "a key of the mapping", first.line,
			 first.column);
}

static void explain_syntax(struct loader *l)
{
	const char *problem = l->parser.problem != NULL ? l->parser.problem : "not valid YAML";
	unsigned line = (unsigned)l->parser.problem_mark.line;
	struct mark at = mark_of(l->parser.problem_mark);

	if (strstr(problem, "expected ',' or") != NULL) {
		if (!explain_reference(l, line))
			diagnose(
				l->d, at,
				"',' or the end of { } or [ ] is expected here: a text with one of "
				"these in it needs quotes");
		return;
	}
	if (strstr(problem, "expected key") != NULL || strstr(problem, "'-' indicator") != NULL) {
		explain_place(l, at, strstr(problem, "'-' indicator") != NULL);
		return;
	}
	if (strstr(problem, "cannot start any token") != NULL && line_has(l, line, "\t"))
		problem = "found a tab character";
	for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strstr(problem, faults[i].problem) == NULL)
			continue;
		if (faults[i].at_context)
			at = mark_of(l->parser.context_mark);
		diagnose(l->d, at, "%s", faults[i].advice);
		return;
	}
	diagnose(l->d, at, "not valid YAML: %s", problem);
}

static bool next_event(struct loader *l, yaml_event_t *event)
{
	if (yaml_parser_parse(&l->parser, event))
		return true;
	if (l->parser.error == YAML_MEMORY_ERROR)
		longjmp(l->heap->full, 1);
	if (l->parser.error == YAML_READER_ERROR)
		explain_reader(l);
	else
		explain_syntax(l);
	return false;
}

static void refuse_extras(struct loader *l, struct mark at, const void *anchor, const char *tag)
{
	if (anchor != NULL)
		diagnose(l->d, at,
			 "anchors (&name) are not part of the policy language: use `values` or "
			 "`defaults`");
	if (tag != NULL)
		diagnose(l->d, at,
			 "tags (%.40s) are not part of the policy language: quote the text instead",
			 tag);
}

static struct yaml *load_node(struct loader *l, yaml_event_t *event);

static struct yaml *load_scalar(struct loader *l, const yaml_event_t *event, struct yaml *y)
{
	const char *text = (const char *)event->data.scalar.value;
	size_t length = event->data.scalar.length;

	refuse_extras(l, y->at, event->data.scalar.anchor, (const char *)event->data.scalar.tag);
	y->kind = YAML_SCALAR;
	y->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	y->text = heap_text(l->heap, text, length);
	if (strlen(y->text) != length)
		diagnose(l->d, y->at, "a NUL can not stand in a text");
	return y;
}

static void append(struct loader *l, struct yaml *y, struct yaml *item, unsigned items)
{
	y->item = heap_grow(l->heap, y->item, items, sizeof(*y->item));
	y->item[items] = item;
}

/* Items until the end event. NULL: the parser failed. */
static struct yaml *load_items(struct loader *l, struct yaml *y, yaml_event_type_t end)
{
	unsigned items = 0;
	yaml_event_t event;

	for (;;) {
		struct yaml *item;
		bool over;

		if (!next_event(l, &event))
			return NULL;
		over = event.type == end;
		item = over ? NULL : load_node(l, &event);
		yaml_event_delete(&event);
		if (over)
			break;
		if (item == NULL)
			return NULL;
		append(l, y, item, items++);
	}
	y->count = end == YAML_MAPPING_END_EVENT ? items / 2 : items;
	return y;
}

static int compare_keys(const void *a, const void *b)
{
	const struct yaml *const *left = a;
	const struct yaml *const *right = b;
	int order = strcmp((*left)->text, (*right)->text);

	if (order != 0)
		return order;
	if ((*left)->at.line != (*right)->at.line)
		return (*left)->at.line < (*right)->at.line ? -1 : 1;
	return (*left)->at.column < (*right)->at.column ? -1 : 1;
}

/* libyaml reports no duplicates. */
static void check_keys(struct loader *l, const struct yaml *map)
{
	struct yaml **key = heap_take(l->heap, (map->count + 1) * sizeof(struct yaml *));
	unsigned keys = 0;

	for (unsigned i = 0; i < map->count; i++) {
		struct yaml *one = map->item[2 * i];

		if (one->kind != YAML_SCALAR)
			diagnose(l->d, one->at, "a key must be a plain word");
		else if (one->plain && strcmp(one->text, "<<") == 0)
			diagnose(l->d, one->at,
				 "merge keys (<<) are not part of the policy language: use "
				 "`defaults`");
		else
			key[keys++] = one;
	}
	if (keys > 1)
		qsort(key, keys, sizeof(struct yaml *), compare_keys);
	for (unsigned i = 1; i < keys; i++) {
		if (strcmp(key[i]->text, key[i - 1]->text) == 0)
			diagnose(l->d, key[i]->at,
				 "the key '%.64s' stands here twice, first on line %u",
				 key[i]->text, key[i - 1]->at.line);
	}
}

static struct yaml *load_map(struct loader *l, const yaml_event_t *event, struct yaml *y)
{
	refuse_extras(l, y->at, event->data.mapping_start.anchor,
		      (const char *)event->data.mapping_start.tag);
	y->kind = YAML_MAP;
	if (load_items(l, y, YAML_MAPPING_END_EVENT) == NULL)
		return NULL;
	check_keys(l, y);
	/* What follows may take every key for a scalar. */
	for (unsigned i = 0; i < y->count; i++) {
		if (y->item[2 * i]->kind != YAML_SCALAR)
			return NULL;
	}
	return y;
}

static struct yaml *load_list(struct loader *l, const yaml_event_t *event, struct yaml *y)
{
	refuse_extras(l, y->at, event->data.sequence_start.anchor,
		      (const char *)event->data.sequence_start.tag);
	y->kind = YAML_LIST;
	return load_items(l, y, YAML_SEQUENCE_END_EVENT);
}

static struct yaml *load_node(struct loader *l, yaml_event_t *event)
{
	struct yaml *y = heap_take(l->heap, sizeof(*y));
	struct yaml *loaded;

	y->at = mark_of(event->start_mark);
	y->text = "";
	if (event->type == YAML_ALIAS_EVENT) {
		diagnose(l->d, y->at,
			 "aliases (*name) are not part of the policy language: use `values` or "
			 "`defaults`");
		return y;
	}
	if (event->type == YAML_SCALAR_EVENT)
		return load_scalar(l, event, y);
	if (l->depth >= YAML_DEPTH_MAX) {
		diagnose(l->d, y->at, "nested deeper than %d levels", YAML_DEPTH_MAX);
		return NULL;
	}
	l->depth++;
	loaded = event->type == YAML_MAPPING_START_EVENT ? load_map(l, event, y)
							 : load_list(l, event, y);
	l->depth--;
	return loaded;
}

/* One document with something in it. */
static struct yaml *load_document(struct loader *l)
{
	struct yaml *root = NULL;
	unsigned documents = 0;
	bool going = true;
	yaml_event_t event;

	while (going) {
		if (!next_event(l, &event))
			return NULL;
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			documents++;
			if (documents == 2)
				diagnose(l->d, mark_of(event.start_mark),
					 "a policy is one document: put the second one into a file "
					 "of its own");
			going = documents < 2;
			break;
		case YAML_STREAM_END_EVENT:
			going = false;
			break;
		default:
			root = load_node(l, &event);
			going = root != NULL;
			break;
		}
		yaml_event_delete(&event);
	}
	if (documents == 0)
		diagnose(l->d, (struct mark){ 0, 0 },
			 "the policy is empty: it begins with `bookend: 1`");
	return root;
}

const struct yaml *yaml_load(struct heap *heap, struct diagnose *d, const char *text, size_t length)
{
	struct loader *l = heap_take(heap, sizeof(*l));
	struct yaml *root;
	size_t bom = length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

	l->heap = heap;
	l->d = d;
	l->text = text + bom;
	l->length = length - bom;
	if (!yaml_parser_initialize(&l->parser))
		longjmp(heap->full, 1);
	yaml_parser_set_encoding(&l->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l->parser, (const unsigned char *)l->text, l->length);
	root = load_document(l);
	yaml_parser_delete(&l->parser);
	return root;
}

const struct yaml *yaml_key(const struct yaml *map, unsigned pair)
{
	return map->item[2 * pair];
}

const struct yaml *yaml_value(const struct yaml *map, unsigned pair)
{
	return map->item[2 * pair + 1];
}

const struct yaml *yaml_get(const struct yaml *map, const char *key)
{
	for (unsigned i = 0; map != NULL && map->kind == YAML_MAP && i < map->count; i++) {
		if (strcmp(yaml_key(map, i)->text, key) == 0)
			return yaml_value(map, i);
	}
	return NULL;
}

const char *yaml_describe(const struct yaml *y, char into[80])
{
	if (y->kind != YAML_SCALAR)
		return y->kind == YAML_MAP ? "a mapping" : "a list";
	if (y->text[0] == '\0')
		return "nothing";
	snprintf(into, 80, "'%.60s'", y->text);
	return into;
}
