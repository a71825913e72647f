/*
 * What the loader will bind a slot to that it binds lazily, at its first call: the slot still leads
 * into the object's own PLT, which must not be taken for the function, because the loader would
 * write the function over the stub. Under the loader's lock.
 */
#ifndef BOOKEND_HOOKS_RESOLVE_H
#define BOOKEND_HOOKS_RESOLVE_H

#include "hooks/engine.h"
#include "hooks/tables.h"

/* The function that calls of the object reach by that name and version (NULL: without one); 0:
 * nobody defines it, or it can not be told from outside which of several definitions is meant. */
uintptr_t resolve(struct engine *engine, const struct loaded *object, const struct tables *tables,
		  const char *name, const char *version);

/* Does an object define the function as that version of the name? */
bool resolve_is(struct engine *engine, uintptr_t function, const char *name, const char *version);

#endif
