/*
 * The record, and the host's threads. The words of the record are explained in
 * base/sender_thread.h; `hold` and `loading` are a pair of flags of which each side sets its own
 * and then looks at the other's.
 */
#include "shim/thread.h"

#include <errno.h>

#include "base/clock.h"
#include "base/futex.h"
#include "base/sys.h"
#include "base/text.h"
#include "shim/thread_private.h"

#define THREAD_STEP_MS	  500  /* a step of loading takes less, unless the disk hangs */
#define THREAD_LEAVE_MS	  1000 /* to be gone */
#define THREAD_LOOK_MS	  1
#define THREAD_BEING_MADE (-1)

static struct sender_thread thread_record;
static _Atomic bool thread_returns; /* it has left for a call that is under way */

static void thread_say(struct self *self, enum sender_way way)
{
	if (self_owns(self))
		atomic_store_explicit(&self->slot.slot->sender, way, memory_order_relaxed);
}

void thread_gave_up(struct self *self, enum sender_way way)
{
	thread_say(self, way);
	if (way != SENDER_DONE)
		pool_count(&self->pool, POOL_NO_THREAD, 1);
}

static bool thread_lives(_Atomic int *tid)
{
	int number = atomic_load(tid);

	if (!number)
		return false;
	if (number == THREAD_BEING_MADE ||
	    sys_call(SYS_tgkill, sys_getpid(), number, 0, 0) != -ESRCH)
		return true;
	atomic_store(tid, 0);
	return false;
}

static bool thread_is_there(struct sender_thread *t)
{
	/* In this order: the first one makes the second. */
	bool first = thread_lives(&t->first);

	return thread_lives(&t->tid) || first;
}

static void thread_fill(struct sender_thread *t, struct self *self)
{
	struct text state = text_init(t->state, sizeof(t->state));

	t->abi = SENDER_THREAD_ABI;
	t->bytes = sizeof(*t);
	t->pid = self->pid;
	t->uid = self->uid;
	t->lifecycle = self->slot.lifecycle;
	t->stays = self->stays;
	t->workers = self->workers;
	t->word = &self->slot.slot->sender;
	t->drainer = &self->slot.slot->sender_drainer;
	text_add(&state, self->state);
	atomic_store(&t->leave, 0);
}

void thread_begin(struct self *self)
{
	struct sender_thread *t = &thread_record;
	enum sender_way way;

	if (!self || !self->thread || self->confined || t->hold || thread_is_there(t))
		return;
	way = thread_signs();
	if (!way) {
		thread_fill(t, self);
		thread_say(self, SENDER_BEGINS);
		atomic_store(&t->first, THREAD_BEING_MADE);
		if (!thread_make_first(t))
			return;
		atomic_store(&t->first, 0);
		way = SENDER_NO_CREATE;
	}
	thread_gave_up(self, way);
}

void thread_expect(struct self *self)
{
	enum sender_way way = self->helper ? SENDER_ASKED_HELPER : SENDER_ASKED_LATER;

	if (self->command)
		way = SENDER_COMMAND;
	else if (self->thread)
		way = SENDER_NO_MAIN;
	atomic_store_explicit(&self->slot.slot->sender, way, memory_order_relaxed);
}

/* No step begins from now on, and none is under way when this returns. */
static void thread_hold(struct sender_thread *t)
{
	uint64_t begun = 0;

	atomic_fetch_add(&t->hold, 1);
	while (atomic_load(&t->loading)) {
		uint64_t now = clock_boot_ns();

		if (!begun)
			begun = now;
		if (now - begun > THREAD_STEP_MS * UINT64_C(1000000))
			return;
		futex_wait(&t->loading, 1, THREAD_STEP_MS);
	}
}

void thread_before_fork(void)
{
	thread_hold(&thread_record);
}

void thread_after_fork(void)
{
	struct sender_thread *t = &thread_record;

	if (atomic_fetch_sub(&t->hold, 1) == 1 && atomic_load(&t->first))
		futex_wake(&t->hold);
}

void thread_in_child(void)
{
	struct sender_thread *t = &thread_record;

	atomic_store(&t->hold, 0);
	atomic_store(&t->loading, 0);
	atomic_store(&t->first, 0);
	atomic_store(&t->tid, 0);
	t->stack = NULL;
	thread_returns = false;
	thread_forget_loaded(t);
}

void thread_at_end(void)
{
	thread_hold(&thread_record);
}

void thread_pass_on(struct self *self)
{
	if (self->thread)
		thread_say(self, SENDER_BEGINS);
}

void thread_finish(struct self *self)
{
	struct sender_thread *t = &thread_record;
	uint64_t begun, spent = 0;

	if (!self || !self->exit_ms || self->confined || atomic_exchange(&t->hurry, 1) ||
	    !thread_is_there(t))
		return;
	begun = clock_boot_ns();
	atomic_fetch_add(&t->bell, 1);
	futex_wake(&t->bell);
	while (!atomic_load(&t->settled) && spent < self->exit_ms && thread_is_there(t)) {
		futex_wait(&t->settled, 0, self->exit_ms - (uint32_t)spent);
		spent = (clock_boot_ns() - begun) / 1000000;
	}
}

void thread_leave(struct self *self, enum sender_way way)
{
	struct sender_thread *t = &thread_record;
	uint64_t begun;

	if (!self || !self->thread || !thread_is_there(t))
		return;
	begun = clock_boot_ns();
	atomic_store(&t->leave, 1);
	atomic_fetch_add(&t->bell, 1);
	futex_wake(&t->bell);
	/* Their ends ring no bell: this is a nap. */
	while (thread_is_there(t) && clock_boot_ns() - begun < THREAD_LEAVE_MS * UINT64_C(1000000))
		futex_wait(&t->settled, atomic_load(&t->settled), THREAD_LOOK_MS);
	thread_returns = true;
	thread_say(self, way);
}

void thread_return(struct self *self)
{
	if (!thread_returns)
		return;
	thread_returns = false;
	thread_begin(self);
}

void thread_bar(struct self *self)
{
	if (self)
		self->thread = false;
}
