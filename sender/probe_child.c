/*
 * Keeper and command run in our memory until the command's exec: they make raw system calls only,
 * touch no thread's errno, and write to nothing but the block and their stack in it. All signals
 * wait in them, since the handlers are the host's.
 */
#include "sender/probe_child.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sys.h"

#define STACK_BYTES (64 * 1024)
#define DEATH_MS    1000 /* for what was killed to be gone */
#define SIGNALS	    64

static void reset_signals(void)
{
	/* The kernel's struct sigaction: handler, flags, restorer, mask. */
	static const uint64_t by_default[4];
	static const uint64_t none;

	for (int i = 1; i <= SIGNALS; i++)
		sys_call(SYS_rt_sigaction, i, by_default, 0, sizeof(none));
	sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
}

static long set_descriptors(const struct probe_child *c)
{
	long r = sys_call(SYS_dup3, c->null, 0, 0, 0);

	if (r >= 0)
		r = sys_call(SYS_dup3, c->out, 1, 0, 0);
	if (r >= 0)
		r = sys_call(SYS_dup3, c->null, 2, 0, 0);
	/* Where the kernel has no such call, ours are closed by exec all the same. */
	sys_call(SYS_close_range, 3, ~0u, 0, 0);
	return r;
}

/* No controlling terminal, a group of its own, no core, and no life beyond the keeper's. */
static void run_command(struct probe_child *c)
{
	static const struct rlimit no_core;
	long r = set_descriptors(c);

	sys_call(SYS_setsid, 0, 0, 0, 0);
	sys_call(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0);
	sys_call(SYS_prlimit64, 0, RLIMIT_CORE, &no_core, 0);
	if (r >= 0)
		r = sys_call(SYS_chdir, c->directory, 0, 0, 0);
	reset_signals();
	for (unsigned i = 0; r >= 0 && c->path[i]; i++)
		sys_call(SYS_execve, c->path[i], c->argv, c->envp, 0);
	atomic_store(&c->error, r < 0 ? ENOTDIR : ENOENT);
	sys_call(SYS_exit_group, 127, 0, 0, 0);
}

/* As vfork(2): the keeper goes on when the command has its own memory, or is gone. */
static int spawn(struct probe_child *c)
{
	long pid = sys_call(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0);

	if (pid == 0)
		run_command(c);
	return (int)pid;
}

#define BIT(signal) (UINT64_C(1) << ((signal)-1))

/* Until the command ends, and is still there to be reaped, or our thread has ended: SIGHUP. Both
 * signals are blocked like all others, so they wait to be looked at. */
static void await(int pid)
{
	const uint64_t either = BIT(SIGCHLD) | BIT(SIGHUP);
	siginfo_t info;

	for (;;) {
		info.si_pid = 0;
		if (sys_call6(SYS_waitid, P_PID, pid, (long)&info, WEXITED | WNOWAIT | WNOHANG, 0,
			      0) < 0 ||
		    info.si_pid != 0)
			return;
		if (sys_call(SYS_rt_sigtimedwait, &either, 0, 0, sizeof(either)) == SIGHUP)
			return;
	}
}

static int run_keeper(void *context)
{
	static const uint64_t by_default[4];
	struct probe_child *c = context;
	int status = -1;
	int pid;

	sys_call(SYS_setsid, 0, 0, 0, 0);
	/* A host that ignores it would have the kernel reap the command. */
	sys_call(SYS_rt_sigaction, SIGCHLD, by_default, 0, sizeof(uint64_t));
	sys_call(SYS_prctl, PR_SET_PDEATHSIG, SIGHUP, 0, 0);
	sys_call(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0);
	pid = spawn(c);
	sys_call(SYS_close_range, 0, ~0u, 0, 0);
	sys_call(SYS_close, c->out, 0, 0, 0);
	if (pid < 0) {
		atomic_store(&c->error, -pid);
		return 0;
	}
	atomic_store(&c->pid, pid);
	await(pid);
	/* The group has its number for as long as its leader is not reaped. */
	sys_kill(-pid, SIGKILL);
	sys_call(SYS_wait4, pid, &status, 0, 0);
	atomic_store(&c->status, status);
	while (sys_call(SYS_wait4, -pid, &status, 0, 0) > 0)
		;
	return 0;
}

struct probe_child *probe_child_new(size_t text_bytes)
{
	size_t bytes = sizeof(struct probe_child) + text_bytes + STACK_BYTES + 64;
	struct probe_child *c =
		mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		return NULL;
	c->bytes = bytes;
	c->used = sizeof(*c);
	c->null = -1;
	c->out = -1;
	atomic_store(&c->status, -1); /* the keeper may be killed */
	return c;
}

void probe_child_free(struct probe_child *c)
{
	munmap(c, c->bytes);
}

/* The caller of probe_child_new() has counted well. */
static void *take(struct probe_child *c, size_t bytes)
{
	void *taken = (char *)c + c->used;

	c->used += (bytes + 7) & ~(size_t)7;
	return taken;
}

char *probe_child_text(struct probe_child *c, const char *text)
{
	size_t bytes = strlen(text) + 1;

	return memcpy(take(c, bytes), text, bytes);
}

char **probe_child_list(struct probe_child *c, const char *const *list)
{
	size_t count = 0;
	char **copy;

	while (list[count])
		count++;
	copy = take(c, (count + 1) * sizeof(*copy));
	for (size_t i = 0; i < count; i++)
		copy[i] = probe_child_text(c, list[i]);
	copy[count] = NULL;
	return copy;
}

int probe_child_start(struct probe_child *c)
{
	char *top = (char *)c + c->bytes;
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	c->keeper = clone(run_keeper, (void *)((uintptr_t)top & ~(uintptr_t)15), CLONE_VM, c);
	error = errno;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return c->keeper < 0 ? -error : 0;
}

bool probe_child_ended(const struct probe_child *c)
{
	return waitpid(c->keeper, NULL, __WCLONE | WNOHANG) != 0;
}

static bool wait_ended(const struct probe_child *c)
{
	uint64_t until = clock_boot_ns() + DEATH_MS * UINT64_C(1000000);

	while (!probe_child_ended(c)) {
		if (clock_boot_ns() >= until)
			return false;
		poll(NULL, 0, 1);
	}
	return true;
}

bool probe_child_kill(struct probe_child *c)
{
	int pid = atomic_load(&c->pid);

	if (pid > 0)
		kill(-pid, SIGKILL);
	if (pid > 0 && wait_ended(c))
		return true;
	kill(c->keeper, SIGKILL);
	return wait_ended(c);
}
