/*
 * The page about a policy's telemetry that its users read: what is collected and when, an example
 * of every event, where it goes, how to switch it off. Made of the policy's own words (about,
 * example) and of the tables that the compiler reads by, so that it says what happens. The policy
 * must compile. One thread.
 */
#ifndef BOOKEND_POLICY_COMPILE_DOCUMENT_H
#define BOOKEND_POLICY_COMPILE_DOCUMENT_H

#include <stdio.h>

#include "policy/compile/yaml.h"

enum document_format { DOCUMENT_MARKDOWN, DOCUMENT_JSON_SCHEMA, DOCUMENT_OPENAPI };

/* Text of a policy; 0, -EINVAL after findings through say, -ENOMEM. */
int document_write(const char *name, const char *text, size_t length, diagnostic_fn say,
		   void *context, enum document_format format, FILE *out);

/* What the parts share: the whole policy, and the scope of one event. */
struct document {
	FILE *out;
	const struct yaml *root, *values, *defaults;
	const struct yaml *service, *event; /* of the part at hand */
	const char *service_name, *event_name;
	unsigned depth; /* of values that refer to values */
};

/* document.c: the pairs of `context` or `properties` as the event has them, inherited ones first;
 * path: the names that lead to them, "" for those themselves. Calls each in order. */
typedef void (*document_pair_fn)(struct document *d, const char *name, const struct yaml *source,
				 bool last, void *context);
void document_pairs(struct document *d, const char *key, document_pair_fn each, void *context);
/* Those of one `object` whose parts may be inherited, too. */
void document_object(struct document *d, const struct yaml *const *objects, unsigned count,
		     document_pair_fn each, void *context);
/* What counts for the event: its own, else its service's, else that of defaults; or NULL. */
const struct yaml *document_of(const struct document *d, const char *key);
/* A value of the file's, or NULL. */
const struct yaml *document_value(const struct document *d, const char *name, size_t length);
/* What the service says about a measure of its own, or NULL. */
const struct yaml *document_measure(const struct document *d, const char *name, size_t length);

/* document_words.c: phrases, without a full stop. */
void document_source(struct document *d, const struct yaml *source);
void document_trigger(struct document *d, const struct yaml *trigger);
/* YAML on one line, as it would be written between braces. */
void document_flow(struct document *d, const struct yaml *y);

/* document_example.c: JSON. */
void document_example(struct document *d, const struct yaml *source);
void document_example_object(struct document *d, const char *key, unsigned indent);

/* The pages. */
void document_markdown(struct document *d);
void document_schema(struct document *d, bool openapi);

#endif
