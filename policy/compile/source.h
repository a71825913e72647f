/*
 * Sources, { WORD: argument, parameters, transforms }, by the table sources.def.
 *
 * To add a word: a WORD row, a PARAMETER row for each new parameter, and source_KEY() in a
 * source_*.c of its own. It gets the argument and the whole mapping, where it finds its parameters,
 * and returns what yields the value; after a finding, source_nothing(). What it yields is evaluated
 * by policy/eval.c; reach.c says when it is known and what a start must record for it.
 *
 * To add a transform: a TRANSFORM row in its place of the fixed order, source_transform_KEY() in a
 * transform_*.c, which wraps e into a node, a NODE row, and a row in policy/transforms.def. A word
 * that has the key among its own parameters reads it itself, and no transform is added.
 *
 * The names of the functions follow from the rows. docs/policy.md has every row, word for word.
 */
#ifndef BOOKEND_POLICY_COMPILE_SOURCE_H
#define BOOKEND_POLICY_COMPILE_SOURCE_H

#include "policy/compile/compiler.h"

#define WORD(key, parameters, takes, about)                                                        \
	struct expr *source_##key(struct compiler *c, const struct yaml *argument,                 \
				  const struct yaml *map);
#define PARAMETER(key, takes, about)
/* given is what stands behind the key, map the whole source, e what is to be transformed. */
#define TRANSFORM(key, takes, about)                                                               \
	struct expr *source_transform_##key(struct compiler *c, const struct yaml *given,          \
					    const struct yaml *map, struct expr *e);
#include "policy/compile/sources.def"
#undef WORD
#undef PARAMETER
#undef TRANSFORM

struct expr *source_of(struct compiler *c, const struct yaml *y);
/* The same where `omit: always` may stand: EXPR_REMOVED. */
struct expr *source_or_removal(struct compiler *c, const struct yaml *y);
/* with_tests: keys of tests may stand beside the source's own. */
struct expr *source_of_map(struct compiler *c, const struct yaml *y, bool with_tests);
/* OBJECT of names and sources; where names the place: "properties". */
struct expr *source_pairs(struct compiler *c, const struct yaml *y, const char *where);

/* A fact: the FACT node, or what yields it. */
struct expr *source_of_fact(struct compiler *c, unsigned fact, struct mark at);
/* The `is` of a lookup, which is no test. */
bool source_is_of_lookup(const struct yaml *map, const struct yaml *key);

/* `as:` is a type or a form of a time, no format of a file. */
bool source_converts(const struct yaml *as);

/* What stands for a source that has a finding. */
struct expr *source_nothing(struct compiler *c, struct mark at);

#endif
