/*
 * The interposed functions and the way on to the real ones. Each interposer stands in the file of
 * its subject, is marked LIFECYCLE_EXPORT and calls NEXT(name)(...). Any thread, signal handlers
 * and vfork children included.
 */
#ifndef BOOKEND_SHIM_LIFECYCLE_H
#define BOOKEND_SHIM_LIFECYCLE_H

enum lifecycle_function {
#define INTERPOSE(name) LIFECYCLE_##name,
#include "shim/lifecycle.def"
#undef INTERPOSE
	LIFECYCLE_COUNT
};

/* The next definition, found at the first call; NULL when this libc has no such function. */
void *lifecycle_next(enum lifecycle_function which);

#define NEXT(name) ((__typeof__(&name))lifecycle_next(LIFECYCLE_##name))

#define LIFECYCLE_EXPORT __attribute__((visibility("default")))

#endif
