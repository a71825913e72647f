/*
 * The policy's tree, and what an event inherits: defaults, service, event, the inner one over the
 * outer one, key by key, as the compiler has it.
 */
#include "policy/compile/document.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile/compile.h"

#define SCOPES 3

const struct yaml *document_of(const struct document *d, const char *key)
{
	const struct yaml *const scope[SCOPES] = { d->event, d->service, d->defaults };

	for (unsigned i = 0; i < SCOPES; i++) {
		const struct yaml *found = scope[i] != NULL ? yaml_get(scope[i], key) : NULL;

		if (found != NULL)
			return found;
	}
	return NULL;
}

static const struct yaml *named(const struct yaml *map, const char *name, size_t length)
{
	for (unsigned i = 0; map != NULL && i < map->count; i++) {
		const struct yaml *key = yaml_key(map, i);

		if (strlen(key->text) == length && memcmp(key->text, name, length) == 0)
			return yaml_value(map, i);
	}
	return NULL;
}

const struct yaml *document_value(const struct document *d, const char *name, size_t length)
{
	return named(d->values, name, length);
}

const struct yaml *document_measure(const struct document *d, const char *name, size_t length)
{
	const struct yaml *measures = d->service != NULL ? yaml_get(d->service, "measures") : NULL;
	const struct yaml *measure = named(measures, name, length);

	return measure != NULL ? yaml_get(measure, "about") : NULL;
}

static bool is_removed(const struct yaml *source)
{
	const struct yaml *omit =
		source != NULL && source->kind == YAML_MAP ? yaml_get(source, "omit") : NULL;

	return omit != NULL && strcmp(omit->text, "always") == 0;
}

/* The innermost of the mappings that has the key, outermost first in the list. */
static const struct yaml *innermost(const struct yaml *const *map, unsigned count, const char *key)
{
	for (unsigned i = count; i-- > 0;) {
		const struct yaml *found = yaml_get(map[i], key);

		if (found != NULL)
			return found;
	}
	return NULL;
}

static bool comes_first(const struct yaml *const *map, unsigned which, const char *key)
{
	for (unsigned i = 0; i < which; i++)
		if (yaml_get(map[i], key) != NULL)
			return false;
	return true;
}

static unsigned count_pairs(const struct yaml *const *map, unsigned count)
{
	unsigned pairs = 0;

	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < map[i]->count; j++) {
			const char *key = yaml_key(map[i], j)->text;

			pairs +=
				comes_first(map, i, key) && !is_removed(innermost(map, count, key));
		}
	return pairs;
}

void document_object(struct document *d, const struct yaml *const *map, unsigned count,
		     document_pair_fn each, void *context)
{
	unsigned pairs = count_pairs(map, count), at = 0;

	for (unsigned i = 0; i < count; i++)
		for (unsigned j = 0; j < map[i]->count; j++) {
			const char *key = yaml_key(map[i], j)->text;
			const struct yaml *source = innermost(map, count, key);

			if (comes_first(map, i, key) && !is_removed(source))
				each(d, key, source, ++at == pairs, context);
		}
}

void document_pairs(struct document *d, const char *key, document_pair_fn each, void *context)
{
	const struct yaml *const scope[SCOPES] = { d->defaults, d->service, d->event };
	const struct yaml *map[SCOPES];
	unsigned count = 0;

	for (unsigned i = 0; i < SCOPES; i++) {
		const struct yaml *pairs = scope[i] != NULL ? yaml_get(scope[i], key) : NULL;

		if (pairs != NULL && pairs->kind == YAML_MAP)
			map[count++] = pairs;
	}
	document_object(d, map, count, each, context);
}

static int write_root(const struct yaml *root, enum document_format format, FILE *out)
{
	struct document d = { .out = out,
			      .root = root,
			      .values = yaml_get(root, "values"),
			      .defaults = yaml_get(root, "defaults") };

	if (format == DOCUMENT_MARKDOWN)
		document_markdown(&d);
	else
		document_schema(&d, format == DOCUMENT_OPENAPI);
	return 0;
}

int document_write(const char *name, const char *text, size_t length, diagnostic_fn say,
		   void *context, enum document_format format, FILE *out)
{
	struct compile_options options = { .say = say, .context = context };
	struct diagnose d = {
		.file = name, .text = text, .length = length, .say = say, .context = context
	};
	struct heap heap = { .chunk = NULL };
	struct compiled compiled;
	const struct yaml *root;
	int error = compile_text(name, text, length, &options, &compiled);

	if (error != 0)
		return error;
	free(compiled.bytes);
	if (setjmp(heap.full) != 0) {
		heap_fini(&heap);
		return -ENOMEM;
	}
	root = yaml_load(&heap, &d, text, length);
	error = root != NULL ? write_root(root, format, out) : -EINVAL;
	heap_fini(&heap);
	return error;
}
