/*
 * Helpers: `bookend flush --helper`, spawned to deliver what processes leave behind. It is a child
 * that the host does not notice: no SIGCHLD, nothing for its wait (only __WALL sees it), no
 * descriptor, signal or session in common. None is spawned under seccomp or valgrind, nor when the
 * process has changed its credentials. Failure is counted and has no other effect.
 */
#ifndef BOOKEND_SHIM_HELPER_H
#define BOOKEND_SHIM_HELPER_H

#include "shim/self.h"

/* The calling process is about to end: deliver after its death. Async-signal-safe. */
void helper_after(struct self *self);

/* A start: one helper at a time, when delivery is overdue or the pool is more than half full.
 * Constructor only. */
void helper_when_due(struct self *self);

#endif
