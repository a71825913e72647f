/*
 * Changes of user, groups and capabilities. What is recorded from then on is untrusted: it may be
 * the word of somebody with less, or other, rights than the one to whom the pool belongs, so a
 * drainer runs no probes for it. (A helper is still spawned if the user is the same: cron and sshd
 * give themselves the groups that they have.) The sender's thread is gone before: libc gives new
 * credentials to the threads that it knows, and that one is not among them. Any thread; vfork
 * children and strangers change nothing of ours.
 */
#include "shim/credentials.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sys.h"
#include "shim/lifecycle.h"
#include "shim/thread.h"

int capset(cap_user_header_t header, cap_user_data_t data);

static void credentials_mark_slot(struct slot_ref *ref, uint64_t now)
{
	uint64_t never = 0;

	atomic_compare_exchange_strong(&ref->slot->untrusted_ns, &never, now);
}

/* Hooks get here: only a confined process may ask libc. */
void credentials_mark(struct self *self)
{
	uint64_t now;

	if (!self->untrusted)
		return;
	now = self->confined ? clock_boot_ns() : clock_boot_ns_cold();
	if (self_owns(self))
		credentials_mark_slot(&self->slot, now);
	if (self->worker.slot)
		credentials_mark_slot(&self->worker, now);
}

struct self *credentials_begin(void)
{
	struct self *self = self_here();

	thread_leave(self, SENDER_USER);
	return self;
}

void credentials_end(struct self *self, bool changed)
{
	if (!self)
		return;
	if (!changed) {
		thread_return(self);
		return;
	}
	thread_bar(self);
	self->untrusted = true;
	credentials_mark(self);
}

bool credentials_change(long number)
{
	switch (number) {
	case SYS_setuid:
	case SYS_setreuid:
	case SYS_setresuid:
	case SYS_setfsuid:
	case SYS_setgid:
	case SYS_setregid:
	case SYS_setresgid:
	case SYS_setfsgid:
	case SYS_setgroups:
	case SYS_capset:
		return true;
	default:
		return false;
	}
}

#define CREDENTIALS_THROUGH(name, ...)                                                             \
	do {                                                                                       \
		__typeof__(&name) next = NEXT(name);                                               \
		struct self *self;                                                                 \
		int rc;                                                                            \
                                                                                                   \
		if (!next) {                                                                       \
			errno = ENOSYS;                                                            \
			return -1;                                                                 \
		}                                                                                  \
		self = credentials_begin();                                                        \
		rc = next(__VA_ARGS__);                                                            \
		credentials_end(self, rc == 0);                                                    \
		return rc;                                                                         \
	} while (0)

LIFECYCLE_EXPORT int setuid(uid_t user)
{
	CREDENTIALS_THROUGH(setuid, user);
}

LIFECYCLE_EXPORT int seteuid(uid_t effective)
{
	CREDENTIALS_THROUGH(seteuid, effective);
}

LIFECYCLE_EXPORT int setreuid(uid_t real, uid_t effective)
{
	CREDENTIALS_THROUGH(setreuid, real, effective);
}

LIFECYCLE_EXPORT int setresuid(uid_t real, uid_t effective, uid_t saved)
{
	CREDENTIALS_THROUGH(setresuid, real, effective, saved);
}

LIFECYCLE_EXPORT int setgid(gid_t group)
{
	CREDENTIALS_THROUGH(setgid, group);
}

LIFECYCLE_EXPORT int setegid(gid_t effective)
{
	CREDENTIALS_THROUGH(setegid, effective);
}

LIFECYCLE_EXPORT int setregid(gid_t real, gid_t effective)
{
	CREDENTIALS_THROUGH(setregid, real, effective);
}

LIFECYCLE_EXPORT int setresgid(gid_t real, gid_t effective, gid_t saved)
{
	CREDENTIALS_THROUGH(setresgid, real, effective, saved);
}

LIFECYCLE_EXPORT int setgroups(size_t count, const gid_t *groups)
{
	CREDENTIALS_THROUGH(setgroups, count, groups);
}

LIFECYCLE_EXPORT int initgroups(const char *user, gid_t group)
{
	CREDENTIALS_THROUGH(initgroups, user, group);
}

LIFECYCLE_EXPORT int capset(cap_user_header_t header, cap_user_data_t data)
{
	CREDENTIALS_THROUGH(capset, header, data);
}
