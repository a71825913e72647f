/*
 * Phrases about sources and triggers, from the tables' own descriptions.
 */
#include "policy/compile/document.h"

#include <string.h>

#define DEPTH 6 /* of values within values that a phrase follows */

struct word {
	const char *key, *about;
};

static const struct word words[] = {
#define WORD(key, parameters, takes, about) { #key, about },
#define PARAMETER(key, takes, about)
#define TRANSFORM(key, takes, about)
#include "policy/compile/sources.def"
#undef WORD
#undef PARAMETER
#undef TRANSFORM
	{ NULL, NULL },
};

static const struct word transforms[] = {
#define WORD(key, parameters, takes, about)
#define PARAMETER(key, takes, about)
#define TRANSFORM(key, takes, about) { #key, about },
#include "policy/compile/sources.def"
#undef WORD
#undef PARAMETER
#undef TRANSFORM
	{ NULL, NULL },
};

/* How a page says it, in front of what it takes; the others' own descriptions go with a colon. */
static const struct word said[] = {
	{ "env", "the environment variable" },
	{ "flag", "whether this option is given:" },
	{ "option", "the value of the option" },
	{ "file", "from the file" },
	{ "id", "a random identifier, one for each" },
	{ "run", "what this command says:" },
	{ "get", "a document, by HTTP:" },
	{ "key", "of it" },
	{ "as", "read as" },
	{ "extract", "of it what fits" },
	{ "route", "of it the first path that fits:" },
	{ "map", "for it what stands here, or nothing:" },
	{ "presence", "only whether it is there, as {} or null:" },
	{ "one_of", "only one of these, anything else is \"other\":" },
	{ "omit", "left out when" },
	{ "TRIGGER.child", "a program that it ran ended, or began:" },
	{ "TRIGGER.every", "every" },
	{ "TRIGGER.at", "counted from" },
	{ "TRIGGER.per", "for each" },
	{ "TRIGGER.once", "once for each" },
	{ "TRIGGER.call", "a call of" },
	{ "TRIGGER.in", "made by" },
	{ "TRIGGER.how", "if it ended" },
	{ "TRIGGER.during", "during the command" },
	{ "TRIGGER.phase", "at the" },
	{ NULL, NULL },
};

static const struct word facts[] = {
#define FACT(name, text, known, capture, about) { text, about },
#include "policy/facts.def"
#undef FACT
	{ NULL, NULL },
};

static const struct word statistics[] = {
#define STATISTIC(name, text, kinds, about) { text, about },
#include "policy/statistics.def"
#undef STATISTIC
	{ NULL, NULL },
};

static const struct word moments[] = {
#define KEY(scope, key, takes, about) { #scope "." #key, about },
#include "policy/compile/keys.def"
#undef KEY
	{ NULL, NULL },
};

static const char *about_of(const struct word *list, const char *key, size_t length)
{
	for (; list->key != NULL; list++)
		if (strlen(list->key) == length && memcmp(list->key, key, length) == 0)
			return list->about;
	return NULL;
}

static void flow_scalar(struct document *d, const struct yaml *y)
{
	bool quoted = y->text[0] == '\0' || strpbrk(y->text, ":#{}[],&*!|>'\"%@`") != NULL;

	if (!quoted) {
		fputs(y->text, d->out);
		return;
	}
	putc('"', d->out);
	for (const char *p = y->text; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			putc('\\', d->out);
		putc(*p, d->out);
	}
	putc('"', d->out);
}

void document_flow(struct document *d, const struct yaml *y)
{
	if (y->kind == YAML_SCALAR) {
		flow_scalar(d, y);
		return;
	}
	fputs(y->kind == YAML_MAP ? "{ " : "[", d->out);
	for (unsigned i = 0; i < y->count; i++) {
		fputs(i != 0 ? ", " : "", d->out);
		if (y->kind == YAML_MAP) {
			fprintf(d->out, "%s: ", yaml_key(y, i)->text);
			document_flow(d, yaml_value(y, i));
		} else {
			document_flow(d, y->item[i]);
		}
	}
	fputs(y->kind == YAML_MAP ? " }" : "]", d->out);
}

static void code(struct document *d, const struct yaml *y)
{
	putc('`', d->out);
	if (y->kind == YAML_SCALAR)
		fputs(y->text, d->out);
	else
		document_flow(d, y);
	putc('`', d->out);
}

/* NAME or NAME.STATISTIC: in the measure's own words, where it has some. */
static void measure(struct document *d, const char *name, size_t length)
{
	const char *dot = memchr(name, '.', length);
	size_t own = dot != NULL ? (size_t)(dot - name) : length;
	size_t rest = dot != NULL ? length - own - 1 : 0;
	bool total = rest == 5 && memcmp(dot + 1, "total", 5) == 0;
	const struct yaml *about = document_measure(d, name, own);

	if (about != NULL)
		fputs(about->text, d->out);
	else
		fprintf(d->out, "the measure `%.*s`", (int)own, name);
	if (rest > 0 && !total)
		fprintf(d->out, ", %s", about_of(statistics, dot + 1, rest));
	fprintf(d->out, ", since the %s", total ? "process began" : "event was last made");
}

