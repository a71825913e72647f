/*
 * The list of heirs in a slot. Entries are changed by compare-and-swap only, and an entry that
 * names a living process only by that process. Async-signal-safe.
 */
#ifndef BOOKEND_SHIM_HEIRS_H
#define BOOKEND_SHIM_HEIRS_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/self.h"

/* Enters the calling process, in the place of one that is gone; counted in heirs_lost when there is
 * none. */
void heirs_register(struct self *self);
void heirs_mark_session(struct self *self);
void heirs_mark_gone(struct self *self);
void heirs_unmark_gone(struct self *self);

/* Is the process of this entry there and no zombie? */
bool heirs_live(uint64_t heir);

#endif
