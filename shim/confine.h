/*
 * Filters of system calls (seccomp(2)) that the host puts on itself: a call that its filter does
 * not name may kill it. From then on the shim makes none: a process that asks for a filter is
 * marked confined before it gets it. It still notes its end, which is stores only, but it hands
 * nothing over, spawns no helper, has no hidden handlers and says nothing for its children. Its
 * forks are strangers.
 *
 * Known limit: a vfork child of a confined process is taken for the process itself, and its _exit
 * for a provisional end, which the real one overrides. A filter from before the exec is not seen
 * here; see shim/helper.c.
 *
 * Any thread of the host; prctl and syscall may be called in signal handlers.
 */
#ifndef BOOKEND_SHIM_CONFINE_H
#define BOOKEND_SHIM_CONFINE_H

#include "shim/self.h"

/* Whether the caller is the process that the confined record is about; no system call. */
bool confine_is_here(const struct self *self);

/* Makes the mark that it goes by ahead of time: constructor, for calls and as PID 1. Older kernels
 * have none. */
void confine_prepare(struct self *self);
/* In a forked child: the mark is its own again, when there is one. */
void confine_mark_again(struct self *self);

#endif
