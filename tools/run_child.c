/*
 * The command's process, as its parent sees it. The launcher installs no signal handler: it blocks
 * all signals and takes them one by one. A signal that the kernel sent (terminal) went to the whole
 * process group, so the child has it; one that a process sent was meant for the command, and is
 * passed on. A child that job control stops takes the launcher with it.
 */
#include "tools/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

static void become_program(const struct run_child *child, const int go[2], const int failed[2],
			   const struct program *program, char **command, pid_t launcher)
{
	char byte;
	int error;

	/* Who kills the launcher with SIGKILL means the command. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(go[1]);
	close(failed[0]);
	if (getppid() != launcher || read(go[0], &byte, 1) != 1)
		_exit(125);
	sigprocmask(SIG_SETMASK, &child->mask, NULL);
	error = -program_execute(program, command, environ);
	if (write(failed[1], &error, sizeof(error)) != sizeof(error))
		_exit(125);
	_exit(127);
}

int run_child_fork(struct run_child *child, const struct program *program, char **command)
{
	pid_t launcher = getpid();
	int go[2], failed[2];
	sigset_t all;

	if (pipe2(go, O_CLOEXEC) != 0)
		return -errno;
	if (pipe2(failed, O_CLOEXEC) != 0)
		goto out;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &child->mask);
	child->pid = fork();
	if (child->pid == 0)
		become_program(child, go, failed, program, command, launcher);
	close(failed[1]);
	child->go = go[1];
	child->failed = failed[0];
	if (child->pid > 0) {
		close(go[0]);
		/* Ignored, as some parents leave it, it would take the child's status away. */
		signal(SIGCHLD, SIG_DFL);
		return 0;
	}
	sigprocmask(SIG_SETMASK, &child->mask, NULL);
	close(failed[0]);
out:
	close(go[0]);
	close(go[1]);
	return -EAGAIN;
}

int run_child_go(struct run_child *child)
{
	int error = 0;
	ssize_t length = write(child->go, "", 1);

	close(child->go);
	length = length == 1 ? read(child->failed, &error, sizeof(error)) : -1;
	close(child->failed);
	if (length != sizeof(error))
		return 0;
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	return -error;
}

/* Stops this process the way the child stopped, so that a shell sees the job stopped; returns when
 * continued. */
static void stop_like(int number)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, number);
	if (number != SIGSTOP)
		signal(number, SIG_DFL);
	kill(getpid(), number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	sigprocmask(SIG_BLOCK, &one, NULL);
}

/*
 * SIGSTOP is mirrored where there is a terminal, whose shell continues the whole job: elsewhere
 * nobody would continue the launcher after `kill -STOP` and `kill -CONT` on the program.
 */
static bool stop_is_job_control(int number)
{
	int terminal;

	if (number != SIGSTOP)
		return true;
	terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (terminal < 0)
		return false;
	close(terminal);
	return true;
}

/* Takes the news of all children (orphans too, as PID 1). True when the command has ended, with its
 * status. */
static bool reap(pid_t command, int *status)
{
	bool ended = false;

	for (;;) {
		int news;
		pid_t pid = waitpid(-1, &news, WNOHANG | WUNTRACED);

		if (pid <= 0)
			return ended;
		if (pid != command)
			continue;
		if (!WIFSTOPPED(news)) {
			*status = news;
			ended = true;
		} else if (stop_is_job_control(WSTOPSIG(news))) {
			stop_like(WSTOPSIG(news));
		}
	}
}

/* The next signal, or 0 at the deadline (boot time; 0: none). */
static int next_signal(uint64_t deadline, siginfo_t *info)
{
	struct timespec rest;
	uint64_t now;
	sigset_t all;

	sigfillset(&all);
	if (deadline == 0)
		return sigwaitinfo(&all, info);
	now = clock_boot_ns();
	rest.tv_sec = now < deadline ? (time_t)((deadline - now) / CLOCK_SECOND) : 0;
	rest.tv_nsec = now < deadline ? (long)((deadline - now) % CLOCK_SECOND) : 0;
	return sigtimedwait(&all, info, &rest);
}

int run_child_wait(const struct run_child *child, void (*late)(void *context), void *context)
{
	uint64_t deadline = clock_boot_ns() + CLOCK_SECOND;
	siginfo_t info;
	int status = 0;

	for (;;) {
		int number = next_signal(deadline, &info);

		if (number < 0 && errno == EAGAIN) {
			deadline = 0;
			late(context);
		}
		if (number == SIGCHLD && reap(child->pid, &status))
			return status;
		if (number > 0 && number != SIGCHLD && info.si_code <= 0)
			kill(child->pid, number);
	}
}

int run_child_end_like(int status)
{
	const struct rlimit no_core = { 0 };
	sigset_t one;

	if (!WIFSIGNALED(status))
		return WEXITSTATUS(status);
	/* The program's own core, if any, is written already; ours would take its place. */
	setrlimit(RLIMIT_CORE, &no_core);
	prctl(PR_SET_DUMPABLE, 0);
	if (WTERMSIG(status) != SIGKILL)
		signal(WTERMSIG(status), SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, WTERMSIG(status));
	kill(getpid(), WTERMSIG(status));
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	/* Only PID 1 survives that: its own signals do nothing to it. */
	return 128 + WTERMSIG(status);
}
