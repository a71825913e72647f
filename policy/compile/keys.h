/*
 * The keys of keys.def and sources.def by scope, for checking a mapping and for naming what there
 * is.
 */
#ifndef BOOKEND_POLICY_COMPILE_KEYS_H
#define BOOKEND_POLICY_COMPILE_KEYS_H

#include <stdbool.h>

#include "policy/compile/yaml.h"

enum key_scope {
	KEYS_POLICY,
	KEYS_DEFAULTS,
	KEYS_SERVICE,
	KEYS_MEASURE,
	KEYS_MATCH,
	KEYS_EVENT,
	KEYS_TRIGGER,
	KEYS_CONSENT,
	KEYS_DESTINATION,
	KEYS_SEND,
	KEYS_AUTH,
	KEYS_RETRY,
	KEYS_STOP,
	KEYS_TLS,
	KEYS_SPOOL,
	KEYS_SOURCE,
	KEYS_PARAMETER,
	KEYS_TEST,
	KEYS_LOGIC,
	KEYS_CASE,
	KEYS_REPLACE,
	KEYS_SCOPES
};

#define KEYS_MAX 60 /* in one scope */

/* NULL-terminated; the caller's array. */
void keys_of(enum key_scope scope, const char *into[KEYS_MAX + 1]);
/* As in the tables: "POLICY". */
const char *keys_scope(enum key_scope scope);
bool keys_have(enum key_scope scope, const char *key);

/*
 * y must be a mapping with keys of the scope only. Each other key is a finding. False: y is no
 * mapping, and that was said; where names the place: "a service".
 */
bool keys_check(struct diagnose *d, const struct yaml *y, enum key_scope scope, const char *where);

/* For the documents' test: calls each for every key. */
void keys_each(void (*each)(void *context, enum key_scope scope, const char *key, const char *takes,
			    const char *about),
	       void *context);

#endif
