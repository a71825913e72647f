/*
 * Leaving. What a process notes of its own end is provisional until its death is observed: an exit
 * handler may note code 0 and the process still die of SIGPIPE while stdio is flushed.
 */
#ifndef BOOKEND_SHIM_EXITS_H
#define BOOKEND_SHIM_EXITS_H

#include "shim/self.h"

/* Registers the handler that runs last of all exit handlers. Constructor only. */
void exits_watch(void);

/* The process makes the system call exit_group. */
void exits_by_syscall(int code);

/* A signal ends the process now, by its default action; async-signal-safe. */
void exits_by_signal(struct self *self, int signal);

#endif
