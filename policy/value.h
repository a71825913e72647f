/*
 * A value of the policy language: a type and its text. Numbers and JSON keep the text they came as,
 * so that nothing is lost on the way out. Comparison follows section "Types in tests" of
 * docs/policy.md. No allocation, no locale; any world.
 */
#ifndef BOOKEND_POLICY_VALUE_H
#define BOOKEND_POLICY_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum value_type {
	VALUE_ABSENT,
	VALUE_UNREADABLE, /* there, but not as it should be: a consent rule denies */
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_NUMBER,
	VALUE_TEXT,
	VALUE_JSON, /* an object or a list */
};

struct value {
	enum value_type type;
	uint32_t length;
	const char *
		text; /* NUL-terminated; "true" and "false" for VALUE_BOOL, "null" for VALUE_NULL */
};

enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN };

struct value value_of(enum value_type type, const char *text, size_t length);
struct value value_absent(void);
struct value value_unreadable(void);
struct value value_bool(bool truth);
/* Text of C; NULL and "" are absent. */
struct value value_text(const char *text);

bool value_present(const struct value *v);

/* 1 t T TRUE true True, 0 f F FALSE false False. 0 or -EINVAL. */
int value_read_bool(const char *text, size_t length, bool *into);
/* A JSON number and nothing else. 0 or -EINVAL. */
int value_read_number(const char *text, size_t length, double *into);

/* No test: present, not empty, not false. */
enum truth value_holds(const struct value *v);
enum truth value_is(const struct value *v, const struct value *other);
/* -1, 0 or 1 into *order, or TRUTH_UNKNOWN, or TRUTH_FALSE when one is absent. */
enum truth value_order(const struct value *v, const struct value *other, int *order);

/* Appends the value as JSON. An absent or unreadable one appends nothing. */
void value_add_json(struct text *t, const struct value *v);

#endif
