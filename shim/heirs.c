/*
 * A zombie still takes signals, so kill(pid, 0) proves nothing: /proc is asked first. Only system
 * calls that every seccomp filter allows are made.
 */
#include "shim/heirs.h"

#include <errno.h>

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

bool heirs_live(uint64_t heir)
{
	switch (process_life((int)HEIR_PID(heir), HEIR_SEEN_NS(heir))) {
	case PROCESS_ALIVE:
		return true;
	case PROCESS_DEAD:
		return false;
	default: /* no /proc to look at */
		return sys_kill((int)HEIR_PID(heir), 0) != -ESRCH;
	}
}

/* Nobody is there who could miss the place. Our own pid in the list is that of a dead one before
 * us. */
static bool heirs_empty(const struct self *self, uint64_t heir)
{
	return !heir || heir & HEIR_GONE || HEIR_PID(heir) == (unsigned)self->pid;
}

static bool heirs_enter(struct self *self, bool look)
{
	struct slot *slot = self->slot.slot;

	for (unsigned i = 0; i < SLOT_HEIRS; i++) {
		uint64_t old = atomic_load(&slot->heirs[i]);

		if ((heirs_empty(self, old) || (look && !heirs_live(old))) &&
		    atomic_compare_exchange_strong(&slot->heirs[i], &old, heirs_entry(self)))
			return true;
	}
	return false;
}

void heirs_register(struct self *self)
{
	/* Killed heirs keep their places until one is needed. */
	if (!heirs_enter(self, false) && !heirs_enter(self, true))
		atomic_fetch_add(&self->slot.slot->heirs_lost, 1);
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
	heirs_change(self, HEIR_SESSION | (uint64_t)self->depth << 34, UINT64_C(3) << 34);
}

void heirs_mark_gone(struct self *self)
{
	heirs_change(self, HEIR_GONE, 0);
}

void heirs_unmark_gone(struct self *self)
{
	heirs_change(self, 0, HEIR_GONE);
}
