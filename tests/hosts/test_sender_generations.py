"""Forks that go on as the service: each daemon has a namespace of its own, up to a bound, and never its parent's."""

import os
import signal

import pytest

import support
from host import ended
from sending import run_at_work

# A daemon that becomes a daemon again, and again: each waits for a line in a file before it does.
PROGRAM = r"""
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void await(const char *name)
{
	for (int i = 0; i < 6000 && access(name, F_OK); i++)
		usleep(5000);
}

int main(int argc, char **argv)
{
	char name[16];
	int generations = atoi(argv[1]), fit = 0, pair[2];

	for (int i = 0; i < generations; i++) {
		FILE *file = fopen("pid.new", "w");

		fprintf(file, "%d\n", getpid());
		fclose(file);
		rename("pid.new", "pid");
		sprintf(name, "go-%d", i);
		await(name);
		pipe(pair);
		if (fork()) {
			read(pair[0], name, 1); /* else a helper may come, and take what waits */
			exit(0);
		}
		setsid();
		write(pair[1], "x", 1);
	}
	for (int i = 0; i < 8; i++) {
		sprintf(name, "./tls-%d.so", i);
		fit += dlopen(name, RTLD_NOW) != NULL;
	}
	FILE *file = fopen("pid.new", "w");
	fprintf(file, "%d\n", getpid());
	fclose(file);
	rename("pid.new", "pid");
	file = fopen("fit.new", "w");
	fprintf(file, "%d", fit);
	fclose(file);
	rename("fit.new", "fit");
	await("end");
	return 7;
}
"""


def test_each_daemon_has_its_own_until_there_are_too_many(sending, tmp_path):
    """And what libc keeps for late libraries with static thread-local variables is there in the last of them."""
    from test_sender_habits import thread_local_libraries
    program = support.compile_c(tmp_path, PROGRAM, name="generations", libs=["-ldl"])
    libraries = thread_local_libraries(tmp_path, 8, 64)
    s = sending("generations", by=None)
    count, ways = 5, []

    def scenario(world, at_work):
        for library in libraries:
            (world.folder / library.name).symlink_to(library)
        process = world.start(program, count)
        pids = []
        for generation in range(count + 1):
            pids.append(support.wait_until(lambda: next((p for p in [read(world.folder / "pid")] if p and p not in pids), None),
                                           10, f"daemon {generation}"))
            if world.measured:
                ways.append(support.wait_until(
                    lambda: s.ways().get(pids[-1], (None, "begins"))[1], 10, "a way") and settled(s, pids[-1]))
            (world.folder / f"go-{generation}").touch()
        status = process.wait(10)
        fit = support.wait_until(lambda: read(world.folder / "fit"), 10, "the libraries")
        (world.folder / "end").touch()
        support.wait_until(lambda: support_gone(pids[-1]), 10, "the end")
        return status, fit

    assert s.both(scenario) == (0, 8)
    assert ways == ["it is at work"] * 4 + [ways[4]] * 2 and "too many" in ways[4], ways
    s.delivered(ended("generations", code=7))


def settled(s, pid):
    """The word, when the thread's rest is over."""

    def word():
        way = s.ways().get(pid)
        return way[1] if way and "moment" not in way[1] else None

    return support.wait_until(word, 10, f"the way of {pid}")


def support_gone(pid):
    from host import is_gone
    return is_gone(pid)


def read(path):
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


EXECUTES = r"""
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	char line[8];

	if (argc > 1) {
		fgets(line, sizeof(line), stdin);
		execv(argv[0], (char *[]){ argv[0], NULL });
	}
	usleep(400000);
	puts("again");
	return 3;
}
"""


def test_an_exec_at_work_goes_on(sending, tmp_path):
    program = support.compile_c(tmp_path, EXECUTES, name="executes")
    s = sending("executes")
    assert s.both(lambda world, at_work: run_at_work(world, at_work, program, "first")) == (3, "again\n", "")
    s.delivered(ended("executes", code=3))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT])
def test_a_death_at_work(sending, tmp_path, number):
    program = support.compile_c(tmp_path, "#include <unistd.h>\nint main(void) { for (;;) pause(); }", name="dies")
    s = sending("dies")

    def scenario(world, at_work):
        process = world.start(program)
        at_work()
        os.kill(process.pid, number)
        return process.wait(10)

    assert s.both(scenario) == -number
    s.delivered(ended("dies", reason="vanished"))
