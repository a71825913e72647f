"""Programs that forbid themselves the processor's counter, which the clock of the vDSO reads: they end as without us, and are told of."""

import signal

import pytest

import support
from lifecycle import Measured, same_behaviour

HOST = r"""
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static int forbid(const char *how)
{
	if (!strcmp(how, "strict"))
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	if (!strcmp(how, "strict_syscall"))
		return syscall(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0);
	if (!strcmp(how, "strict_seccomp"))
		return syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, 0);
	if (!strcmp(how, "tsc"))
		return prctl(PR_SET_TSC, PR_TSC_SIGSEGV);
	return syscall(SYS_prctl, PR_SET_TSC, PR_TSC_SIGSEGV);
}
static void *nothing(void *of)
{
	return of;
}
int main(int argc, char **argv)
{
	const char *end = argv[2];
	pthread_t thread;
	int ends[2];
	char c;
	if (pipe(ends) || forbid(argv[1]))
		return 2;
	write(1, "forbidden\n", 10);
	if (!strcmp(end, "_exit"))
		_exit(3);
	if (!strcmp(end, "exit_group"))
		syscall(SYS_exit_group, 4);
	if (!strcmp(end, "raw_exit"))
		syscall(SYS_exit, 5);
	if (!strcmp(end, "fork")) {
		int status;
		if (fork() == 0) {
			setsid(); /* a sender's thread would begin here */
			usleep(400000);
			exit(6);
		}
		wait(&status);
		return WIFEXITED(status) ? WEXITSTATUS(status) + 1 : 1;
	}
	if (!strcmp(end, "daemon")) {
		if (fork())
			exit(0);
		setsid();
		close(ends[1]);
		read(ends[0], &c, 1);
		write(1, "daemon\n", 7);
		return 0;
	}
	if (!strcmp(end, "thread"))
		pthread_create(&thread, NULL, nothing, NULL), pthread_join(thread, NULL);
	if (!strcmp(end, "given_back"))
		prctl(PR_SET_TSC, PR_TSC_ENABLE);
	if (!strcmp(end, "abort"))
		abort();
	return 8;
}
"""
STRICT = ["strict", "strict_syscall", "strict_seccomp"]
TSC = ["tsc", "tsc_syscall"]


def ends_as_without(how, end, compile_c, tmp_path, state, service="alpha"):
    program = compile_c(HOST, name="clockless", libs=["-lpthread"])
    measured = Measured(tmp_path, state, {service: ["clockless"]})
    done = same_behaviour([program, how, end], measured.env(service), tmp_path)
    assert done.stdout.startswith("forbidden\n")
    (life,) = measured.lifecycles()
    assert (life.starts, life.stops) == (1, 1)
    return done.returncode, life


@pytest.mark.parametrize("end", ["return", "_exit", "exit_group", "raw_exit"])
@pytest.mark.parametrize("how", STRICT)
def test_in_seccomp_s_strict_mode(how, end, compile_c, tmp_path, state):
    """It is killed for what it does at its end, by the signal that is meant for that: not by one for what we do."""
    status, _ = ends_as_without(how, end, compile_c, tmp_path, state)
    assert status == (5 if end == "raw_exit" else -signal.SIGKILL)


@pytest.mark.parametrize("service", ["alpha", "helped"])
@pytest.mark.parametrize("end, status, reason", [
    ("return", 8, "exit"), ("_exit", 3, "_exit"), ("exit_group", 4, "_exit"), ("fork", 7, "exit"), ("daemon", 0, "exit"),
    ("thread", 8, "exit"), ("given_back", 8, "exit"), ("abort", -signal.SIGABRT, "abort"),
])
@pytest.mark.parametrize("how", TSC)
def test_without_the_counter(how, end, status, reason, service, compile_c, tmp_path, state):
    got, life = ends_as_without(how, end, compile_c, tmp_path, state, service)
    assert (got, life.reason) == (status, reason)


def test_no_sender_thread_begins_in_its_children(compile_c, tmp_path, state, run):
    """It would read the clock, and end the program."""
    program = compile_c(HOST, name="clockless", libs=["-lpthread"])
    policy = tmp_path / "thread.yaml"
    policy.write_text(support.plain_policy(f"file:{tmp_path}/out", match="{ exe: clockless }", sender="thread"))
    run(support.Bookend.tool, "compile", policy, env=support.environment(state), check=True)
    for how in TSC:
        assert run(program, how, "fork", env=support.preload(state, "app", policy)).returncode == 7
