/*
 * Examples: what an event looks like, with the policy's own `example` where it has one, and else
 * something of the right kind.
 */
#include "policy/compile/document.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "policy/value.h"

#define DEPTH 8
#define HASH  "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\""
#define UUID  "\"6f1c0f52-8d0b-4b0e-9a7e-2f6f2d1f7b11\""

static const struct {
	const char *name, *json;
} facts[] = {
#define EXAMPLE(name, json) { name, json },
#include "policy/compile/document_examples.def"
#undef EXAMPLE
};

static void json_text(struct document *d, const char *text, size_t length)
{
	size_t room = 6 * length + 3;
	char *memory = malloc(room);
	struct text t;

	if (memory == NULL)
		return;
	t = text_init(memory, room);
	text_add_json(&t, text, length);
	fputs(memory, d->out);
	free(memory);
}

/* By its looks, as the compiler takes it. */
static void constant(struct document *d, const struct yaml *y)
{
	double number;

	if (y->plain && (strcmp(y->text, "true") == 0 || strcmp(y->text, "false") == 0 ||
			 strcmp(y->text, "null") == 0 ||
			 value_read_number(y->text, strlen(y->text), &number) == 0))
		fputs(y->text, d->out);
	else
		json_text(d, y->text, strlen(y->text));
}

static void reference(struct document *d, const char *name, size_t length)
{
	const struct yaml *value = document_value(d, name, length);

	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
		if (strlen(facts[i].name) == length && memcmp(facts[i].name, name, length) == 0) {
			fputs(facts[i].json, d->out);
			return;
		}
	if (length == 10 && memcmp(name, "event.name", 10) == 0)
		json_text(d, d->event_name, strlen(d->event_name));
	else if (length == 13 && memcmp(name, "event.service", 13) == 0)
		json_text(d, d->service_name, strlen(d->service_name));
	else if (length > 8 && memcmp(name, "measure.", 8) == 0)
		fputs("17", d->out);
	else if (value != NULL && d->depth < DEPTH) {
		d->depth++;
		document_example(d, value);
		d->depth--;
	} else {
		fputs("\"...\"", d->out);
	}
}

/* An example within a text: without its quotes. */
static void reference_text(struct document *d, const char *name, size_t length, FILE *into)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *out = d->out;
	bool quoted;

	d->out = open_memstream(&text, &bytes);
	if (d->out != NULL) {
		reference(d, name, length);
		fclose(d->out);
	}
	d->out = out;
	quoted = text != NULL && bytes >= 2 && text[0] == '"';
	if (text != NULL)
		fprintf(into, "%.*s", (int)(quoted ? bytes - 2 : bytes), text + quoted);
	free(text);
}

static void template(struct document *d, const char *text)
{
	const char *open = strstr(text, "${");
	const char *close = open != NULL ? strchr(open, '}') : NULL;
	char *whole = NULL;
	size_t bytes = 0;
	FILE *into;

	if (open == text && close != NULL && close[1] == '\0') {
		reference(d, text + 2, (size_t)(close - text) - 2);
		return;
	}
	into = open_memstream(&whole, &bytes);
	if (into == NULL)
		return;
	while (open != NULL && close != NULL) {
		fprintf(into, "%.*s", (int)(open - text), text);
		reference_text(d, open + 2, (size_t)(close - open) - 2, into);
		text = close + 1;
		open = strstr(text, "${");
		close = open != NULL ? strchr(open, '}') : NULL;
	}
	fputs(text, into);
	fclose(into);
	json_text(d, whole, bytes);
	free(whole);
}

/* The tree that the paths of keep or presence describe; leaves are what `leaf` says. */
static void one_path(struct document *d, const char *path, const char *leaf)
{
	unsigned open = 0;

	for (;;) {
		size_t length = strcspn(path, ".");

		fputs("{", d->out);
		json_text(d, path, length);
		fputs(": ", d->out);
		open++;
		if (path[length] == '\0')
			break;
		path += length + 1;
	}
	fputs(leaf, d->out);
	while (open-- > 0)
		fputs("}", d->out);
}

static void paths(struct document *d, const struct yaml *list, const char *leaf)
{
	if (list->kind == YAML_LIST && list->count > 0)
		one_path(d, list->item[0]->text, leaf);
	else if (list->kind == YAML_SCALAR && strcmp(list->text, "all") != 0)
		one_path(d, list->text, leaf);
	else
		fprintf(d->out, "{\"...\": %s}", leaf);
}

