/*
 * Clones that share the memory until they exec, on stacks of their own, with every signal blocked
 * around them. They use raw system calls only.
 */
#include "shim/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/futex.h"
#include "base/sys.h"
#include "base/text.h"
#include "hooks/symbol.h"

#define HELPER_STACK	(16 * 1024)
#define HELPER_LEASE_NS (30 * CLOCK_SECOND)
#define HELPER_SAMPLE                                                                              \
	64 /* claim words looked at, around our own, to guess how full the pool is                 \
	    */
#define HELPER_SIGNALS	   64
#define HELPER_EXEC_FAILED 127
#define HELPER_PIDFD	   3 /* behind standard input, output and error */
#define HELPER_AWAIT_S	   1
#define HELPER_LOOK_MS	   20
#define HELPER_READY_LOOKS 100 /* at most, on a machine that does not come to it */
#define HELPER_PIDFD_TEXT  "3"

/* Everything the children need, in the mapping of their stacks. */
struct helper_child {
	__typeof__(&clone) start;
	char *stack; /* the second one's, its end */
	struct pool *pool;
	const char *tool;
	char *argv[8];
	char *envp[2];
	char state[PATHS_MAX + 16];
	char pid[16];
	int after;		/* the same, 0: nobody's end is awaited */
	int pidfd;		/* its, -1: there is none */
	_Atomic uint32_t ready; /* futex: 1: it has descriptors of its own */
	volatile int failed;
};

/* All but the pidfd, which gets its place. */
static void helper_own_descriptors(int pidfd)
{
	unsigned rest = 0;

	if (pidfd >= 0) {
		if (pidfd != HELPER_PIDFD)
			sys_call(SYS_dup3, pidfd, HELPER_PIDFD, 0, 0);
		else
			sys_call(SYS_fcntl, pidfd, F_SETFD, 0, 0);
		rest = HELPER_PIDFD + 1;
	}
	/* Without the call the helper closes what is left of them: its first act. */
	sys_call(SYS_close_range, rest, ~0U, 0, 0);
	for (int fd = 0; fd < 3; fd++)
		sys_close(fd);
	for (int fd = 0; fd < 3; fd++)
		sys_openat(AT_FDCWD, "/dev/null", O_RDWR, 0);
}

/* The host goes on when what it had open is no longer open here. No handler of the host may run. */
static void helper_prepare(struct helper_child *child)
{
	static const uint64_t nothing[8];

	helper_own_descriptors(child->pidfd);
	atomic_store(&child->ready, 1);
	futex_wake(&child->ready);
	for (int i = 1; i <= HELPER_SIGNALS; i++)
		sys_call(SYS_rt_sigaction, i, nothing, NULL, 8);
	sys_call(SYS_setsid, 0, 0, 0, 0);
}

static int helper_exec(void *argument)
{
	static const uint64_t nothing[8];
	struct helper_child *child = argument;

	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, nothing, NULL, 8);
	sys_call(SYS_execve, child->tool, child->argv, child->envp, 0);
	if (child->after) { /* it has been counted, and nobody waits for us */
		pool_count(child->pool, POOL_HELPERS, UINT64_MAX);
		pool_count(child->pool, POOL_HELPERS_FAILED, 1);
	}
	child->failed = 1;
	return HELPER_EXEC_FAILED;
}

static int helper_between(void *argument)
{
	struct helper_child *child = argument;

	helper_prepare(child);
	if (child->start(helper_exec, child->stack, CLONE_VM | CLONE_VFORK | SIGCHLD, child) < 0)
		child->failed = 1;
	return 0;
}

/*
 * Behind a process that ends: until it is gone we have its memory in common, and letting go of that
 * is ours. By the exec we would become a child that it might see, so that comes when it is gone, or
 * else is a child's.
 */
static int helper_behind(void *argument)
{
	struct helper_child *child = argument;
	struct pollfd end = { .fd = HELPER_PIDFD, .events = POLLIN };
	struct timespec most = { .tv_sec = HELPER_AWAIT_S };

	helper_prepare(child);
	if (child->pidfd >= 0 && sys_call6(SYS_ppoll, (long)&end, 1, (long)&most, 0, 0, 0) == 1)
		return helper_exec(child);
	child->start(helper_exec, child->stack, CLONE_VM | SIGCHLD, child);
	return 0;
}

static void helper_fill(struct helper_child *child, struct self *self, int pid)
{
	struct text state = text_init(child->state, sizeof(child->state));
	struct text number = text_init(child->pid, sizeof(child->pid));
	static const char flush[] = "flush", helper[] = "--helper", after[] = "--for",
			  pidfd[] = "--pidfd", number_of[] = HELPER_PIDFD_TEXT;
	char **word = child->argv;

	text_add(&state, "BOOKEND_STATE=");
	text_add(&state, self->state);
	text_add_signed(&number, pid);
	child->pool = &self->pool;
	child->tool = self->tool;
	*word++ = (char *)(uintptr_t)self->tool;
	*word++ = (char *)(uintptr_t)flush;
	*word++ = (char *)(uintptr_t)helper;
	if (pid) {
		*word++ = (char *)(uintptr_t)after;
		*word++ = child->pid;
		*word++ = (char *)(uintptr_t)pidfd;
		*word++ = (char *)(uintptr_t)number_of;
	}
	child->after = pid;
	child->pidfd = -1;
	child->envp[0] = child->state;
}

