/*
 * The handler and the interposed functions of signals.h. Any thread; the handler runs wherever a
 * signal is delivered, also in kin and vfork children, and touches its stack and the record only.
 */
#include "shim/signals.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "base/sys.h"
#include "hooks/symbol.h"
#include "shim/exits.h"
#include "shim/lifecycle.h"

typedef void (*signals_fn)(int);

/* signal.h calls it so only since POSIX.1-2001 and drops it again. */
signals_fn bsd_signal(int number, signals_fn handler);

#define SIGNAL(name, hidden) static_assert(SIG##name < SELF_SIGNALS, "handler[] has no room");
#include "shim/signals.def"
#undef SIGNAL

bool signals_watched(int number)
{
	switch (number) {
#define SIGNAL(name, hidden) case SIG##name:
#include "shim/signals.def"
#undef SIGNAL
		return true;
	default:
		return false;
	}
}

static bool signals_hidden(const struct self *self, int number)
{
	if (self->command || self->confined || self->pid == 1)
		return false;
	switch (number) {
#define SIGNAL(name, hidden)                                                                       \
	case SIG##name:                                                                            \
		return hidden;
#include "shim/signals.def"
#undef SIGNAL
	default:
		return false;
	}
}

static void signals_handler(int number, siginfo_t *info, void *context);
#define SIGNALS_OURS ((signals_fn)(uintptr_t)signals_handler)

/* The kernel's own struct sigaction with everything zero is SIG_DFL, on every architecture; 8 bytes
 * is its sigset. */
static void signals_die(int number)
{
	static const uint64_t nothing[8];
	uint64_t mask = UINT64_C(1) << (number - 1);

	sys_call(SYS_rt_sigaction, number, nothing, NULL, 8);
	sys_call(SYS_tgkill, sys_getpid(), sys_gettid(), number, 0);
	sys_call(SYS_rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, 8);
}

static void signals_default(int number)
{
	struct self *self = self_here();

	if (self)
		exits_by_signal(self, number);
	signals_die(number);
}

typedef int (*signals_action_fn)(int, const struct sigaction *, struct sigaction *);

/*
 * With SA_RESETHAND the kernel has made it the default action by now, which is noted, too: many
 * handlers raise the signal again. What another thread installs in between is called all the same.
 */
static void signals_watch_again(int number, uintptr_t handler)
{
	signals_action_fn next = NEXT(sigaction);
	struct self *self = self_here();
	struct sigaction action;

	if (!self || !next || !signals_hidden(self, number) || next(number, NULL, &action) < 0 ||
	    action.sa_handler != SIG_DFL ||
	    !atomic_compare_exchange_strong(&self->handler[number], &handler, (uintptr_t)SIG_DFL))
		return;
	action.sa_handler = SIGNALS_OURS;
	next(number, &action, NULL);
}

/* A tail call keeps the host's handler the only frame; a handler of one argument does not see the
 * others. */
static void signals_handler(int number, siginfo_t *info, void *context)
{
	struct self *self = self_any();
	uintptr_t handler = atomic_load_explicit(&self->handler[number], memory_order_acquire);

	if (handler == (uintptr_t)SIG_DFL) {
		signals_default(number);
		return;
	}
	if (handler == (uintptr_t)SIG_IGN)
		return;
	self->last_signal = number;
	signals_watch_again(number, handler);
	((void (*)(int, siginfo_t *, void *))handler)(number, info, context);
}

void signals_taken(int number)
{
	struct self *self = signals_watched(number) ? self_here() : NULL;

	if (self)
		self->last_signal = number;
}

static signals_fn signals_view(struct self *self, int number)
{
	return (signals_fn)atomic_load_explicit(&self->handler[number], memory_order_acquire);
}

/* What the kernel shall have for the host's wish; handler[] is set first, so that a signal in
 * between finds it. */
static signals_fn signals_install(struct self *self, int number, signals_fn wish)
{
	if (wish == SIGNALS_OURS)
		return wish; /* read from the kernel behind our back */
	atomic_store_explicit(&self->handler[number], (uintptr_t)wish, memory_order_release);
	if (wish == SIG_IGN || (wish == SIG_DFL && !signals_hidden(self, number)))
		return wish;
	return SIGNALS_OURS;
}

