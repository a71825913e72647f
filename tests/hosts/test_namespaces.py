"""Programs in pid namespaces of their own, as in a container, and a drainer outside."""

import os
import signal
import subprocess

import pytest

import support
from host import children, ended, wait_gone

pytestmark = pytest.mark.usefixtures("root")
SPACE = ["unshare", "-pf", "--kill-child", "--mount-proc"]


@pytest.fixture
def outside():
    """Only who is in the initial namespace is known to see all others; elsewhere a stop is believed after 5 s."""
    if os.stat("/proc/self/ns/pid").st_ino != 0xeffffffc:
        pytest.skip("needs the initial pid namespace")


def redis(world, port, *before):
    """(process, pid of the first one in there)"""
    process = world.start(*SPACE, *before, "redis-server", "--port", port, "--save", "")
    support.wait_until(lambda: support.accepts(port), 10, "redis")
    return process, children(process.pid)[0]


def test_a_server_as_pid_1(host):
    """Its own TERM handler runs, and no helper is left to it."""
    h = host("redis-check-rdb", sender="helper")
    port = support.free_port()

    def scenario(world):
        process, first = redis(world, port)
        seen = world.settled(process.pid, ready=lambda seen: seen["children"][0]["threads"] == 5)
        os.kill(first, signal.SIGTERM)
        return seen, process.wait(10)

    assert h.both(scenario)[1] == 0
    h.expect(ended("redis-check-rdb", code=0, after=15))


def test_tini_as_pid_1(host):
    h = host("redis-check-rdb", "tini", sender="helper")
    port = support.free_port()

    def scenario(world):
        process, first = redis(world, port, "tini", "--")
        seen = world.settled(process.pid, ready=lambda seen: seen["children"][0]["children"][0]["threads"] == 5)
        os.kill(first, signal.SIGTERM)
        return seen, process.wait(10)

    assert h.both(scenario)[1] == 0
    h.expect(ended("redis-check-rdb", code=0, after=15), ended("tini", code=0, after=15))


def test_two_containers_of_one_pool(host):
    """In each the first process becomes the program when the other one's runs already: by their pids they are the same."""
    h = host("cat")

    def scenario(world):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        both = [world.start(*SPACE, "bash", "-c", "echo; read && exec cat", **pipes) for _ in range(2)]
        said = [process.stdout.readline() for process in both]
        for process in both:
            process.stdin.write(b"go on\nlives\n")
            process.stdin.flush()
            said.append(process.stdout.readline())
        return said, [process.communicate(timeout=10) for process in both], [process.returncode for process in both]

    assert h.both(scenario)[0] == [b"\n", b"\n", b"lives\n", b"lives\n"]
    h.expect(ended("cat", code=0), ended("cat", code=0))


@pytest.mark.usefixtures("outside")
def test_a_container_that_is_killed(host):
    """Nobody in there is left to look; who is outside sees that all are gone."""
    h = host("redis-check-rdb", "tini")
    port = support.free_port()

    def scenario(world):
        process, first = redis(world, port, "tini", "--")
        if world.measured:
            h.tool("flush", "--once")
            assert [(starts, stops) for starts, stops, _ in h.ends()] == [(1, 0)] * 2, "they live"
        os.kill(first, signal.SIGKILL)
        return process.wait(10)

    h.both(scenario)
    h.expect(ended("redis-check-rdb", reason="vanished"), ended("tini", reason="vanished"))


NESTS = """
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
	int child = syscall(SYS_clone, SIGCHLD | CLONE_NEWPID, 0, 0, 0, 0);

	if (!child)
		exit(9);
	waitpid(child, NULL, 0);
	*(volatile int *)8 = 1;
}
"""


@pytest.mark.usefixtures("outside")
def test_a_child_of_pid_1_that_is_pid_1_as_well(host, tmp_path):
    """Made by a raw clone, as sandboxes do: no fork handler tells it that it is another process."""
    h = host("nests")
    program = support.compile_c(tmp_path, NESTS, name="nests")
    assert h.both(lambda world: world.run(*SPACE, program).returncode) == -signal.SIGSEGV
    h.expect(ended("nests", reason="vanished"))


@pytest.mark.usefixtures("outside")
def test_a_daemon_in_a_container(host):
    """Its parent has left, and it has not yet taken over, or has: a drainer outside waits."""
    h = host("redis-check-rdb")
    port = support.free_port()

    def scenario(world):
        process = world.start(*SPACE, "sh", "-c", f"redis-server --port {port} --save '' --daemonize yes && exec sleep 60")
        support.wait_until(lambda: support.accepts(port), 10, "redis")
        if world.measured:
            h.tool("flush", "--once")
            assert [(starts, stops) for starts, stops, _ in h.ends()] == [(1, 0)], "it lives"
        daemon = [pid for pid in children(children(process.pid)[0])]
        os.kill(daemon[0], signal.SIGTERM)
        wait_gone(daemon[0])
        process.kill()
        return len(daemon)

    assert h.both(scenario) == 1
    h.expect(ended("redis-check-rdb", code=0, after=15))


def test_a_sandbox_that_waits_for_all_that_is_in_it(host):
    """firejail ends with the status of the last process in its sandbox, and not before: no helper of ours is among them."""
    h = host("bash", sender="helper")
    command = ["firejail", "--noprofile", "--quiet", "bash", "-c", "echo inside; exit 4"]
    plain = h.world(False)
    if plain.run(*command).returncode != 4:
        pytest.skip("firejail can not make its sandbox here")
    status, out, *_ = h.compare(command)
    assert (status, out) == (4, "inside\n")
    assert len(h.ends()) == 0, "somebody has delivered"
    h.expect(ended("bash", code=4))
