/*
 * The events as a JSON Schema (draft 2020-12) or as the components of an OpenAPI 3.1 document,
 * which takes the same schemas: one for each event, as the native format has it.
 */
#include "policy/compile/document.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static void json_text(FILE *out, const char *text)
{
	size_t room = 6 * strlen(text) + 3;
	char *memory = malloc(room);
	struct text t;

	if (memory == NULL)
		return;
	t = text_init(memory, room);
	text_add_json(&t, text, strlen(text));
	fputs(memory, out);
	free(memory);
}

/* What a function writes, as a text; the caller frees. */
static char *written(struct document *d, void (*write)(struct document *, const struct yaml *),
		     const struct yaml *source)
{
	FILE *out = d->out;
	char *text = NULL;
	size_t bytes;

	d->out = open_memstream(&text, &bytes);
	if (d->out != NULL) {
		write(d, source);
		fclose(d->out);
	}
	d->out = out;
	return text;
}

static const char *type_of(const char *example)
{
	switch (example[0]) {
	case '"':
		return strcmp(example, "\"...\"") == 0 ? NULL : "string";
	case '{':
		return "object";
	case '[':
		return "array";
	case 't':
	case 'f':
		return "boolean";
	case 'n':
		return NULL;
	default:
		return "number";
	}
}

/* An absent value has no property, and one with else: may be of several types: required is none. */
static void property(struct document *d, const char *name, const struct yaml *source, bool last,
		     void *context)
{
	char *about = written(d, document_source, source);
	char *example = written(d, document_example, source);
	const char *type = example != NULL ? type_of(example) : NULL;
	bool several = source->kind == YAML_MAP && yaml_get(source, "else") != NULL;

	(void)context;
	json_text(d->out, name);
	fputs(":{\"description\":", d->out);
	json_text(d->out, about != NULL ? about : "");
	if (type != NULL && !several)
		fprintf(d->out, ",\"type\":\"%s\"", type);
	if (example != NULL)
		fprintf(d->out, ",\"examples\":[%s]", example);
	fputs(last ? "}" : "},", d->out);
	free(about);
	free(example);
}

static void object(struct document *d, const char *key)
{
	fprintf(d->out,
		",\"%s\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{",
		key);
	document_pairs(d, key, property, NULL);
	fputs("}}", d->out);
}

static void event(struct document *d)
{
	const struct yaml *about = yaml_get(d->event, "about");
	const struct yaml *name = yaml_get(d->event, "name");

	fputs("{\"type\":\"object\"", d->out);
	if (about != NULL) {
		fputs(",\"description\":", d->out);
		json_text(d->out, about->text);
	}
	fputs(",\"properties\":{\"id\":{\"type\":\"string\",\"format\":\"uuid\"},"
	      "\"time\":{\"type\":\"string\",\"format\":\"date-time\"},"
	      "\"service\":{\"const\":",
	      d->out);
	json_text(d->out, d->service_name);
	fputs("},\"event\":{\"type\":\"string\"", d->out);
	if (name == NULL) {
		fputs(",\"const\":", d->out);
		json_text(d->out, d->event_name);
	}
	fputs("},\"kind\":{\"type\":\"string\"},\"session\":{\"type\":\"string\",\"format\":"
	      "\"uuid\"},"
	      "\"pid\":{\"type\":\"integer\"},\"user\":{\"type\":\"string\"}",
	      d->out);
	object(d, "context");
	object(d, "properties");
	fputs("},\"required\":[\"id\",\"time\",\"service\",\"event\",\"kind\",\"session\",\"pid\","
	      "\"properties\"],\"additionalProperties\":false}",
	      d->out);
}

static void events(struct document *d)
{
	const struct yaml *services = yaml_get(d->root, "services");
	bool first = true;

	for (unsigned i = 0; i < services->count; i++) {
		const struct yaml *all = yaml_get(yaml_value(services, i), "events");

		d->service_name = yaml_key(services, i)->text;
		d->service = yaml_value(services, i);
		for (unsigned j = 0; j < all->count; j++) {
			char name[256];

			d->event_name = yaml_key(all, j)->text;
			d->event = yaml_value(all, j);
			snprintf(name, sizeof(name), "%s.%s", d->service_name, d->event_name);
			fputs(first ? "" : ",", d->out);
			json_text(d->out, name);
			fputs(":", d->out);
			event(d);
			first = false;
		}
	}
}

void document_schema(struct document *d, bool openapi)
{
	const struct yaml *name = yaml_get(d->root, "name");
	const char *title = name != NULL ? name->text : "Telemetry";

	if (openapi) {
		fputs("{\"openapi\":\"3.1.0\",\"info\":{\"title\":", d->out);
		json_text(d->out, title);
		fputs(",\"version\":\"1\"},\"paths\":{},\"components\":{\"schemas\":{", d->out);
		events(d);
		fputs("}}}\n", d->out);
		return;
	}
	fputs("{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\",\"title\":", d->out);
	json_text(d->out, title);
	fputs(",\"$defs\":{", d->out);
	events(d);
	fputs("},\"anyOf\":[", d->out);
	d->service = d->event = NULL;
	for (unsigned i = 0, first = 1; i < yaml_get(d->root, "services")->count; i++) {
		const struct yaml *services = yaml_get(d->root, "services");
		const struct yaml *all = yaml_get(yaml_value(services, i), "events");

		for (unsigned j = 0; j < all->count; j++, first = 0)
			fprintf(d->out, "%s{\"$ref\":\"#/$defs/%s.%s\"}", first ? "" : ",",
				yaml_key(services, i)->text, yaml_key(all, j)->text);
	}
	fputs("]}\n", d->out);
}
