/*
 * The process as the policy sees it (policy/decide.h): executable, script, arguments, ids.
 * Constructor only.
 */
#ifndef BOOKEND_SHIM_SUBJECT_H
#define BOOKEND_SHIM_SUBJECT_H

#include "base/paths.h"
#include "base/pool.h"
#include "policy/decide.h"

/* exe: the caller's memory for the path. stands_alone and context are left to the caller. */
void subject_of_process(int argc, char **argv, char **envp, char exe[PATHS_MAX],
			struct subject *into);

/* Is a parent, or a parent's parent, an owner of a live lifecycle in this pool? */
bool subject_has_measured_parent(const struct subject *subject, struct pool *pool);

#endif
