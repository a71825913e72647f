"""Respawn loops under runit, s6, tini and dumb-init: each run of the service is a run, and the supervisor's own goes on."""

import os
import signal

import pytest

import support
from host import children, ended

# Fails when it runs for the first time; from then on it stays until TERM, whose action is the default one.
SERVED = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	int fd = open("runs", O_WRONLY | O_CREAT | O_APPEND, 0644);
	char line[128];
	write(fd, line, sprintf(line, "%d\n", getpid()));
	if (lseek(fd, 0, SEEK_END) == strlen(line))
		exit(3);
	for (;;)
		pause();
}
"""

FIRST, SECOND = ended("served", code=3), ended("served", reason="signal", signal=15)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return support.compile_c(tmp_path_factory.mktemp("served"), SERVED, name="served", flags=["-include", "string.h"])


def runs(folder):
    path = folder / "runs"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def service(world, served, folder="service"):
    """A directory as runsv and s6-supervise want it."""
    directory = world.folder / folder
    directory.mkdir()
    (directory / "run").write_text(f"#!/bin/sh\nexec {served}\n")
    (directory / "run").chmod(0o755)
    return directory


def second_run(world, directory, process):
    support.wait_until(lambda: len(runs(directory)) == 2, 10, "the second run")
    return world.settled(process.pid, ready=lambda seen: [child["name"] for child in seen["children"]] == ["served"])


def test_runsv(host, served):
    h = host("served", "runsv", sender="helper")

    def scenario(world):
        directory = service(world, served)
        process = world.start("runsv", directory)
        seen = second_run(world, directory, process)
        process.send_signal(signal.SIGTERM)
        return seen, process.wait(10), len(runs(directory))

    assert h.both(scenario)[1:] == (0, 2)
    h.expect(FIRST, SECOND, ended("runsv", reason="_exit", code=0, after=15), flush=False)


def test_runsv_is_told_to_kill(host, served):
    """`sv kill`: an end that nobody but runsv sees; it waits for it, and starts the next run."""
    h = host("served", "runsv")

    def scenario(world):
        directory = service(world, served)
        (directory / "runs").write_text("0\n")
        process = world.start("runsv", directory)
        second_run(world, directory, process)
        world.run("sv", "kill", directory)
        support.wait_until(lambda: len(runs(directory)) == 3, 10, "the next run")
        process.send_signal(signal.SIGTERM)
        return process.wait(10)

    assert h.both(scenario) == 0
    killed = ended("served", reason="signal", signal=9)
    h.expect(killed, SECOND, ended("runsv", reason="_exit", code=0, after=15))


def test_s6_supervise(host, served):
    h = host("served", "s6-supervise")

    def scenario(world):
        directory = service(world, served)
        process = world.start("s6-supervise", directory)
        seen = second_run(world, directory, process)
        process.send_signal(signal.SIGTERM)
        return seen, process.wait(10), len(runs(directory))

    assert h.both(scenario)[1:] == (0, 2)
    # It reads its signals from a signalfd, which only it sees.
    h.expect(FIRST, SECOND, ended("s6-supervise", code=0, after=15))


@pytest.mark.parametrize("sender", ["later", "helper"])
@pytest.mark.parametrize("words, name, end", [
    (["tini", "-s", "--"], "tini", ended("tini", code=143, after=15)),
    (["dumb-init"], "dumb-init", ended("dumb-init", code=143, after=15)),
])
def test_an_init_in_front(words, name, end, sender, host, served):
    """They pass the signal on and exit as a shell would."""
    h = host("served", name, sender=sender)

    def scenario(world):
        (world.folder / "runs").write_text("0\n")
        process = world.start(*words, served)
        support.wait_until(lambda: len(runs(world.folder)) == 2, 10, "the run")
        seen = world.settled(process.pid)
        process.send_signal(signal.SIGTERM)
        return seen, process.wait(10)

    assert h.both(scenario)[1] == 143
    h.expect(SECOND, end, flush=sender == "later")


PARENT = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static volatile int heard;
static void on_child(int n) { heard++; }
/* A respawn loop that counts what it hears: as many SIGCHLD and children as it made, and no other child is ever there. */
int main(int argc, char **argv)
{
	int status, mine = 0, other = 0;
	struct sigaction act = { .sa_handler = on_child };
	sigaction(SIGCHLD, &act, NULL);
	unsetenv("LD_PRELOAD");
	for (int i = 0; i < 8; i++) {
		pid_t child = fork(), got;
		if (!child) {
			setenv("LD_PRELOAD", argv[1], argv[1][0] != 0);
			execv(argv[2], argv + 2);
			_exit(127);
		}
		while ((got = waitpid(-1, &status, 0)) != child)
			got > 0 ? other++ : 0;
		mine += WIFEXITED(status) && WEXITSTATUS(status) == 3;
	}
	printf("%d children, %d others, %d signals, %d left\n", mine, other, heard, waitpid(-1, &status, 0) > 0);
	return 0;
}
"""


@pytest.mark.parametrize("sender", ["later", "helper"])
def test_a_loop_that_counts_its_children(sender, host, served, tmp_path):
    """A service's helper is no child of its supervisor: no signal, nothing to reap."""
    parent = support.compile_c(tmp_path, PARENT, name="parent")
    h = host("served", sender=sender)

    def scenario(world):
        def loop(command):
            return world.run(parent, world.env.get("LD_PRELOAD", ""), *command)

        done = loop(["/bin/sh", "-c", f"rm -f runs; exec {served}"])
        return done.returncode, done.stdout, done.stderr

    assert h.both(scenario) == (0, "8 children, 0 others, 8 signals, 0 left\n", "")
    h.expect(*[FIRST] * 8, flush=sender == "later")