/* What stands between ${ and }. */
static void reference(struct document *d, const char *name, size_t length)
{
	const char *about = about_of(facts, name, length);
	const struct yaml *value = document_value(d, name, length);

	if (about != NULL) {
		fputs(about, d->out);
	} else if (value != NULL && d->depth < DEPTH) {
		d->depth++;
		document_source(d, value);
		d->depth--;
	} else if (length > 11 && memcmp(name, "remembered.", 11) == 0) {
		fprintf(d->out, "what was remembered as `%.*s`", (int)length - 11, name + 11);
	} else if (length > 8 && memcmp(name, "measure.", 8) == 0) {
		measure(d, name + 8, length - 8);
	} else if (length > 5 && memcmp(name, "item.", 5) == 0) {
		fprintf(d->out, "`%.*s` of the element", (int)length - 5, name + 5);
	} else {
		fprintf(d->out, "`%.*s`", (int)length, name);
	}
}

static void template(struct document *d, const char *text)
{
	const char *open = strstr(text, "${");
	const char *close = open != NULL ? strchr(open, '}') : NULL;

	if (open == NULL || (open > text && open[-1] == '$')) {
		fprintf(d->out, "always `%s`", text);
		return;
	}
	if (open == text && close != NULL && close[1] == '\0') {
		reference(d, text + 2, (size_t)(close - text) - 2);
		return;
	}
	fprintf(d->out, "`%s`", text);
	for (const char *with = ", with "; open != NULL && close != NULL; with = "; ") {
		fprintf(d->out, "%s`%.*s`: ", with, (int)(close - open) - 2, open + 2);
		reference(d, open + 2, (size_t)(close - open) - 2);
		open = strstr(close, "${");
		close = open != NULL ? strchr(open, '}') : NULL;
	}
}

static void phrase(struct document *d, const char *key, const char *about,
		   const struct yaml *argument)
{
	const char *as_said = about_of(said, key, strlen(key));

	fprintf(d->out, "%s%s ", as_said != NULL ? as_said : about, as_said != NULL ? "" : ":");
	code(d, argument);
}

static void word(struct document *d, const struct yaml *source, const char *key,
		 const struct yaml *argument)
{
	const char *about = about_of(words, key, strlen(key));
	const struct yaml *keyed = yaml_get(source, "for");

	if (strcmp(key, "value") == 0 && argument->kind == YAML_SCALAR) {
		document_source(d, argument);
	} else if (about != NULL && strcmp(key, "object") == 0) {
		fputs(about, d->out);
	} else if (strcmp(key, "id") == 0 && keyed != NULL) {
		fputs("a random identifier, one for each value of this: ", d->out);
		document_source(d, keyed);
	} else if (about != NULL) {
		phrase(d, key, about, argument);
	}
}

static void transform(struct document *d, const char *key, const struct yaml *given)
{
	const char *about = about_of(transforms, key, strlen(key));

	if (about == NULL || strcmp(key, "secret") == 0)
		return;
	fputs(strcmp(key, "else") == 0 ? "; otherwise " : "; ", d->out);
	if (strcmp(key, "else") == 0)
		document_source(d, given);
	else
		phrase(d, key, about, given);
}

void document_source(struct document *d, const struct yaml *source)
{
	const struct yaml *about = source->kind == YAML_MAP ? yaml_get(source, "about") : NULL;

	if (source->kind == YAML_SCALAR) {
		if (source->plain && strcmp(source->text, "null") == 0)
			fputs("null", d->out);
		else
			template(d, source->text);
		return;
	}
	if (about != NULL) {
		fputs(about->text, d->out);
		if (yaml_get(source, "hash") != NULL)
			transform(d, "hash", yaml_get(source, "hash"));
		return;
	}
	for (unsigned i = 0; i < source->count; i++)
		word(d, source, yaml_key(source, i)->text, yaml_value(source, i));
	for (unsigned i = 0; i < source->count; i++)
		transform(d, yaml_key(source, i)->text, yaml_value(source, i));
}

void document_trigger(struct document *d, const struct yaml *trigger)
{
	char whole[80];
	const char *about;

	if (trigger->kind == YAML_LIST) {
		for (unsigned i = 0; i < trigger->count; i++) {
			fputs(i != 0 ? "; or " : "", d->out);
			document_trigger(d, trigger->item[i]);
		}
		return;
	}
	if (trigger->kind == YAML_SCALAR) {
		snprintf(whole, sizeof(whole), "TRIGGER.%s", trigger->text);
		about = about_of(moments, whole, strlen(whole));
		fputs(about != NULL ? about : trigger->text, d->out);
		return;
	}
	for (unsigned i = 0; i < trigger->count; i++) {
		snprintf(whole, sizeof(whole), "TRIGGER.%s", yaml_key(trigger, i)->text);
		fputs(i != 0 ? ", " : "", d->out);
		phrase(d, whole, about_of(moments, whole, strlen(whole)), yaml_value(trigger, i));
	}
}
