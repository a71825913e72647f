#include "tools/drainer.h"

#include "tools/helper.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void become_drainer(const char *state, const char *timeout)
{
	sigset_t none;

	/* Before the program is loaded: an inherited pipe is read by somebody until its end. */
	helper_let_go(-1);
	setenv("BOOKEND_STATE", state, 1);
	unsetenv("LD_PRELOAD");
	unsetenv("BOOKEND_SERVICE");
	sigemptyset(&none);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Not our path: this program is the right version even when the file has been replaced. */
	execl("/proc/self/exe", "bookend", "flush", "--once", "--helper",
	      timeout ? "--timeout" : NULL, timeout, (char *)NULL);
	_exit(125);
}

int drainer_leave(const char *state)
{
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		setsid();
		if (fork() == 0)
			become_drainer(state, NULL);
		_exit(0);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int drainer_await(const char *state, int ms)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
	int64_t deadline = now_ms() + ms + 200;
	char timeout[16];
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		snprintf(timeout, sizeof(timeout), "%dms", ms);
		become_drainer(state, timeout);
	}
	while (waitpid(child, NULL, WNOHANG) == 0) {
		if (now_ms() > deadline)
			kill(child, SIGKILL);
		nanosleep(&pause, NULL);
	}
	return 0;
}