static void number_or_text(struct document *d, const struct yaml *as)
{
	bool number = strcmp(as->text, "int") == 0 || strcmp(as->text, "float") == 0 ||
		      strncmp(as->text, "unix", 4) == 0;

	if (number)
		fputs("1", d->out);
	else if (strcmp(as->text, "bool") == 0)
		fputs("true", d->out);
	else if (strncmp(as->text, "rfc3339", 7) == 0)
		fputs("\"2026-01-02T03:04:05.678Z\"", d->out);
	else if (strcmp(as->text, "pairs") == 0)
		fputs("{\"...\": \"...\"}", d->out);
	else
		fputs("\"...\"", d->out);
}

static void pair(struct document *d, const char *name, const struct yaml *source, bool last,
		 void *context)
{
	(void)context;
	json_text(d, name, strlen(name));
	fputs(": ", d->out);
	document_example(d, source);
	fputs(last ? "" : ", ", d->out);
}

static void word(struct document *d, const struct yaml *source)
{
	const struct yaml *object = yaml_get(source, "object"), *value = yaml_get(source, "value");

	if (object != NULL) {
		fputs("{", d->out);
		document_object(d, &object, 1, pair, NULL);
		fputs("}", d->out);
	} else if (value != NULL) {
		document_example(d, value);
	} else if (yaml_get(source, "flag") != NULL) {
		fputs("true", d->out);
	} else if (yaml_get(source, "id") != NULL) {
		fputs(yaml_get(source, "alphabet") != NULL ? "\"q7m2x9k4c1t8v5w3\"" : UUID, d->out);
	} else if (yaml_get(source, "size") != NULL) {
		fputs("4096", d->out);
	} else if (yaml_get(source, "list") != NULL) {
		fputs("[\"...\"]", d->out);
	} else {
		fputs("\"...\"", d->out);
	}
}

/* Then it is no longer what the source would show. */
static bool is_made_over(const struct yaml *source)
{
	static const char *const ways[] = { "extract", "replace", "route", "cases", "map" };

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (yaml_get(source, ways[i]) != NULL)
			return true;
	return false;
}

static void mapping(struct document *d, const struct yaml *source)
{
	const struct yaml *example = yaml_get(source, "example");
	const struct yaml *one_of = yaml_get(source, "one_of"), *as = yaml_get(source, "as");
	const struct yaml *keep = yaml_get(source, "keep");
	const struct yaml *presence = yaml_get(source, "presence");

	if (example != NULL)
		constant(d, example);
	else if (yaml_get(source, "hash") != NULL)
		fputs(HASH, d->out);
	else if (one_of != NULL)
		constant(d,
			 one_of->kind == YAML_LIST && one_of->count > 0 ? one_of->item[0] : one_of);
	else if (keep != NULL)
		paths(d, keep, "\"...\"");
	else if (presence != NULL)
		paths(d, presence, "{}");
	else if (yaml_get(source, "split") != NULL)
		fputs("[\"...\"]", d->out);
	else if (as != NULL && strcmp(as->text, "json") != 0)
		number_or_text(d, as);
	else if (is_made_over(source))
		fputs("\"...\"", d->out);
	else
		word(d, source);
}

void document_example(struct document *d, const struct yaml *source)
{
	if (source->kind == YAML_MAP)
		mapping(d, source);
	else if (source->kind == YAML_LIST)
		fputs("[\"...\"]", d->out);
	else if (strstr(source->text, "${") != NULL && strncmp(source->text, "$${", 3) != 0)
		template(d, source->text);
	else
		constant(d, source);
}

/* Objects in several scopes are merged, as the compiler merges them. */
static void merged(struct document *d, const char *name, const struct yaml *source)
{
	const struct yaml *const scope[] = { d->defaults, d->service, d->event };
	const struct yaml *object[3];
	unsigned count = 0;

	for (unsigned i = 0; i < 3; i++) {
		const struct yaml *pairs =
			scope[i] != NULL ? yaml_get(scope[i], "properties") : NULL;
		const struct yaml *own = pairs != NULL ? yaml_get(pairs, name) : NULL;

		if (own != NULL && own->kind == YAML_MAP && yaml_get(own, "object") != NULL)
			object[count++] = yaml_get(own, "object");
	}
	if (source->kind != YAML_MAP || yaml_get(source, "object") == NULL || count < 2) {
		document_example(d, source);
		return;
	}
	fputs("{", d->out);
	document_object(d, object, count, pair, NULL);
	fputs("}", d->out);
}

static void line(struct document *d, const char *name, const struct yaml *source, bool last,
		 void *context)
{
	const unsigned *indent = context;

	fprintf(d->out, "\n%*s", (int)*indent + 2, "");
	json_text(d, name, strlen(name));
	fputs(": ", d->out);
	merged(d, name, source);
	fputs(last ? "" : ",", d->out);
	if (last)
		fprintf(d->out, "\n%*s", (int)*indent, "");
}

void document_example_object(struct document *d, const char *key, unsigned indent)
{
	fputs("{", d->out);
	document_pairs(d, key, line, &indent);
	fputs("}", d->out);
}
