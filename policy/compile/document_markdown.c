/*
 * The page as Markdown.
 */
#include "policy/compile/document.h"

#include <string.h>

static const char *text_of(const struct yaml *map, const char *key)
{
	const struct yaml *y = map != NULL ? yaml_get(map, key) : NULL;

	return y != NULL && y->kind == YAML_SCALAR ? y->text : NULL;
}

static void paragraph(struct document *d, const char *text)
{
	if (text != NULL)
		fprintf(d->out, "%s\n\n", text);
}

/* A cell has no line ends and no bars. */
static void row(struct document *d, const char *name, const struct yaml *source, bool last,
		void *context)
{
	const char *prefix = context;
	const struct yaml *object = source->kind == YAML_MAP ? yaml_get(source, "object") : NULL;
	char whole[256];

	(void)last;
	snprintf(whole, sizeof(whole), "%s%s", prefix, name);
	if (object != NULL) {
		snprintf(whole, sizeof(whole), "%s%s.", prefix, name);
		document_object(d, &object, 1, row, whole);
		return;
	}
	fprintf(d->out, "| `%s` | ", whole);
	document_source(d, source);
	fputs(" |\n", d->out);
}

static void count(struct document *d, const char *name, const struct yaml *source, bool last,
		  void *context)
{
	(void)d;
	(void)name;
	(void)source;
	(void)last;
	++*(unsigned *)context;
}

static void table(struct document *d, const char *key, const char *title)
{
	static char nothing[] = "";
	unsigned pairs = 0;

	document_pairs(d, key, count, &pairs);
	if (pairs == 0)
		return;
	fprintf(d->out, "| %s | what it is |\n|---|---|\n", title);
	document_pairs(d, key, row, nothing);
	putc('\n', d->out);
}

static void condition(struct document *d)
{
	const struct yaml *only = yaml_get(d->event, "if");

	if (only == NULL)
		return;
	fputs(" Only if `", d->out);
	document_flow(d, only);
	fputs("`.", d->out);
}

static void extras(struct document *d)
{
	const struct yaml *each = yaml_get(d->event, "for_each");
	const struct yaml *sample = yaml_get(d->event, "sample");
	const struct yaml *limit = yaml_get(d->event, "limit");

	if (each != NULL) {
		fputs(" One for each element of this: ", d->out);
		document_source(d, each);
		putc('.', d->out);
	}
	if (sample != NULL)
		fprintf(d->out, " In a share of %s of the runs.", sample->text);
	if (limit != NULL)
		fprintf(d->out, " At most %s.", limit->text);
}

static void example(struct document *d)
{
	const struct yaml *user = document_of(d, "user");
	const struct yaml *name = yaml_get(d->event, "name");
	unsigned pairs = 0;

	fputs("```json\n{\n  \"event\": ", d->out);
	if (name != NULL)
		document_example(d, name);
	else
		fprintf(d->out, "\"%s\"", d->event_name);
	if (user != NULL) {
		fputs(",\n  \"user\": ", d->out);
		document_example(d, user);
	}
	document_pairs(d, "context", count, &pairs);
	if (pairs > 0) {
		fputs(",\n  \"context\": ", d->out);
		document_example_object(d, "context", 2);
	}
	fputs(",\n  \"properties\": ", d->out);
	document_example_object(d, "properties", 2);
	fputs("\n}\n```\n\n", d->out);
}

static void event(struct document *d)
{
	fprintf(d->out, "### %s\n\n", d->event_name);
	paragraph(d, text_of(d->event, "about"));
	fputs("Made when: ", d->out);
	document_trigger(d, yaml_get(d->event, "when"));
	putc('.', d->out);
	condition(d);
	extras(d);
	fputs("\n\n", d->out);
	table(d, "properties", "property");
	table(d, "context", "about the sender");
	example(d);
}

static void to(struct document *d, const struct yaml *names)
{
	if (names->kind == YAML_SCALAR)
		fprintf(d->out, "`%s`", names->text);
	for (unsigned i = 0; names->kind == YAML_LIST && i < names->count; i++)
		fprintf(d->out, "%s`%s`", i != 0 ? ", " : "", names->item[i]->text);
}

static void service(struct document *d)
{
	const struct yaml *events = yaml_get(d->service, "events");
	const struct yaml *match = yaml_get(d->service, "match");
	const struct yaml *user;

	fprintf(d->out, "## %s\n\n", d->service_name);
	paragraph(d, text_of(d->service, "about"));
	if (match != NULL) {
		fputs("Programs that are meant: `", d->out);
		document_flow(d, match);
		fputs("`.\n\n", d->out);
	}
	d->event = NULL;
	if (document_of(d, "to") != NULL) {
		fputs("Its events go to ", d->out);
		to(d, document_of(d, "to"));
		fputs(", unless they say otherwise.\n\n", d->out);
	}
	user = document_of(d, "user");
	if (user != NULL) {
		fputs("Who uses it is known as: ", d->out);
		document_source(d, user);
		fputs(".\n\n", d->out);
	}
	for (unsigned i = 0; i < events->count; i++) {
		d->event_name = yaml_key(events, i)->text;
		d->event = yaml_value(events, i);
		event(d);
	}
}

