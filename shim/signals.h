/*
 * Termination signals. Two things are done, with one handler of ours in the kernel's table:
 *   - hidden: a service whose TERM, INT or HUP would have its default action notes the signal, and
 * then dies of it as it would have, with the same status. Never as PID 1, which the kernel protects
 * from default actions, nor as its fork in a new pid namespace; never for commands; an ignored
 * signal stays ignored.
 *   - passed on: a handler of the host for TERM, INT, HUP or QUIT is called as the host wished,
 * after the signal was remembered, so that a later exit(0) has its reason. Flags and mask are the
 * host's own, so the kernel does the rest. The interposed sigaction and signal functions keep the
 * host's view: it reads back what it wrote.
 *
 * A record's handler[] holds the host's view wherever the kernel has our handler. A process that
 * runs with another pid in this memory (vfork) reads it, changes nothing and gets its own
 * dispositions straight from the kernel.
 */
#ifndef BOOKEND_SHIM_SIGNALS_H
#define BOOKEND_SHIM_SIGNALS_H

#include "shim/self.h"

/* Takes over the default actions of a service. Constructor only, after self_publish(). */
void signals_watch(struct self *self);

/* Is it one whose reception is remembered? */
bool signals_watched(int number);

/* The host took this signal from sigwait() or the like: as good as a handler that got it. */
void signals_taken(int number);

/* Gives them back: signals_watch() takes them again. */
void signals_release(struct self *self);

#endif
