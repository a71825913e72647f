/*
 * A zombie still takes signals, so kill(pid, 0) proves nothing: a pidfd polls readable as soon as
 * the last thread is gone, also before anyone has waited for it (pidfd_open(2)).
 */
#include "shim/heirs.h"

#include <errno.h>
#include <poll.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/sys.h"

static uint64_t heirs_entry(const struct self *self)
{
	uint64_t entry = (uint32_t)self->pid;

	if (self->session)
		entry |= HEIR_SESSION | (uint64_t)self->depth << 34;
	return entry | ((clock_boot_ns() >> 30) + 1) << 36;
}

/* Without pidfds: our own zombies show themselves to waitid, others' do not. */
static bool heirs_answers(int pid)
{
	siginfo_t info = { 0 };
	long rc = sys_call6(SYS_waitid, P_PID, pid, (long)&info, WEXITED | WNOHANG | WNOWAIT, 0, 0);

	if (!rc && info.si_pid == pid)
		return false;
	return sys_kill(pid, 0) != -ESRCH;
}

static bool heirs_process_lives(int pid)
{
	struct pollfd fd = { .events = POLLIN };
	struct timespec now = { 0 };
	long ready;

	fd.fd = (int)sys_call(SYS_pidfd_open, pid, 0, 0, 0);
	if (fd.fd == -ESRCH || fd.fd == -EINVAL)
		return false;
	if (fd.fd < 0)
		return heirs_answers(pid);
	ready = sys_call6(SYS_ppoll, (long)&fd, 1, (long)&now, 0, 0, 0);
	sys_close(fd.fd);
	return ready <= 0;
}

bool heirs_live(uint64_t heir)
{
	int pid = (int)HEIR_PID(heir);

	return heirs_process_lives(pid) && process_life(pid, HEIR_SEEN_NS(heir)) != PROCESS_DEAD;
}

/* Our own pid in the list is that of a dead one before us. */
static bool heirs_replaceable(const struct self *self, uint64_t heir)
{
	return !heir || heir & HEIR_GONE || HEIR_PID(heir) == (unsigned)self->pid ||
	       !heirs_process_lives((int)HEIR_PID(heir));
}

void heirs_register(struct self *self)
{
	struct slot *slot = self->slot.slot;
	uint64_t entry = heirs_entry(self);

	for (unsigned i = 0; i < SLOT_HEIRS; i++) {
		uint64_t old = atomic_load(&slot->heirs[i]);

		if (heirs_replaceable(self, old) &&
		    atomic_compare_exchange_strong(&slot->heirs[i], &old, entry))
			return;
	}
	atomic_fetch_add(&slot->heirs_lost, 1);
}

/* Our own entry gets and loses flags. Only living heirs are in the list, so a pid names one entry.
 */
static void heirs_change(struct self *self, uint64_t set, uint64_t clear)
{
	struct slot *slot = self->slot.slot;

	for (unsigned i = 0; i < SLOT_HEIRS; i++) {
		uint64_t old = atomic_load(&slot->heirs[i]);

		while (HEIR_PID(old) == (unsigned)self->pid) {
			if (atomic_compare_exchange_weak(&slot->heirs[i], &old,
							 (old & ~clear) | set))
				return;
		}
	}
}

void heirs_mark_session(struct self *self)
{
	heirs_change(self, HEIR_SESSION, UINT64_C(3) << 34);
}

void heirs_mark_gone(struct self *self)
{
	heirs_change(self, HEIR_GONE, 0);
}

void heirs_unmark_gone(struct self *self)
{
	heirs_change(self, 0, HEIR_GONE);
}
