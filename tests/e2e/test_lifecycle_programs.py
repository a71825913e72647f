"""Real programs: same output, status and descriptors with and without the shim; and what the environment may say about it."""

import os
import signal
import subprocess

import pytest

import support
from lifecycle import Measured, descriptors, gone, plain, same_behaviour

PROGRAMS = [
    (["/bin/bash", "-c", "echo out; echo err >&2; false | true; (exit 4); exit 5"], ("exit", 5)),
    (["/bin/bash", "-c", "coproc cat; echo x >&${COPROC[1]}; read -u ${COPROC[0]} y; echo $y; kill %1; wait; exit 0"], ("exit", 0)),
    (["/bin/dash", "-c", "echo $(echo nested); : | cat; exit 6"], ("_exit", 6)),
    (["/usr/bin/python3", "-c", "import subprocess; print(subprocess.check_output(['echo', 'x'])); raise SystemExit(7)"], ("exit", 7)),
    (["/usr/bin/python3", "-c", "import multiprocessing as m; p = m.Process(target=print, args=(1,)); p.start(); p.join(); print(p.exitcode)"],
     ("exit", 0)),
    (["/usr/bin/python3", "-c", descriptors()], ("exit", 0)),
    (["/usr/bin/perl", "-e", "print `echo x`; exit 2"], ("exit", 2)),
    (["/usr/bin/git", "--version"], ("exit", 0)),
    (["/usr/bin/git", "log"], ("exit", 128)),
    (["/usr/bin/timeout", "0.1", "sleep", "5"], ("exit", 124)),
    (["/usr/bin/find", "/nonexistent"], ("exit", 1)),
    (["/usr/bin/xargs", "-n1", "echo"], ("exit", 0)),
]


@pytest.mark.parametrize("command, end", PROGRAMS, ids=[" ".join(command)[:50] for command, _ in PROGRAMS])
def test_a_real_program_behaves_as_before(command, end, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": [os.path.basename(os.path.realpath(command[0]))]})
    done = same_behaviour(command, measured.env(), tmp_path)
    first = measured.lifecycles(1)[0]
    assert (first.reason, first.code) == end and done.returncode == end[1]


def untouched(state):
    """Neither a pool nor a file; the images are the compiler's."""
    return not support.pools_of(state) and set(os.listdir(state)) <= {"images"}


def test_a_pipe_s_reader_sees_the_end(tmp_path, state):
    """No descriptor of ours keeps a pipe open, and none is inherited by children."""
    measured = Measured(tmp_path, state, {"alpha": ["bash"]})
    done = subprocess.run(["/bin/bash", "-c", "sleep 30 >/dev/null 2>&1 </dev/null & echo here"], env=measured.env(), capture_output=True,
                          timeout=5, check=False)
    assert done.stdout == b"here\n"


@pytest.mark.parametrize("name", ["BOOKEND_DISABLE", "DO_NOT_TRACK"])
@pytest.mark.parametrize("value, off", [("1", True), ("true", True), ("yes", True), ("0", False), ("false", False), ("", False)])
def test_who_does_not_want_it_is_not_touched(name, value, off, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["true"]})
    support.run("/bin/true", env=measured.env(**{name: value}), check=True)
    assert untouched(state) == off


@pytest.mark.parametrize("service", [None, "", "nobody", "nobody,else"])
def test_without_a_service_nothing_happens(service, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["true"]})
    support.run("/bin/true", env=measured.env(service), check=True)
    assert untouched(state)


def test_without_consent_nothing_is_recorded(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["true"]})
    support.run("/bin/true", env=measured.env(TEST_REFUSES="1"), check=True)
    assert untouched(state)


def test_the_trace_says_why(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["true"]})
    trace = tmp_path / "trace"
    for more in ({}, {"TEST_REFUSES": "1"}, {"DO_NOT_TRACK": "1"}, {"service": "other"}):
        support.run("/bin/true", env=measured.env(more.pop("service", "alpha"), BOOKEND_TRACE=trace, **more), check=True)
    support.run("/bin/false", env=measured.env(BOOKEND_TRACE=trace))
    lines = trace.read_text().splitlines()
    assert len([line for line in lines if "/true: measured as alpha, slot " in line]) == 1
    for text in ("consent rules say no", "DO_NOT_TRACK is set", "no service named in BOOKEND_SERVICE", "no service of the policy matches"):
        assert any(text in line for line in lines), (text, lines)
    assert all(line.startswith("bookend: ") for line in lines)
    assert trace.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("trouble", ["no policy", "bad image", "no state", "unsafe folder"])
