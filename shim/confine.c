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

#include "base/sys.h"
#include "hooks/hooks.h"
#include "shim/calls.h"
#include "shim/alone.h"
#include "shim/credentials.h"
#include "shim/exits.h"
#include "hooks/hooks.h"
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
	calls_thaw();
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

/* Without the counter there is no clock either: reading it would be the end. */
static bool confine_takes_clock(unsigned long option, unsigned long mode)
{
	return (option == PR_SET_SECCOMP && mode == SECCOMP_MODE_STRICT) ||
	       (option == PR_SET_TSC && mode == PR_TSC_SIGSEGV);
}

/* As libc's: what is not given is not looked at. */
LIFECYCLE_EXPORT int prctl(int option, ...)
{
	__typeof__(&prctl) next = NEXT(prctl);
	struct self *self = NULL;
	unsigned long word[4];
	va_list list;
	int rc;

	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	va_start(list, option);
	for (int i = 0; i < 4; i++)
		word[i] = va_arg(list, unsigned long);
	va_end(list);
	if (confine_takes_clock((unsigned long)option, word[0]))
		calls_freeze();
	if (confine_by_prctl((unsigned long)option, word[0], word[1]))
		self = confine_begin();
	rc = next(option, word[0], word[1], word[2], word[3]);
	if (rc < 0)
		confine_undo(self);
	if (option == PR_SET_TSC && rc == 0 && word[0] == PR_TSC_ENABLE)
		calls_thaw();
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

static __attribute__((noinline)) long confine_through(confine_syscall_fn next, long number,
						      const long word[6])
{
	bool strict = number == SYS_seccomp && word[0] == SECCOMP_SET_MODE_STRICT;
	struct self *self;
	long rc;

	if (strict || confine_takes_clock((unsigned long)word[0], (unsigned long)word[1]))
		calls_freeze();
	self = confine_begin();
	rc = next(number, word[0], word[1], word[2], word[3], word[4], word[5]);
	if (rc < 0)
		confine_undo(self);
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
	if ((number == SYS_seccomp && confine_asked((unsigned long)a, (const void *)c)) ||
	    (number == SYS_prctl &&
	     confine_by_prctl((unsigned long)a, (unsigned long)b, (unsigned long)c)))
		return confine_through(next, number, (long[]){ a, b, c, d, e, f });
	if (number == SYS_exit_group)
		exits_by_syscall((int)a);
	if (credentials_change(number))
		return confine_credentials(next, number, (long[]){ a, b, c, d, e, f });
	if (alone_call(number) != ALONE_NO)
		return confine_alone(next, number, (long[]){ a, b, c, d, e, f });
	return next(number, a, b, c, d, e, f);
}
