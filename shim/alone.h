/*
 * Calls that want a process of one thread, unshare and setns, and those that give it another root:
 * interposed in alone.c, and for syscall(2), which may make them too, in confine.c. Any thread.
 */
#ifndef BOOKEND_SHIM_ALONE_H
#define BOOKEND_SHIM_ALONE_H

#include "shim/self.h"

enum alone { ALONE_NO, ALONE_THREADS, ALONE_ROOT };

/* What the system call of that number is. */
enum alone alone_call(long number);

/* Around one that is: the sender thread is gone when alone_begin() returns. The record, or NULL. */
struct self *alone_begin(enum alone what);
void alone_end(struct self *self, enum alone what, bool done);

#endif