static int signals_action(signals_action_fn next, int number, const struct sigaction *wish,
			  struct sigaction *old)
{
	struct self *self = signals_watched(number) ? self_any() : NULL;
	struct sigaction ours;
	signals_fn before;
	int rc;

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	if (!self)
		return next(number, wish, old);
	before = signals_view(self, number);
	if (wish && self_here()) {
		ours = *wish;
		ours.sa_handler = signals_install(self, number, wish->sa_handler);
		wish = &ours;
	}
	rc = next(number, wish, old);
	if (rc < 0 && wish == &ours)
		signals_install(self, number, before);
	if (!rc && old && old->sa_handler == SIGNALS_OURS)
		old->sa_handler = before;
	return rc;
}

static signals_fn signals_simple(signals_fn (*next)(int, signals_fn), int number, signals_fn wish)
{
	struct self *self = signals_watched(number) ? self_any() : NULL;
	signals_fn before, old;

	if (!next) {
		errno = ENOSYS;
		return SIG_ERR;
	}
	if (!self || wish == SIG_HOLD || wish == SIG_ERR) {
		old = next(number, wish);
		return self && old == SIGNALS_OURS ? signals_view(self, number) : old;
	}
	before = signals_view(self, number);
	if (self_here())
		wish = signals_install(self, number, wish);
	old = next(number, wish);
	if (old == SIG_ERR && self_here())
		signals_install(self, number, before);
	return old == SIGNALS_OURS ? before : old;
}

LIFECYCLE_EXPORT int sigaction(int number, const struct sigaction *restrict wish,
			       struct sigaction *restrict old)
{
	return signals_action(NEXT(sigaction), number, wish, old);
}

int __sigaction(int number, const struct sigaction *wish, struct sigaction *old);

LIFECYCLE_EXPORT int __sigaction(int number, const struct sigaction *wish, struct sigaction *old)
{
	return signals_action(NEXT(__sigaction), number, wish, old);
}

LIFECYCLE_EXPORT signals_fn signal(int number, signals_fn handler)
{
	return signals_simple(NEXT(signal), number, handler);
}

LIFECYCLE_EXPORT signals_fn ssignal(int number, signals_fn handler)
{
	return signals_simple(NEXT(ssignal), number, handler);
}

LIFECYCLE_EXPORT signals_fn bsd_signal(int number, signals_fn handler)
{
	return signals_simple(NEXT(bsd_signal), number, handler);
}

LIFECYCLE_EXPORT signals_fn sysv_signal(int number, signals_fn handler)
{
	return signals_simple(NEXT(sysv_signal), number, handler);
}

LIFECYCLE_EXPORT signals_fn __sysv_signal(int number, signals_fn handler)
{
	return signals_simple(NEXT(__sysv_signal), number, handler);
}

/* Old programs use it. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
LIFECYCLE_EXPORT signals_fn sigset(int number, signals_fn handler)
{
	return signals_simple(NEXT(sigset), number, handler);
}

static const unsigned char signals_list[] = {
#define SIGNAL(name, hidden) SIG##name,
#include "shim/signals.def"
#undef SIGNAL
};

void signals_watch(struct self *self)
{
	signals_action_fn next = NEXT(sigaction);

	for (unsigned i = 0; next && i < sizeof(signals_list); i++) {
		struct sigaction action;

		if (!signals_hidden(self, signals_list[i]) ||
		    next(signals_list[i], NULL, &action) < 0 || action.sa_handler != SIG_DFL)
			continue;
		action.sa_handler = SIGNALS_OURS;
		next(signals_list[i], &action, NULL);
	}
}

void signals_release(struct self *self)
{
	signals_action_fn next = NEXT(sigaction);

	for (unsigned i = 0; next && i < sizeof(signals_list); i++) {
		struct sigaction action;
		int number = signals_list[i];

		if (!signals_hidden(self, number) || signals_view(self, number) != SIG_DFL ||
		    next(number, NULL, &action) < 0 || action.sa_handler != SIGNALS_OURS)
			continue;
		action.sa_handler = SIG_DFL;
		next(number, &action, NULL);
	}
}
