"""Termination signals that a thread takes from sigwait() and the like, with no handler anywhere."""

import pytest

from lifecycle import Measured, same_behaviour

WAITS = r"""
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void *taker(void *how)
{
	struct timespec soon = { .tv_nsec = 1000000 }, late = { .tv_sec = 5 };
	sigset_t set;
	siginfo_t info = { 0 };
	int number = 0, rc = 0;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	if (!strcmp(how, "sigwait"))
		rc = sigwait(&set, &number);
	if (!strcmp(how, "sigwaitinfo"))
		rc = number = sigwaitinfo(&set, &info);
	if (!strcmp(how, "sigtimedwait"))
		rc = number = sigtimedwait(&set, &info, &late);
	printf("%d %d %d\n", rc, number, info.si_signo);
	errno = 0;
	rc = sigtimedwait(&set, &info, &soon);
	printf("%d %d\n", rc, errno);
	return NULL;
}

static void *endless(void *set)
{
	int number;
	sigwait(set, &number);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *result;
	sigset_t set;
	sigfillset(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_create(&thread, NULL, taker, argv[1]);
	kill(getpid(), atoi(argv[2]));
	pthread_join(thread, NULL);
	/* It is a cancellation point. */
	pthread_create(&thread, NULL, endless, &set);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	printf("%d\n", result == PTHREAD_CANCELED);
	return 0;
}
"""


@pytest.mark.parametrize("number, after", [(15, 15), (10, 0)])
@pytest.mark.parametrize("how", ["sigwait", "sigwaitinfo", "sigtimedwait"])
def test_a_signal_that_is_taken_is_the_reason(how, number, after, tmp_path, state, compile_c):
    measured = Measured(tmp_path, state, {"alpha": ["waits"]})
    program = compile_c(WAITS, name="waits", libs=["-lpthread"])
    same_behaviour([program, how, str(number)], measured.env(), tmp_path)
    one = measured.one()
    assert (one.end, one.after) == (("exit", 0, 0), after), one