/* The formats that are our own say more of an event than its name, id, time and run. */
static bool is_native(const char *format, const struct yaml *each)
{
	return strcmp(format, "ndjson") == 0 || (strcmp(format, "json") == 0 && each == NULL);
}

static void flow(struct document *d, const char *before, const struct yaml *y, const char *behind)
{
	if (y == NULL)
		return;
	fputs(before, d->out);
	document_flow(d, y);
	fputs(behind, d->out);
}

static void destination(struct document *d, const char *name, const struct yaml *y)
{
	const char *format = text_of(y, "format");

	fprintf(d->out, "- **%s**: ", name);
	document_source(d, yaml_get(y, "url"));
	if (format != NULL)
		fprintf(d->out, ", in the format `%s`", format);
	if (format != NULL && is_native(format, yaml_get(y, "each")))
		fputs(", which also has the service's name, the kind of moment and the process's "
		      "number",
		      d->out);
	flow(d, ". It does not get: `", yaml_get(y, "drop"), "`");
	flow(d, ". An event is sent as `", yaml_get(y, "each"), "`");
	flow(d, ". A request has `", yaml_get(y, "body"), "`");
	flow(d, ". With these headers: `", yaml_get(y, "headers"), "`");
	flow(d, ". Asked before anything is sent: `", yaml_get(y, "consent"),
	     "`; without an answer nothing is sent");
	fputs(".\n", d->out);
}

static void destinations(struct document *d)
{
	const struct yaml *all = yaml_get(d->root, "destinations");

	fputs("## Where it goes\n\n", d->out);
	for (unsigned i = 0; i < all->count; i++)
		destination(d, yaml_key(all, i)->text, yaml_value(all, i));
	fputs("\nA destination whose address or key is absent is off; without a destination "
	      "nothing is "
	      "recorded.\n\n",
	      d->out);
}

static void rules(struct document *d, const char *whose, const struct yaml *consent)
{
	fprintf(d->out, "%s, the first that holds decides:\n\n", whose);
	for (unsigned i = 0; i < consent->count; i++) {
		const struct yaml *rule = consent->item[i];

		fprintf(d->out, "%u. %s when `", i + 1,
			strcmp(yaml_key(rule, 0)->text, "deny") == 0 ? "off" : "on");
		document_flow(d, yaml_value(rule, 0));
		fputs("`\n", d->out);
	}
	fputs("\nWhen none holds, or one can not be read, it is off.\n\n", d->out);
}

static void opt_out(struct document *d)
{
	const struct yaml *services = yaml_get(d->root, "services");
	const struct yaml *consent = d->defaults != NULL ? yaml_get(d->defaults, "consent") : NULL;

	fputs("## How to switch it off\n\n"
	      "- `DO_NOT_TRACK=1` or `BOOKEND_DISABLE=1` in the environment of the program: "
	      "nothing "
	      "is recorded.\n",
	      d->out);
	fputs("- `bookend off`, or of one service `bookend off NAME`: at once, for running "
	      "programs "
	      "too; what waited is discarded.\n\n",
	      d->out);
	if (consent != NULL)
		rules(d, "For every service without rules of its own", consent);
	for (unsigned i = 0; i < services->count; i++) {
		const struct yaml *own = yaml_get(yaml_value(services, i), "consent");
		char whose[128];

		snprintf(whose, sizeof(whose), "For %s", yaml_key(services, i)->text);
		if (own != NULL)
			rules(d, whose, own);
	}
	fputs("What is not named on this page can not be sent.\n", d->out);
}

void document_markdown(struct document *d)
{
	const struct yaml *services = yaml_get(d->root, "services");
	const char *name = text_of(d->root, "name");

	fprintf(d->out, "# %s%stelemetry\n\n", name != NULL ? name : "", name != NULL ? " " : "");
	paragraph(d, text_of(d->root, "about"));
	if (text_of(d->root, "contact") != NULL)
		fprintf(d->out, "Questions: %s\n\n", text_of(d->root, "contact"));
	fputs("Every event has its name, an id that stays the same when it is sent again, its "
	      "time, and "
	      "an id of the run that it belongs to, which is made anew for each run. This page is "
	      "made "
	      "of the policy that decides what is sent, by `bookend document`.\n\n",
	      d->out);
	for (unsigned i = 0; i < services->count; i++) {
		d->service_name = yaml_key(services, i)->text;
		d->service = yaml_value(services, i);
		service(d);
	}
	d->service = d->event = NULL;
	destinations(d);
	opt_out(d);
}
