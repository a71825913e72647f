/*
 * Findings: file, line, column, what is wrong, what to write instead. At most DIAGNOSE_MAX of one
 * run are said.
 */
#ifndef BOOKEND_POLICY_COMPILE_DIAGNOSE_H
#define BOOKEND_POLICY_COMPILE_DIAGNOSE_H

#include <stddef.h>

#include "policy/compile/compile.h"

#define DIAGNOSE_MAX  20
#define DIAGNOSE_KEPT 200

struct finding;

struct mark {
	unsigned line, column; /* from 1; line 0: the whole file */
};

struct diagnose {
	const char *file;
	const char *text; /* of the policy, for the offending line */
	size_t length;
	unsigned count;		 /* of all findings */
	struct finding *finding; /* of DIAGNOSE_KEPT; NULL until there is one */
	diagnostic_fn say;
	void *context;
};

void diagnose(struct diagnose *d, struct mark at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Once, at the end: says what was found and frees it. */
void diagnose_say(struct diagnose *d);

/*
 * The word of the NULL-terminated list that is nearest to what was written, when it is near enough
 * to be meant, else NULL.
 */
const char *diagnose_nearest(const char *written, const char *const *words);

/* "a, b or c" of a NULL-terminated list, into the caller's buffer; of a long one the beginning. */
const char *diagnose_list(const char *const *words, char *into, size_t capacity);

/* "unknown WHAT 'written': did you mean 'x'?", or what there is. */
void diagnose_unknown(struct diagnose *d, struct mark at, const char *what, const char *written,
		      const char *const *words);

#endif
