/*
 * What became of each spec, object by object, as things are now: slow, for `bookend doctor`. The
 * callbacks run under the loader's lock.
 */
#ifndef BOOKEND_HOOKS_REPORT_H
#define BOOKEND_HOOKS_REPORT_H

#include "hooks/hooks.h"

enum hooks_outcome {
#define OUTCOME(name, text) HOOKS_##name,
#include "hooks/outcomes.def"
#undef OUTCOME
	HOOKS_OUTCOMES
};

const char *hooks_outcome_text(enum hooks_outcome outcome);

/* Of a spec in one object: it defines the function, or has slots of which that became. */
struct hooks_finding {
	const struct hooks_spec *spec;
	const char *object; /* path; "" for the executable */
	enum hooks_outcome outcome;
	uint32_t slots;
	const char *version; /* DEFINED: NULL: it has none */
};

typedef void hooks_finding_fn(void *context, const struct hooks_finding *finding);

/* As things are now. A thread of the host, not in a routine nor in a signal handler; what dlerror()
 * had to say is forgotten. False: not installed, or not possible. */
bool hooks_report(hooks_finding_fn *found, void *context);

/* The objects that were looked at, under the same conditions. */
typedef void hooks_object_fn(void *context, const char *path);
bool hooks_objects(hooks_object_fn *found, void *context);

#endif
