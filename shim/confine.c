/*
 * How a confined process knows itself without getpid: a page with a mark, which the kernel wipes in
 * every child that gets a copy of it (MADV_WIPEONFORK, since Linux 4.14).
 */
#include "shim/confine.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "base/clock.h"
#include "base/sys.h"
#include "hooks/hooks.h"
#include "shim/alone.h"
#include "shim/credentials.h"
#include "shim/exits.h"
#include "shim/lifecycle.h"
#include "shim/signals.h"
#include "shim/thread.h"

bool confine_is_here(const struct self *self)
{
	const uint32_t *mark = atomic_load_explicit(&self->here, memory_order_acquire);

	return mark && *mark;
}

/* NULL: an older kernel; then the process writes no more. */
static uint32_t *confine_mark(void)
{
	long at = sys_mmap(NULL, POOL_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);

	if (sys_failed(at))
		return NULL;
	if (sys_call(SYS_madvise, at, POOL_PAGE, MADV_WIPEONFORK, 0) < 0) {
		sys_munmap((void *)at, POOL_PAGE);
		return NULL;
	}
	*(uint32_t *)at = 1;
	return (uint32_t *)at;
}

void confine_prepare(struct self *self)
{
	if (!self->here)
		self->here = confine_mark();
}

void confine_mark_again(struct self *self)
{
	uint32_t *mark = self->here;

	if (mark)
		*mark = 1;
}

/* Our record, if the filter will be its first one. */
static struct self *confine_begin(void)
{
	struct self *self = self_here();

	if (!self)
		self_stand_by(NULL); /* nor for its children, if it was to */
	if (!self || self->confined)
		return NULL;
	thread_leave(self, SENDER_SECCOMP);
	confine_prepare(self);
	signals_release(self);
	hooks_confine();
	clock_bar(CLOCK_CALLS);
	self->confined = true;
	return self;
}

/* There is no filter after all. */
static void confine_undo(struct self *self)
{
	int kept = errno;

	if (!self)
		return;
	self->confined = false;
	clock_unbar(CLOCK_CALLS);
	if (!self->command)
		signals_watch(self);
	thread_return(self);
	errno = kept;
}

/* Those who only ask whether the kernel has filters give no program. */
static bool confine_asked(unsigned long operation, const void *program)
{
	return operation == SECCOMP_SET_MODE_STRICT ||
	       (operation == SECCOMP_SET_MODE_FILTER && program);
}

static bool confine_by_prctl(unsigned long option, unsigned long mode, unsigned long program)
{
	return option == PR_SET_SECCOMP &&
	       ((mode == SECCOMP_MODE_FILTER && program) || mode == SECCOMP_MODE_STRICT);
}

/* Behind that, reading the processor's counter would be the end. */
static bool confine_takes_counter(long number, const unsigned long *word)
{
	if (number == SYS_seccomp)
		return word[0] == SECCOMP_SET_MODE_STRICT;
	return (word[0] == PR_SET_SECCOMP && word[1] == SECCOMP_MODE_STRICT) ||
	       (word[0] == PR_SET_TSC && word[1] == PR_TSC_SIGSEGV);
}

/* True: the clocks do without the counter from now on. In vfork children and strangers, too: their
 * calls are timed. */
static bool confine_counter(long number, const unsigned long *word)
{
	if (!self_any() || clock_is_barred(CLOCK_COUNTER) || !confine_takes_counter(number, word))
		return false;
	clock_bar(CLOCK_COUNTER);
	return true;
}

/* The loader of every program that we would run reads it, and so does the thread of a child.
 * self: asked for before the call, behind which it may be deadly to ask. */
static void confine_counter_taken(struct self *self, bool done)
{
	if (!done)
		clock_unbar(CLOCK_COUNTER);
	if (!self || !done)
		return;
	thread_bar(self);
	self->helper = false;
}

static void confine_counter_given(long number, const unsigned long *word)
{
	if (number == SYS_prctl && word[0] == PR_SET_TSC && word[1] == PR_TSC_ENABLE)
		clock_unbar(CLOCK_COUNTER);
}

/* As libc's: what is not given is not looked at. */
LIFECYCLE_EXPORT int prctl(int option, ...)
{
	__typeof__(&prctl) next = NEXT(prctl);
	struct self *self = NULL, *here;
	unsigned long word[5];
	va_list list;
	bool counter;
	int rc;

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	va_start(list, option);
	for (int i = 1; i < 5; i++)
		word[i] = va_arg(list, unsigned long);
	va_end(list);
	word[0] = (unsigned long)option;
	counter = confine_counter(SYS_prctl, word);
	here = counter ? self_here() : NULL;
	if (confine_by_prctl(word[0], word[1], word[2]))
		self = confine_begin();
	rc = next(option, word[1], word[2], word[3], word[4]);
	if (rc < 0)
		confine_undo(self);
	else
		confine_counter_given(SYS_prctl, word);
	if (counter)
		confine_counter_taken(here, rc == 0);
	return rc;
}

typedef long (*confine_syscall_fn)(long, long, long, long, long, long, long);

static __attribute__((noinline)) long confine_credentials(confine_syscall_fn next, long number,
							  const long word[6])
{
	struct self *self = credentials_begin();
	long rc = next(number, word[0], word[1], word[2], word[3], word[4], word[5]);

	credentials_end(self, rc == 0);
	return rc;
}

static __attribute__((noinline)) long confine_alone(confine_syscall_fn next, long number,
						    const long word[6])
{
	enum alone what = alone_call(number);
	struct self *self = alone_begin(what);
	long rc = next(number, word[0], word[1], word[2], word[3], word[4], word[5]);

	alone_end(self, what, rc == 0);
	return rc;
}

static bool confine_filters(long number, unsigned long a, unsigned long b, unsigned long c)
{
	return number == SYS_seccomp ? confine_asked(a, (const void *)c)
				     : confine_by_prctl(a, b, c);
}

static __attribute__((noinline)) long confine_through(confine_syscall_fn next, long number,
						      const long word[6])
{
	const unsigned long *w = (const unsigned long *)word;
	bool counter = confine_counter(number, w);
	struct self *here = counter ? self_here() : NULL;
	struct self *self = confine_filters(number, w[0], w[1], w[2]) ? confine_begin() : NULL;
	long rc = next(number, word[0], word[1], word[2], word[3], word[4], word[5]);

	if (rc < 0)
		confine_undo(self);
	else
		confine_counter_given(number, w);
	if (counter)
		confine_counter_taken(here, rc == 0);
	return rc;
}

/*
 * syscall(2) itself, with all its words named: so the compiler ends in a jump and leaves the stack
 * as it was, as calls like clone want it.
 */
LIFECYCLE_EXPORT long confine_syscall(long number, long a, long b, long c, long d, long e,
				      long f) __asm__("syscall");

LIFECYCLE_EXPORT long confine_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	confine_syscall_fn next = (confine_syscall_fn)lifecycle_next(LIFECYCLE_syscall);

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	if (number == SYS_seccomp || number == SYS_prctl)
		return confine_through(next, number, (long[]){ a, b, c, d, e, f });
	if (number == SYS_exit_group)
		exits_by_syscall((int)a);
	if (credentials_change(number))
		return confine_credentials(next, number, (long[]){ a, b, c, d, e, f });
	if (alone_call(number) != ALONE_NO)
		return confine_alone(next, number, (long[]){ a, b, c, d, e, f });
	return next(number, a, b, c, d, e, f);
}
