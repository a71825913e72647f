/*
 * Looking into JSON text and editing it, without making a tree of it: for texts that were valid
 * when they were made (the evaluator's own, what a transform has read). Of a damaged one the result
 * is some text or none, never a read beyond its end. Names are compared as they stand between their
 * quotes. No allocation but from an arena; any world.
 */
#ifndef BOOKEND_POLICY_JSON_H
#define BOOKEND_POLICY_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "policy/arena.h"
#include "policy/value.h"

struct json {
	const char *text;
	size_t length;
};

struct json json_of(const char *text);

/* What lies below an object at a path of names with dots between them: "user.name". */
bool json_find(struct json whole, const char *path, struct json *into);

/*
 * One after the other, *at being 0 at first: the elements of a list, or the members of an object,
 * whose name is then in *name, between its quotes. False behind the last one.
 */
bool json_next(struct json whole, size_t *at, struct json *name, struct json *into);

/* The same as a value of the language: text without quotes and escapes. */
struct value json_value(struct arena *arena, struct json json);

/* Appends outer with the members of inner over it, objects in both merged likewise. When one of
 * them is no object: inner. */
void json_merge(struct text *into, struct json outer, struct json inner);

/* Appends the object without what lies at the paths. */
void json_drop(struct text *into, struct json object, const char *const *path, unsigned paths);

#endif
