"""Programs that can not carry Bookend: busybox and a static C program. Their start and stop come from `bookend run`, or from the
measured program that runs them; what they run in turn carries it again."""

import pytest

import support
from host import ended
from probe import probe

BUSYBOX = "/usr/bin/busybox"  # Debian's busybox-static
EXITS = "#include <stdlib.h>\n#include <signal.h>\nint main(int c, char **v) { return c > 2 ? raise(atoi(v[2])) : atoi(v[1]); }\n"


@pytest.fixture(scope="module")
def static(tmp_path_factory):
    return support.compile_c(tmp_path_factory.mktemp("static"), EXITS, name="exits", flags=["-static"])


def launched(h, *command):
    """In the measured world by `bookend run`, as a user would."""

    def scenario(world):
        front = [h.build / "bookend", "run", "--policy", h.policy, "--service", "app", "--"] if world.measured else []
        done = world.run(*front, *command)
        return done.returncode, done.stdout, done.stderr

    return h.both(scenario)


@pytest.mark.parametrize("words, end", [
    (["0"], ended("exits", code=0)), (["3"], ended("exits", code=3)),
    (["0", "15"], ended("exits", reason="signal", signal=15)), (["0", "9"], ended("exits", reason="signal", signal=9)),
    (["0", "11"], ended("exits", reason="signal", signal=11)),
])
def test_a_static_program_from_the_launcher(words, end, host, static):
    h = host("exits")
    launched(h, static, *words)
    h.expect(end)


@pytest.mark.parametrize("text, status", [("echo end", 0), ("exit 3", 3), ("(exit 4); ls / | busybox grep -c bin; sleep 0.1 & wait; exit 5", 5)])
def test_busybox_from_the_launcher(text, status, host):
    """Its applets are itself, so what it runs of them is forked, or a run of busybox that nobody measured can see."""
    h = host("busybox")
    assert launched(h, BUSYBOX, "sh", "-c", text)[0] == status
    h.expect(ended("busybox", code=status))


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_from_a_measured_shell(shell, host, static):
    """The shell waits, and speaks for them; its own life is one, whatever they are."""
    h = host(shell, "exits", "busybox")
    text = f"{static} 3; echo $?; {static} 0 13; echo $?; {BUSYBOX} echo a | {BUSYBOX} cat; (exec {static} 4); echo $?; exit 5"
    assert h.compare([shell, "-c", text])[0] == 5
    h.expect(ended(shell, reason="_exit" if shell == "dash" else "exit", code=5), ended("exits", code=3), ended("exits", code=4),
             ended("exits", reason="signal", signal=13), *[ended("busybox", code=0)] * 2)


def test_through_busybox(host):
    """busybox passes the environment on: what it runs is measured again."""
    h = host("perl")
    assert h.compare([BUSYBOX, "sh", "-c", "perl -e 'exit 3'; echo $?; exec perl -e 'exit 4'"])[0] == 4
    h.expect(ended("perl", code=3), ended("perl", code=4))


def test_what_it_starts_with(host, tmp_path):
    """The same signals, descriptors and environment, from shells, env and python."""
    program = probe(tmp_path, "-static")
    h = host("bash", "dash", support.PYTHON)
    h.compare(["bash", "-c", f"{program} 1; {program} 2 | cat; ({program} 3); dash -c '{program} 4; exit 5'; env A=1 {program} 6"])
    more = f"import subprocess; [subprocess.run(['{program}', '7'], close_fds=c) for c in (False, True)]"
    h.compare(["python3", "-c", more])
    h.expect(ended("bash", reason="exec"), ended("dash", reason="_exit", code=5), ended(support.PYTHON, code=0))
