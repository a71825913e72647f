/*
 * BOOKEND_TRACE=FILE: one line for each decision, appended with one write. Constructor, exec and
 * exit of services only; a file that can not be written has no effect.
 */
#ifndef BOOKEND_SHIM_TRACE_H
#define BOOKEND_SHIM_TRACE_H

#include "shim/self.h"

/* file: NULL or "" does nothing. detail: may be empty. slot: UINT32_MAX is none. */
void trace_decision(const char *file, int pid, const char *exe, const char *reason,
		    const char *detail, const char *service, uint32_t slot);

/* What became of a hooked symbol in one object, "" for none. version: may be NULL. */
void trace_call(const struct self *self, const char *symbol, const char *version,
		const char *outcome, const char *object, uint32_t slots);

/* An object in which calls were looked for. */
void trace_object(const struct self *self, const char *path);

/* What a measured service does. Async-signal-safe. */
void trace_event(const struct self *self, const char *what);

#endif
