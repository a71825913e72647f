/*
 * A step: code of ours that loads libraries. In a service no fork of the host and none of its
 * destructors may overlap with it, and what was loaded is made harmless before it ends
 * (base/sender_thread.h). In a process of our own nothing of that is needed, and nothing is done.
 * The sender's thread.
 */
#ifndef BOOKEND_SENDER_STEP_H
#define BOOKEND_SENDER_STEP_H

#include <stdbool.h>

#include "base/sender_thread.h"

/* We are the sender thread of that record from now on. */
void step_of(struct sender_thread *thread);

/* Is there a host to be careful of? */
bool step_is_needed(void);

/* False: the host ends, or wants us gone; nothing may be loaded. */
bool step_begin(void);
/* False: what was loaded is not harmless; the thread must go. */
bool step_end(void);

#endif
