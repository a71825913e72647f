/*
 * Calls of what a preloaded library may put itself in front of, or call for its own sake.
 */
#include "cases.h"

#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

void case_own(void)
{
	struct sigaction before;
	struct timespec now;
	struct stat st;
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(setsid() == getpid() ? 7 : 8);
	CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7);
	CHECK(sigaction(SIGUSR1, NULL, &before) == 0);
	CHECK(sigaction(SIGUSR1, &before, NULL) == 0);
	for (int i = 0; i < 3; i++)
		CHECK(stat("/", &st) == 0);
	for (int i = 0; i < 4; i++)
		CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	for (int i = 0; i < 5; i++)
		CHECK(close(-1) == -1 && errno == EBADF);
}
