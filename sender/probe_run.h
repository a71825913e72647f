/*
 * A command of the policy, run as a process of its own: no shell, no terminal, nothing of ours in
 * its environment, in a process group that is killed when its time is over. Also from a thread of
 * somebody else's process, which does not notice: no SIGCHLD, no status for its wait(2) (but one
 * with __WALL or __WCLONE), none of its descriptors, none of its signal settings. Any thread.
 */
#ifndef BOOKEND_SENDER_PROBE_RUN_H
#define BOOKEND_SENDER_PROBE_RUN_H

#include <stdbool.h>

#include "policy/late_probe.h"

/*
 * What it wrote to its standard output, when it ended well in time: bytes, at most `capacity`.
 * -ENOENT: no such program; -ENOTDIR: its directory is gone; -ETIME: too slow; -EFBIG: too much;
 * -EIO: it failed; -EINTR: go_on() said no, which it is asked ten times a second.
 */
int probe_run(const struct late_probe *probe, bool (*go_on)(void *context), void *context,
	      char *into, size_t capacity);

#endif
