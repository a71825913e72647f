/*
 * Leaving a drainer behind: a `bookend flush --helper` that nobody waits for, with a session, a
 * working directory and descriptors of its own, so that it holds up neither a terminal, nor a pipe,
 * nor a mount.
 */
#ifndef BOOKEND_TOOLS_DRAINER_H
#define BOOKEND_TOOLS_DRAINER_H

/* state: its directory. Returns as soon as it is on its way; 0 or -errno. */
int drainer_leave(const char *state);
/* The same, but waits until it has ended, at most a little longer than `ms`: for a launcher that is
 * PID 1. */
int drainer_await(const char *state, int ms);

#endif
