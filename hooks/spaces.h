/*
 * The link namespaces beside the first one (dlmopen(3)), by the lists that glibc keeps for
 * debuggers since 2.35; before that they can not be seen. Under the loader's lock.
 */
#ifndef BOOKEND_HOOKS_SPACES_H
#define BOOKEND_HOOKS_SPACES_H

#include "hooks/engine.h"

/* How many there are. */
uint32_t spaces_count(void);

/* Adds the objects of all but the first `engine->spaces` of them to the list. */
void spaces_add(struct engine *engine);

#endif
