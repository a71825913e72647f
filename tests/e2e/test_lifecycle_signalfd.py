"""Termination signals that a program reads from a signalfd."""

import pytest

import support
from lifecycle import Measured, same_behaviour

READS = r"""
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int descriptor;

static void *endless(void *unused)
{
	struct signalfd_siginfo info;
	read(descriptor, &info, sizeof(info));
	return NULL;
}

static void show(const struct signalfd_siginfo *info, long bytes)
{
	printf("%ld", bytes);
	for (; bytes >= (long)sizeof(*info); bytes -= sizeof(*info), info++)
		printf(" %u", info->ssi_signo);
	printf("\n");
}

int main(int argc, char **argv)
{
	struct signalfd_siginfo info[4] = { 0 };
	ssize_t (*other)(int, void *, size_t);
	const char *how = argv[1];
	pthread_t thread;
	void *result;
	sigset_t set;
	int file;

	sigemptyset(&set);
	for (int i = 3; i < argc; i++)
		sigaddset(&set, atoi(argv[i]));
	sigprocmask(SIG_BLOCK, &set, NULL);
	descriptor = signalfd(-1, &set, SFD_CLOEXEC);
#define IS(x) (!strcmp(how, x))
	if (IS("never read"))
		return 7;
	for (int i = 3; i < argc && !IS("in a child"); i++)
		kill(getpid(), atoi(argv[i]));
	if (IS("in a library")) {
		other = dlsym(dlopen(argv[2], RTLD_NOW), "other_read");
		show(info, other(descriptor, info, sizeof(info)));
	} else if (IS("by another number")) {
		show(info, read(dup(descriptor), info, sizeof(info)));
	} else if (IS("in a child")) {
		if (!fork()) {
			kill(getpid(), atoi(argv[3]));
			show(info, read(descriptor, info, sizeof(info)));
			exit(0);
		}
		wait(NULL);
	} else if (IS("from a file")) {
		file = open(argv[2], O_RDWR | O_CREAT, 0600);
		info[0].ssi_signo = SIGTERM;
		write(file, info, sizeof(info[0]));
		lseek(file, 0, SEEK_SET);
		dup2(file, descriptor);
		show(info, read(descriptor, info, sizeof(info)));
	} else {
		show(info, read(descriptor, info, sizeof(info)));
	}
	errno = 0;
	printf("%zd", read(-1, info, sizeof(info)));
	printf(" %d\n", errno);
	if (!IS("from a file")) {
		/* It is a cancellation point. */
		pthread_create(&thread, NULL, endless, NULL);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		printf("%d\n", result == PTHREAD_CANCELED);
	}
	return 7;
}
"""

OTHER = r"""
#include <unistd.h>
ssize_t other_read(int descriptor, void *bytes, size_t count)
{
	return read(descriptor, bytes, count);
}
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signalfd")
    support.compile_c(folder, OTHER, name="other.so", flags=["-shared", "-fPIC"])
    for name, flags in {"now": ["-Wl,-z,now,-z,relro"], "lazy": ["-Wl,-z,lazy"], "fortified": ["-O2", "-D_FORTIFY_SOURCE=2"],
                        "fixed": ["-no-pie", "-fno-pie"]}.items():
        support.compile_c(folder, READS, name=name, flags=["-pthread", *flags])
    return folder


@pytest.mark.parametrize("program", ["now", "lazy", "fortified", "fixed"])
@pytest.mark.parametrize("how, signals, after", [
    ("plainly", [15], 15), ("plainly", [10], 0), ("plainly", [2, 10], 2), ("plainly", [1, 15], 15), ("in a library", [15], 15),
    ("by another number", [15], 15), ("in a child", [15], 0), ("never read", [15], 0), ("from a file", [10], 0),
])
def test_a_signal_from_a_signalfd_is_the_reason_of_the_exit(how, signals, after, program, programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": [program]})
    argument = tmp_path / "file" if how == "from a file" else programs / "other.so"
    same_behaviour([programs / program, how, argument, *map(str, signals)], measured.env(), tmp_path)
    one = measured.one()
    assert (one.end, one.after) == (("exit", 7, 0), after)
