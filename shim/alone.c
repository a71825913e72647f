/*
 * Calls that want a process of one thread, or that change what our thread may see: unshare and
 * setns (user namespaces: EINVAL for a process with threads), chroot. The sender thread is gone
 * before they go through.
 */
#include <errno.h>
#include <sched.h>
#include <unistd.h>

#include "base/sys.h"
#include "shim/lifecycle.h"
#include "shim/thread.h"

LIFECYCLE_EXPORT int unshare(int flags)
{
	__typeof__(&unshare) next = NEXT(unshare);
	struct self *self = self_here();
	int rc;

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	thread_leave(self, SENDER_AWAY);
	rc = next(flags);
	thread_return(self);
	return rc;
}

LIFECYCLE_EXPORT int setns(int fd, int type)
{
	__typeof__(&setns) next = NEXT(setns);
	struct self *self = self_here();
	int rc;

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	thread_leave(self, SENDER_AWAY);
	rc = next(fd, type);
	thread_return(self);
	return rc;
}

/* Paths mean something else now: nothing of ours is executed or loaded from there. */
static void alone_elsewhere(struct self *self)
{
	if (!self)
		return;
	thread_bar(self);
	self->helper = false;
}

/* The state directory and libcurl are out of sight then; and none of ours may look past it. */
LIFECYCLE_EXPORT int chroot(const char *path)
{
	__typeof__(&chroot) next = NEXT(chroot);
	struct self *self = self_here();
	int rc;

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	thread_leave(self, SENDER_ROOT);
	rc = next(path);
	if (rc < 0)
		thread_return(self);
	else
		alone_elsewhere(self);
	return rc;
}
