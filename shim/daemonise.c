/*
 * The protocol of handover.h on the side of the children: fork handlers, fork, setsid, daemon. Any
 * thread of the host; the child handler runs in the child before fork returns.
 */
#include "shim/handover.h"

#include <errno.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sys.h"
#include "hooks/symbol.h"
#include "shim/credentials.h"
#include "shim/calls.h"
#include "shim/confine.h"
#include "shim/heirs.h"
#include "shim/lifecycle.h"
#include "shim/signals.h"
#include "shim/thread.h"
#include "shim/worker.h"

/* A process that took over may pass on to its first child in this time: the second fork of a
 * daemon. */
#define DAEMONISE_NS (5 * CLOCK_SECOND)

/* The caller has a session of its own now, as no owner. One that had inherited one stays as far
 * from it as it was. */
static void daemonise_session(struct self *self)
{
	if (!self->session)
		self->depth = 0;
	self->session = true;
	self->forks = 0;
	self->session_ns = clock_boot_ns();
	heirs_mark_session(self);
	atomic_thread_fence(memory_order_seq_cst);
	handover_take(self);
}

static void daemonise_unpend(struct self *self)
{
	uint32_t old = atomic_load(&self->slot.slot->pending_forks);

	while (old && !atomic_compare_exchange_weak(&self->slot.slot->pending_forks, &old, old - 1))
		;
}

static void daemonise_prepare(void)
{
	struct self *self = self_here();

	if (!self || self->confined || !self_owner(self))
		return;
	self->forks++;
	atomic_fetch_add(&self->slot.slot->pending_forks, 1);
}

/* Does a child count as one that has called setsid? In the child, whose record is still its
 * parent's. */
static bool daemonise_inherits(const struct self *self)
{
	if (!self->session)
		return false;
	if (!self_owns(self))
		return true;
	return self->forks == 1 && !self->depth &&
	       self->session_ns + DAEMONISE_NS > clock_boot_ns();
}

static void daemonise_child(void)
{
	struct self *self = self_any();
	unsigned owner;

	if (!self || self->confined)
		return;
	owner = self_owner(self);
	self->session = daemonise_inherits(self);
	self->depth = self->session && self->depth < 3 ? self->depth + 1 : 3;
	self->session_ns = self->session ? self->session_ns : 0;
	self->forks = 0;
	self->last_signal = 0;
	worker_forget(self);
	if (self->thread)
		thread_in_child();
	/* The parent is out of sight in a new pid namespace, and our pid means nothing to its
	 * readers. */
	self->pid = sys_getppid() ? sys_getpid() : -1;
	if (self->pid <= 0)
		signals_release(self); /* it may be PID 1 */
	if (!owner)
		return;
	if (self->pid > 0)
		heirs_register(self);
	daemonise_unpend(self);
	atomic_thread_fence(memory_order_seq_cst);
	if (self->pid <= 0)
		return;
	handover_take(self);
	worker_begin(self);
	/* From here on a signal handler's calls are recorded. */
	if (self->calls)
		calls_forked(self);
	else
		confine_mark_again(self);
}

void handover_watch(void)
{
	typedef int (*register_fn)(void (*)(void), void (*)(void), void (*)(void), void *);
	register_fn watch = (register_fn)symbol_next("__register_atfork", NULL);

	if (watch)
		watch(daemonise_prepare, NULL, daemonise_child, NULL);
}

/* Before the fork handlers: those of allocators keep our loading from its end. */
static bool daemonise_hold(void)
{
	struct self *self = self_any();

	if (!self || !self->thread || self->confined)
		return false;
	thread_before_fork();
	return true;
}

/* A command is over before a fork of it could matter: it has no fork handlers, unless for its
 * workers. */
static bool daemonise_is_unwatched(const struct self *self)
{
	return self->command && !self->workers && !self->calls;
}

LIFECYCLE_EXPORT pid_t fork(void)
{
	bool held = daemonise_hold();
	pid_t pid = NEXT(fork)();
	struct self *self = pid < 0 ? self_here() : pid == 0 ? self_family() : NULL;

	if (held && pid != 0)
		thread_after_fork();

	/* It becomes kin here, to say how its own children end. */
	if (self && pid == 0 && daemonise_is_unwatched(self))
		self->pid = sys_getpid();
	else if (self && pid < 0 && !self->confined)
		daemonise_unpend(self);
	/* The second fork of a daemon, it may be. */
	if (held && pid == 0 && self && self->session)
		thread_begin(self);
	return pid;
}

LIFECYCLE_EXPORT pid_t setsid(void)
{
	pid_t session = NEXT(setsid)();
	struct self *self = session > 0 ? self_here() : NULL;

	/* An owner that calls it is no daemon for that. */
	if (self && self_owner(self) && !self_owns(self)) {
		daemonise_session(self);
		thread_begin(self);
	}
	return session;
}

static void daemonise_note(struct self *self, enum exit_reason reason, int code)
{
	struct note_facts facts = { .reason = reason,
				    .code = code,
				    .after_signal = self->last_signal,
				    .pid = (uint32_t)self->pid };

	if (self_owns(self))
		slot_note_own(&self->slot, &facts);
}

/* It ends there, with libc's own _exit(0), if a child comes of it: noted before, as nobody sees it.
 */
static int daemonise_unwatched(struct self *self, int nochdir, int noclose)
{
	int rc;

	daemonise_note(self, EXIT_UNDERSCORE_EXIT, 0);
	rc = NEXT(daemon)(nochdir, noclose);
	if (self->pid == sys_getpid())
		daemonise_note(self, EXIT_UNKNOWN, -1);
	else
		self->pid = sys_getpid();
	return rc;
}

/* libc's own fork, _exit and setsid in there are not seen: the state says what is going on. */
LIFECYCLE_EXPORT int daemon(int nochdir, int noclose)
{
	struct self *self = self_here();
	uint32_t before = self ? (uint32_t)self->pid : 0;
	bool held, owned;
	int rc;

	if (self && daemonise_is_unwatched(self) && !self->confined)
		return daemonise_unwatched(self, nochdir, noclose);
	held = self && daemonise_hold();
	owned = self && slot_change(&self->slot, before, CLAIM_RUNNING, CLAIM_DAEMONIZING);

	/* A drainer that finds us dead waits that long for the child. */
	if (owned)
		atomic_store(&self->slot.slot->seen_ns, clock_boot_ns());
	else if (self)
		worker_is_none(self);
	rc = NEXT(daemon)(nochdir, noclose);
	if (!self || self->pid <= 0)
		return rc;
	if (held && (uint32_t)self->pid == before)
		thread_after_fork();
	if ((uint32_t)self->pid != before) {
		daemonise_session(self);
		if (owned)
			slot_take_over(&self->slot, before, CLAIM_DAEMONIZING, (uint32_t)self->pid,
				       CLAIM_RUNNING);
		if (self_owns(self)) {
			worker_is_none(self);
			credentials_mark(self);
		}
		thread_begin(self);
	} else {
		daemonise_unpend(self); /* no child came of it */
		if (owned)
			slot_change(&self->slot, before, CLAIM_DAEMONIZING, CLAIM_RUNNING);
		else if (self_owner(self))
			worker_begin(self);
	}
	return rc;
}
