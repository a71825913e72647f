/*
 * One object's slots. Under the loader's lock.
 */
#ifndef BOOKEND_HOOKS_SCAN_H
#define BOOKEND_HOOKS_SCAN_H

#include "hooks/engine.h"
#include "hooks/tables.h"

/* Diverts the slots of one object that specs want. */
void scan(struct engine *engine, const struct loaded *object, bool alone);

/* Tells of each slot that a spec wants what became of it. */
typedef void scan_tell_fn(void *context, const struct hooks_spec *spec, enum hooks_outcome outcome);
void scan_tell(struct engine *engine, const struct loaded *object, scan_tell_fn *tell,
	       void *context);

/*
 * For a function that code of `object` asked the loader for by name; version: NULL is the default
 * one. The address of the stub, of the first one when many specs want it; the function's own when
 * none does, and when calls of it go through a slot that is diverted anyway.
 */
uintptr_t scan_divert(struct engine *engine, const struct loaded *object, const char *name,
		      const char *version, uintptr_t function);

#endif
