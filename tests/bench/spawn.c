/*
 * vfork and exec, as shells and make do it: the parent's size plays no part in the cost.
 */
#include "tests/bench/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static cpu_set_t at_first;

static double clock_us(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* In the vfork child: the parent's memory, so nothing but descriptors is touched. */
static void become(const char *const *argv, const char *const *envp, const int files[3])
{
	for (int i = 0; i < 3; i++)
		if (files[i] != i)
			dup2(files[i], i);
	/* execve writes to neither; its prototype is older than const. */
	const union {
		const char *const *ours;
		char *const *theirs;
	} words = { argv }, variables = { envp };

	execve(argv[0], words.theirs, variables.theirs);
	_exit(127);
}

pid_t spawn_start(const char *const *argv, const char *const *envp, int in, int out, int err)
{
	const int files[3] = { in, out, err };
	pid_t pid = vfork();

	if (!pid)
		become(argv, envp, files);
	return pid < 0 ? -errno : pid;
}

int spawn_null(void)
{
	static int file = -1;

	if (file < 0)
		file = open("/dev/null", O_RDWR | O_CLOEXEC);
	return file;
}

int spawn_run(const char *const *argv, const char *const *envp, struct spent *spent)
{
	int file = spawn_null(), status;
	siginfo_t info;
	clockid_t clock;
	double begin = clock_us(CLOCK_MONOTONIC);
	pid_t pid = spawn_start(argv, envp, file, file, file);

	if (pid < 0)
		return pid;
	if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		return -errno;
	spent->wall_us = clock_us(CLOCK_MONOTONIC) - begin;

	int error = clock_getcpuclockid(pid, &clock);
	spent->cpu_us = error ? 0 : clock_us(clock);
	if (waitpid(pid, &status, 0) != pid)
		return -errno;
	if (error)
		return -error;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

int spawn_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

static void remember_cores(void)
{
	if (!CPU_COUNT(&at_first))
		sched_getaffinity(0, sizeof(at_first), &at_first);
}

void spawn_pin(int core)
{
	cpu_set_t one;

	remember_cores();
	CPU_ZERO(&one);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &at_first) || core-- > 0)
			continue;
		CPU_SET(cpu, &one);
		sched_setaffinity(0, sizeof(one), &one);
		return;
	}
}

void spawn_unpin(void)
{
	remember_cores();
	sched_setaffinity(0, sizeof(at_first), &at_first);
}

int spawn_cores(void)
{
	remember_cores();
	return CPU_COUNT(&at_first);
}
