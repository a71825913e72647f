/*
 * From the tables of keys to a schema. What a key takes is written for people, in a handful of
 * forms: a word for each kind, NAME: KIND, a list of words, ", or a list".
 */
#include "policy/compile/schema.h"

#include <ctype.h>
#include <string.h>

#include "policy/compile/keys.h"

#define REF(name) "{\"$ref\":\"#/definitions/" name "\"}"

/* Forms that stand for a definition, or for a kind of their own. */
static const struct {
	const char *takes, *schema;
} kinds[] = {
	{ "1", "{\"const\":1}" },
	{ "true or false", "{\"type\":\"boolean\"}" },
	{ "source", REF("source") },
	{ "source, or duration_ms", REF("source") },
	{ "source of a list", REF("source") },
	{ "condition", REF("condition") },
	{ "value, or a list", "true" },
	{ "rules", "{\"type\":\"array\",\"items\":" REF("consent") "}" },
	{ "list of sources", "{\"type\":\"array\",\"items\":" REF("source") "}" },
	{ "[program, words...]", "{\"type\":\"array\",\"items\":" REF("source") "}" },
	{ "list of conditions", "{\"type\":\"array\",\"items\":" REF("condition") "}" },
};

static void write_text(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

/* The definition that the first so many characters name, in small letters. */
static void write_reference(FILE *out, const char *name, size_t length)
{
	fprintf(out, "{\"$ref\":\"#/definitions/");
	for (size_t i = 0; i < length; i++)
		fputc(tolower((unsigned char)name[i]), out);
	fprintf(out, "\"}");
}

static bool ends(const char *text, const char *with)
{
	size_t length = strlen(text), end = strlen(with);

	return length >= end && strcmp(text + length - end, with) == 0;
}

/* One of these, or a list of them. */
static void write_many(FILE *out, const char *scope)
{
	fprintf(out, "{\"anyOf\":[" REF("scalar"));
	if (scope != NULL) {
		fputc(',', out);
		write_reference(out, scope, strlen(scope));
	}
	fprintf(out, ",{\"type\":\"array\",\"items\":{\"anyOf\":[" REF("scalar"));
	if (scope != NULL) {
		fputc(',', out);
		write_reference(out, scope, strlen(scope));
	}
	fprintf(out, "]}}]}");
}

/* A list or a mapping takes more than a scalar. */
static void write_shape(FILE *out, const char *key, const char *takes)
{
	const char *colon = strstr(takes, ": ");
	const char *name = colon != NULL ? colon + 2 : "";

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].takes, takes) == 0) {
			fputs(kinds[i].schema, out);
			return;
		}
	}
	if (strncmp(takes, "NAME: ", 6) == 0 || strncmp(takes, "TEXT: ", 6) == 0) {
		fprintf(out, "{\"type\":\"object\",\"additionalProperties\":");
		write_reference(out, name, strlen(name));
		fputc('}', out);
	} else if (strcmp(takes, "a mapping") == 0) {
		write_reference(out, key, strlen(key));
	} else if (ends(takes, " or a mapping")) {
		fprintf(out, "{\"anyOf\":[" REF("scalar") ",");
		write_reference(out, key, strlen(key));
		fprintf(out, "]}");
	} else if (strcmp(takes, "a trigger or a list") == 0) {
		write_many(out, "trigger");
	} else if (strncmp(takes, "list of { ", 10) == 0) {
		write_many(out, strcmp(key, "cases") == 0 ? "case" : key);
	} else if (ends(takes, "a list") || strncmp(takes, "list of ", 8) == 0 ||
		   strncmp(takes, "names of ", 9) == 0 || ends(takes, " or a list of spellings") ||
		   strstr(takes, ", or a list of ") != NULL) {
		write_many(out, NULL);
	} else {
		fputs(REF("scalar"), out);
	}
}

struct writer {
	FILE *out;
	const enum key_scope *scope; /* those that stand in one mapping */
	unsigned scopes;
	unsigned keys;
};

/* The description stands beside the shape, which in draft 7 may not be beside a $ref. */
static void write_key(void *context, enum key_scope scope, const char *key, const char *takes,
		      const char *about)
{
	struct writer *w = context;
	bool wanted = false;

	for (unsigned i = 0; i < w->scopes; i++)
		wanted |= w->scope[i] == scope;
	if (!wanted)
		return;
	fputs(w->keys++ > 0 ? ",\n    " : "\n    ", w->out);
	write_text(w->out, key);
	fprintf(w->out, ":{\"description\":");
	write_text(w->out, about);
	fprintf(w->out, ",\"allOf\":[");
	write_shape(w->out, key, takes);
	fprintf(w->out, "]}");
}

/* A mapping of these keys and no others. */
static void write_mapping(FILE *out, const enum key_scope *scope, unsigned scopes)
{
	struct writer w = { .out = out, .scope = scope, .scopes = scopes };

	fprintf(out, "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{");
	keys_each(write_key, &w);
	fprintf(out, "}}");
}

static void write_source(FILE *out)
{
	/* `is` belongs to `lookup`. */
	static const enum key_scope scope[] = { KEYS_SOURCE, KEYS_PARAMETER, KEYS_TEST };

	fprintf(out, ",\n  \"source\":{\"anyOf\":[" REF("scalar") ",");
	write_mapping(out, scope, 3);
	fprintf(out, "]}");
}

static void write_condition(FILE *out)
{
	static const enum key_scope scope[] = { KEYS_SOURCE, KEYS_PARAMETER, KEYS_TEST,
						KEYS_LOGIC };

	fprintf(out, ",\n  \"condition\":{\"anyOf\":[" REF(
			     "scalar") ",{\"type\":\"array\",\"items\":" REF("condition") "},");
	write_mapping(out, scope, 4);
	fprintf(out, "]}");
}

void schema_write(FILE *out)
{
	fprintf(out, "{\n\"$schema\":\"http://json-schema.org/draft-07/schema#\",\n"
		     "\"title\":\"Bookend policy\",\n"
		     "\"allOf\":[" REF("policy") ",{\"required\":[\"bookend\",\"destinations\","
						 "\"services\"]}],\n"
						 "\"definitions\":{\n"
						 "  "
						 "\"scalar\":{\"type\":[\"string\",\"number\","
						 "\"boolean\",\"null\"]}");
	write_source(out);
	write_condition(out);
	for (enum key_scope scope = 0; scope < KEYS_SCOPES; scope++) {
		const char *name = keys_scope(scope);

		if (scope == KEYS_SOURCE)
			continue;
		fprintf(out, ",\n  \"");
		for (const char *p = name; *p != '\0'; p++)
			fputc(tolower((unsigned char)*p), out);
		fprintf(out, "\":");
		write_mapping(out, &scope, 1);
	}
	fprintf(out, "\n}\n}\n");
}