/* It waits for the child in between, which is gone at once. */
static void helper_clone(struct helper_child *child, char *stack)
{
	int pid = child->start(helper_between, stack, CLONE_VM | CLONE_VFORK, child);

	if (pid > 0)
		sys_call(SYS_wait4, pid, NULL, __WALL, NULL);
	else
		child->failed = 1;
}

/*
 * Our own pidfd while we have a pid: the helper learns our status from it. Who starts our successor
 * must find our sockets closed: that is waited for, and nothing else.
 */
static void helper_clone_behind(struct helper_child *child, char *stack)
{
	child->pidfd = (int)sys_call(SYS_pidfd_open, child->after, 0, 0, 0);
	if (child->start(helper_behind, stack, CLONE_VM, child) < 0)
		child->failed = 1;
	for (int i = 0; i < HELPER_READY_LOOKS && !child->failed && !atomic_load(&child->ready);
	     i++)
		futex_wait(&child->ready, 0, HELPER_LOOK_MS);
	if (child->pidfd >= 0)
		sys_close(child->pidfd);
}

/* With all signals blocked: no handler of the host may run on our stacks. errno is clone()'s to
 * change, not the host's to see. */
static void helper_start(struct helper_child *child, char *stack)
{
	uint64_t all = ~UINT64_C(0), mask;
	int kept = errno;

	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &all, &mask, 8);
	if (child->after)
		helper_clone_behind(child, stack);
	else
		helper_clone(child, stack);
	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8);
	errno = kept;
}

/* By firejail, which as PID 1 of its sandbox waits for whatever is left in there, and ends as that
 * did. */
static bool helper_is_awaited(void)
{
	static const char waits[] = "firejail\n";
	char comm[sizeof(waits)] = { 0 };
	int fd = sys_openat(AT_FDCWD, "/proc/1/comm", O_RDONLY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	sys_read(fd, comm, sizeof(comm) - 1);
	sys_close(fd);
	return !memcmp(comm, waits, sizeof(waits));
}

/*
 * A helper of PID 1, or of a reaper of orphans, would be its child after all, and die with it or be
 * reaped by it. Valgrind takes our clone for a fork, and the host's output comes twice.
 */
static bool helper_allowed(const struct self *self)
{
	int reaper = 0;

	return self->tool[0] && !self->confined && self->pid != 1 && sys_geteuid() == self->uid &&
	       !symbol_object(SYMBOL_VALGRIND) && !sys_call(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0) &&
	       !sys_call(SYS_prctl, PR_GET_CHILD_SUBREAPER, &reaper, 0, 0) && !reaper &&
	       !helper_is_awaited();
}

/* pid: whose death to wait for, 0: nobody's. */
static void helper_spawn(struct self *self, int pid)
{
	size_t bytes = 2 * HELPER_STACK + sizeof(struct helper_child);
	struct helper_child *child;
	long at;

	if (!helper_allowed(self))
		return;
	at = sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sys_failed(at))
		return;
	child = (struct helper_child *)(at + 2 * HELPER_STACK);
	child->start = (__typeof__(&clone))symbol_next("clone", NULL);
	child->stack = (char *)at + 2 * HELPER_STACK;
	helper_fill(child, self, pid);
	if (child->start)
		helper_start(child, (char *)at + HELPER_STACK);
	pool_count(&self->pool, child->start && !child->failed ? POOL_HELPERS : POOL_HELPERS_FAILED,
		   1);
	if (!pid) /* else the helper is still at it */
		sys_munmap((void *)at, bytes);
}

void helper_after(struct self *self)
{
	helper_spawn(self, self->pid);
}

/* Claims are spread over their class, so a sample tells. */
static bool helper_half_full(const struct self *self)
{
	const struct pool_class *class = &self->slot.class;
	uint32_t at = self->slot.number - class->first;
	uint32_t sample = class->count < HELPER_SAMPLE ? class->count : HELPER_SAMPLE;
	uint32_t taken = 0;

	for (uint32_t i = 0; i < sample; i++) {
		uint64_t word = atomic_load_explicit(
			&self->pool.claims[class->first + (at + i) % class->count],
			memory_order_relaxed);

		taken += CLAIM_STATE(word) != CLAIM_FREE;
	}
	return taken > sample / 2;
}

static bool helper_overdue(const struct pool_header *header, uint64_t now)
{
	return now >= atomic_load_explicit(&header->due_ns, memory_order_relaxed) &&
	       atomic_load_explicit(&header->count[POOL_STOPS], memory_order_relaxed) !=
		       atomic_load_explicit(&header->drained_stops, memory_order_relaxed);
}

void helper_when_due(struct self *self)
{
	struct pool_header *header = self->pool.header;
	uint64_t now = self->start_ns ? self->start_ns : clock_boot_ns_cold();
	uint64_t until = atomic_load_explicit(&header->helper_until_ns, memory_order_relaxed);

	if (until > now || !(helper_overdue(header, now) || helper_half_full(self)))
		return;
	if (atomic_compare_exchange_strong(&header->helper_until_ns, &until, now + HELPER_LEASE_NS))
		helper_spawn(self, 0);
}
