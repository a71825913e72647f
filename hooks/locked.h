/*
 * Work under the loader's lock, so that what is loaded stays and is relocated.
 *
 * glibc has no call for that, but its dlsym() holds the lock while it asks an indirect function
 * which implementation is to be taken. bookend_look, which libbookend.so exports, is one whose
 * answer is of no interest: its resolver does the work. A thread of the host, in a call of its own
 * to the loader: dlerror() forgets what it had to say, as any such call makes it.
 */
#ifndef BOOKEND_HOOKS_LOCKED_H
#define BOOKEND_HOOKS_LOCKED_H

#include <stdbool.h>

struct engine;

typedef void locked_work_fn(struct engine *engine, void *context);

/* False: it could not be done, and dlerror() has something to say now. */
bool locked(locked_work_fn *work, void *context);

#endif
