/*
 * Of a process with threads unshare and setns refuse user namespaces (EINVAL). Behind another root
 * paths mean something else: nothing of ours is executed or loaded from there, and no thread of
 * ours may look past it.
 */
#include "shim/alone.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "base/sys.h"
#include "shim/lifecycle.h"
#include "shim/thread.h"

enum alone alone_call(long number)
{
	switch (number) {
	case SYS_unshare:
	case SYS_setns:
		return ALONE_THREADS;
	case SYS_chroot:
	case SYS_pivot_root:
		return ALONE_ROOT;
	default:
		return ALONE_NO;
	}
}

struct self *alone_begin(enum alone what)
{
	struct self *self = self_here();

	thread_leave(self, what == ALONE_ROOT ? SENDER_ROOT : SENDER_AWAY);
	return self;
}

void alone_end(struct self *self, enum alone what, bool done)
{
	if (!self)
		return;
	if (what == ALONE_THREADS || !done) {
		thread_return(self);
		return;
	}
	thread_bar(self);
	self->helper = false;
}

#define ALONE_THROUGH(what, name, ...)                                                             \
	do {                                                                                       \
		__typeof__(&name) next = NEXT(name);                                               \
		struct self *self;                                                                 \
		int rc;                                                                            \
                                                                                                   \
		if (!next) {                                                                       \
			errno = ENOSYS;                                                            \
			return -1;                                                                 \
		}                                                                                  \
		self = alone_begin(what);                                                          \
		rc = next(__VA_ARGS__);                                                            \
		alone_end(self, what, rc == 0);                                                    \
		return rc;                                                                         \
	} while (0)

LIFECYCLE_EXPORT int unshare(int flags)
{
	ALONE_THROUGH(ALONE_THREADS, unshare, flags);
}

LIFECYCLE_EXPORT int setns(int fd, int type)
{
	ALONE_THROUGH(ALONE_THREADS, setns, fd, type);
}

LIFECYCLE_EXPORT int chroot(const char *path)
{
	ALONE_THROUGH(ALONE_ROOT, chroot, path);
}
