/*
 * The living process as a world for evaluation (policy/eval.h): inside, for consent and for whether
 * a destination is live.
 */
#ifndef BOOKEND_POLICY_SUBJECT_WORLD_H
#define BOOKEND_POLICY_SUBJECT_WORLD_H

#include "policy/decide.h"
#include "policy/eval.h"

/* e->context is then the subject. */
void subject_world_init(struct eval *e, const struct subject *subject, const struct section *now,
			struct arena *arena);

/* The value of an environment variable, NULL when it is not there. */
const char *subject_env(const struct subject *subject, const char *name);

/* The fields of uname(2) and the working directory, in the arena; false and NULL on failure. */
bool subject_uname(struct arena *arena, const char *field[FACTS_UNAME]);
const char *subject_cwd(struct arena *arena);

#endif
