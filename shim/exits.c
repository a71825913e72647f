/*
 * exit, the _exit family, quick_exit, abort and failed assertions. Any thread; _exit and abort in
 * signal handlers too, and _exit in vfork children, which self_here() keeps out.
 */
#include "shim/exits.h"

#include <assert.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sys.h"
#include "hooks/symbol.h"
#include "shim/frames.h"
#include "shim/calls.h"
#include "shim/handover.h"
#include "shim/helper.h"
#include "shim/lifecycle.h"
#include "shim/thread.h"
#include "shim/trace.h"
#include "shim/worker.h"

static void exits_note(struct self *self, struct slot_ref *slot, enum exit_reason reason, int code,
		       int signal)
{
	struct note_facts facts = {
		.reason = reason,
		.code = code,
		.signal = signal,
		.after_signal = self->last_signal,
		.pid = (uint32_t)self->pid,
		.flags = (self->forks ? NOTE_FORKED : 0) | (self->untrusted ? NOTE_UNTRUSTED : 0),
		.confined = self->confined,
	};

	slot_note_own(slot, &facts);
}

static void exits_stop(struct self *self)
{
	uint32_t us = (uint32_t)self->pid;

	if (!slot_change(&self->slot, us, CLAIM_RUNNING, CLAIM_STOPPED) &&
	    !slot_change(&self->slot, us, CLAIM_EXECUTING, CLAIM_STOPPED))
		slot_change(&self->slot, us, CLAIM_DAEMONIZING, CLAIM_STOPPED);
}

/* Kin leave, which are no owners: true. A worker notes how. */
static bool exits_as_kin(struct self *self, enum exit_reason reason, int code, int signal)
{
	if (self_owner(self) && handover_depart(self)) {
		worker_is_none(self);
		return false;
	}
	if (self->worker.slot) {
		exits_note(self, &self->worker, reason, code, signal);
		if (!signal)
			worker_stops(self);
	}
	return true;
}

static void exits_end(struct self *self, enum exit_reason reason, int code)
{
	/* The kernel keeps 8 bits of it (wait(2)). */
	code &= 0xff;
	if (!self || exits_as_kin(self, reason, code, 0))
		return;
	thread_pass_on(self);
	if (!code && handover_to_heir(self)) {
		trace_event(self, "leaves its lifecycle to a child");
		return;
	}
	exits_note(self, &self->slot, reason, code, 0);
	if (code || !handover_wait_for_heir(self))
		exits_stop(self);
	trace_event(self, "ends by exit");
	thread_finish(self);
	if (self->helper)
		helper_after(self);
}

static void exits_leave(enum exit_reason reason, int code)
{
	exits_end(self_here(), reason, code);
}

void exits_by_signal(struct self *self, int signal)
{
	if (exits_as_kin(self, EXIT_SIGNAL, -1, signal))
		return;
	exits_note(self, &self->slot, EXIT_SIGNAL, -1, signal);
	trace_event(self, "ends by a signal");
	thread_finish(self);
	if (self->helper)
		helper_after(self);
}

void exits_by_syscall(int code)
{
	exits_leave(EXIT_UNDERSCORE_EXIT, code);
}

static void exits_on_exit(int code, void *unused)
{
	struct self *self = self_here();

	(void)unused;
	calls_trace(self);
	exits_end(self, EXIT_EXIT, code);
}

void exits_watch(void)
{
	__typeof__(&on_exit) watch = (__typeof__(&on_exit))symbol_next("on_exit", NULL);

	if (watch)
		watch(exits_on_exit, NULL);
}

static _Noreturn void exits_now(int code)
{
	for (;;)
		sys_call(SYS_exit_group, code, 0, 0, 0);
}

LIFECYCLE_EXPORT void _exit(int code)
{
	__typeof__(&_exit) next = NEXT(_exit);

	exits_leave(EXIT_UNDERSCORE_EXIT, code);
	if (next)
		next(code);
	exits_now(code);
}

LIFECYCLE_EXPORT void _Exit(int code)
{
	__typeof__(&_Exit) next = NEXT(_Exit);

	exits_leave(EXIT_UNDERSCORE_EXIT, code);
	if (next)
		next(code);
	exits_now(code);
}

LIFECYCLE_EXPORT void quick_exit(int code)
{
	__typeof__(&quick_exit) next = NEXT(quick_exit);

	exits_leave(EXIT_EXIT, code);
	if (next)
		next(code);
	exits_now(code);
}

/* Evidence only: a handler of SIGABRT may jump out, and the process live on. */
static void exits_abort(uintptr_t caller, const void *frame)
{
	struct self *self = self_here();
	struct slot_ref *slot = NULL;

	if (self && self_owns(self))
		slot = &self->slot;
	else if (self && self->worker.slot)
		slot = &self->worker;
	if (!slot)
		return;
	exits_note(self, slot, EXIT_ABORT, -1, SIGABRT);
	frames_note(self, slot, caller, frame);
}

/* In the interposed function itself: who called it, and its frame. */
#define EXITS_ABORT()                                                                              \
	exits_abort((uintptr_t)__builtin_return_address(0), __builtin_frame_address(0))

static _Noreturn void exits_killed(void)
{
	sys_kill(sys_getpid(), SIGABRT);
	exits_now(128 + SIGABRT);
}

LIFECYCLE_EXPORT void abort(void)
{
	__typeof__(&abort) next = NEXT(abort);

	EXITS_ABORT();
	if (next)
		next();
	exits_killed();
}

LIFECYCLE_EXPORT void __assert_fail(const char *assertion, const char *file, unsigned line,
				    const char *function)
{
	__typeof__(&__assert_fail) next = NEXT(__assert_fail);

	EXITS_ABORT();
	if (next)
		next(assertion, file, line, function);
	exits_killed();
}

LIFECYCLE_EXPORT void __assert_perror_fail(int number, const char *file, unsigned line,
					   const char *function)
{
	__typeof__(&__assert_perror_fail) next = NEXT(__assert_perror_fail);

	EXITS_ABORT();
	if (next)
		next(number, file, line, function);
	exits_killed();
}

LIFECYCLE_EXPORT void __assert(const char *assertion, const char *file, int line)
{
	__typeof__(&__assert) next = NEXT(__assert);

	EXITS_ABORT();
	if (next)
		next(assertion, file, line);
	exits_killed();
}