def test_trouble_never_reaches_the_program(trouble, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash"]})
    env = measured.env()
    if trouble == "no policy":
        env["BOOKEND_POLICY"] = "/nonexistent/policy.yaml"
    elif trouble == "bad image":
        measured.policy.with_suffix(".bki").write_bytes(os.urandom(4096))
    elif trouble == "no state":
        del env["BOOKEND_STATE"], env["HOME"]
    else:
        env["BOOKEND_STATE"] = "relative/path"
    same_behaviour(["/bin/bash", "-c", "echo fine; exit 3"], env, tmp_path)


def test_an_address_space_limit_and_locked_memory_are_survived(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash"]})
    same_behaviour(["/bin/bash", "-c", "ulimit -v 30000; ulimit -l 64; ulimit -n 10; exec /bin/bash -c 'echo fine; exit 3'"], measured.env(),
                   tmp_path)


LATE = r"""
#include <stdio.h>
extern char **environ;
__attribute__((constructor)) static void begin(int argc, char **argv, char **envp) { environ = NULL; }
"""


def test_another_object_may_be_first(tmp_path, state, compile_c):
    """A later preload with initfirst wins, and we come after it with an environment that it took away."""
    other = compile_c(LATE, name="other.so", flags=["-shared", "-fPIC", "-Wl,-z,initfirst"])
    measured = Measured(tmp_path, state, {"alpha": ["bash"]})
    env = measured.env()
    env["LD_PRELOAD"] += f":{other}"
    done = support.run("/bin/bash", "-c", "exit 3", env=env)
    assert done.returncode == 3
    assert measured.one().end == ("exit", 3, 0)


WRAPPER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
#include <string.h>
int execve(const char *p, char *const a[], char *const e[])
{
	int (*next)(const char *, char *const[], char *const[]) = dlsym(RTLD_NEXT, "execve");
	write(2, "wrapped\n", 8);
	return next(p, a, e);
}
"""


@pytest.mark.parametrize("order", ["before", "after"])
def test_other_interposers_are_still_called(order, tmp_path, state, compile_c):
    other = compile_c(WRAPPER, name="wrapper.so", flags=["-shared", "-fPIC"])
    measured = Measured(tmp_path, state, {"alpha": ["bash"]})
    env = measured.env()
    env["LD_PRELOAD"] = f"{other}:{env['LD_PRELOAD']}" if order == "before" else f"{env['LD_PRELOAD']}:{other}"
    done = support.run("/bin/bash", "-c", "exec /bin/bash -c 'exit 3'", env=env)
    assert done.stderr == "wrapped\n"
    assert measured.one().end == ("exit", 3, 0)


def test_an_ending_service_leaves_delivery_to_a_helper(tmp_path, state):
    """Nobody flushes here: the helper waits for the death and delivers; the host sees no child of it."""
    measured = Measured(tmp_path, state, {"helped": [support.PYTHON]})
    program = "import os\ntry:\n os.wait()\nexcept ChildProcessError:\n print('no child')"
    same_behaviour(["/usr/bin/python3", "-c", program], measured.env("helped"), tmp_path)
    found = support.wait_until(lambda: [one for one in measured.found() if one.stops], 20, "the helper's delivery")
    assert found[0].end == ("exit", 0, 0)


def test_a_helper_is_left_behind_by_a_default_action_too(tmp_path, state):
    measured = Measured(tmp_path, state, {"helped": ["sleep"]})
    with subprocess.Popen(["/bin/sleep", "100"], env=measured.env("helped")) as process:
        support.wait_until(lambda: support.pools_of(state), 10, "the start")
        support.wait_until(lambda: caught(process.pid, signal.SIGTERM), 10, "the handler")
        process.terminate()
        assert process.wait(10) == -signal.SIGTERM
    found = support.wait_until(lambda: [one for one in measured.found() if one.stops], 20, "the helper's delivery")
    assert found[0].end == ("signal", None, signal.SIGTERM)


def caught(pid, number):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return any(line.startswith("SigCgt:") and int(line.split()[1], 16) >> (number - 1) & 1 for line in status)


def test_an_overdue_start_spawns_one_helper(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["true"]})
    for _ in range(5):
        support.run("/bin/true", env=measured.env(), check=True)
    support.wait_until(lambda: any(one.stops for one in measured.found()), 20, "the delivery of the first ones")
    assert len(measured.lifecycles(5)) == 5


def test_a_long_living_host_keeps_its_signals_and_children(tmp_path, state, start):
    """The helper of its start is nothing it could see: no SIGCHLD, nothing to wait for."""
    measured = Measured(tmp_path, state, {"alpha": ["true", support.PYTHON]})
    support.run("/bin/true", env=measured.env(), check=True)
    program = (
        "import os, signal, time\n"
        "seen = []\n"
        "signal.signal(signal.SIGCHLD, lambda *a: seen.append(1))\n"
        f"while not os.path.exists('{measured.out}'): time.sleep(0.01)\n"
        "try:\n os.waitpid(-1, os.WNOHANG)\nexcept ChildProcessError:\n seen.append('none')\n"
        "print(seen)")
    done = support.run("/usr/bin/python3", "-c", program, env=measured.env())
    assert done.stdout == "['none']\n", done


def test_the_environment_reaches_children_unchanged(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash"]})
    env = measured.env()
    done = support.run("/bin/bash", "-c", "/usr/bin/env -0", env=env)
    seen = dict(word.split("=", 1) for word in done.stdout.split("\0") if word)
    for name in ("_", "PWD", "SHLVL", "OLDPWD"):
        seen.pop(name, None)
    assert seen == env
    assert plain(env) != env


def test_a_stopped_and_continued_process_is_one(tmp_path, state, start):
    measured = Measured(tmp_path, state, {"alpha": ["sleep"]})
    process = start("/bin/sleep", "100", env=measured.env())
    support.wait_until(lambda: caught(process.pid, signal.SIGTERM), 10, "the handler")
    process.send_signal(signal.SIGSTOP)
    process.send_signal(signal.SIGCONT)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == -signal.SIGINT
    gone(process.pid)
    assert measured.one().end == ("signal", None, signal.SIGINT)
