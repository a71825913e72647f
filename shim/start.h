/*
 * A new lifecycle: a slot and its start. Constructor, or on behalf of a child.
 */
#ifndef BOOKEND_SHIM_START_H
#define BOOKEND_SHIM_START_H

#include "policy/decide.h"
#include "shim/self.h"

/* Into self->slot, from self->pool with its file open. REASON_MEASURED, or why not; nothing is left
 * behind then. */
/* more: START_BY_PARENT, or 0. */
enum reason start_record(struct self *self, const struct decision *decision,
			 const struct subject *subject, uint32_t more);

#endif
