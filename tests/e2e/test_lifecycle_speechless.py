"""exec of programs that can not carry the shim: static, without our environment, with raised privileges. Who becomes
one, or starts one, decides for it."""

import os
import pathlib
import shutil
import struct
import tempfile

import pytest

import support
from lifecycle import Measured, alive, same_behaviour

ROCK = r"""
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    int code = argc > 1 ? atoi(argv[argc - 1]) : 0;
    if (code < 0)
        kill(getpid(), -code);
    if (code == 100)
        pause();
    return code;
}
"""

BECOMES = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* HOW [in a child] PROGRAM CODE */
int main(int argc, char **argv)
{
    char *how = argv[1], *path = argv[argc - 2], folder[4096], *slash, *long_word;
    char *words[] = { path, argv[argc - 1], NULL, NULL }, *nothing[] = { "A=1", NULL };
    int status, child = argc > 4 ? fork() : 0;

    if (child) {
        waitpid(child, &status, 0);
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    strcpy(folder, path);
    slash = strrchr(folder, '/');
    *slash = 0;
    if (!strcmp(how, "execv"))
        execv(path, words);
    else if (!strcmp(how, "fexecve"))
        fexecve(open(path, O_RDONLY | O_CLOEXEC), words, environ);
    else if (!strcmp(how, "execveat"))
        execveat(open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC), slash + 1, words, environ, 0);
    else if (!strcmp(how, "execveat empty"))
        execveat(open(path, O_PATH | O_CLOEXEC), "", words, environ, AT_EMPTY_PATH);
    else if (!strcmp(how, "without us"))
        execve(path, words, nothing);
    else if (!strcmp(how, "too long")) {
        long_word = memset(calloc(1, 1 << 18), 'x', (1 << 18) - 1);
        words[2] = long_word;
        execv(path, words);
        return errno == E2BIG ? 8 : 9;
    }
    return 66;
}
"""


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speechless")
    support.compile_c(folder, ROCK, name="rock", flags=["-static"])
    support.compile_c(folder, ROCK, name="pebble")
    support.compile_c(folder, BECOMES, name="becomes")
    return folder


ENDS = [("7", ("exit", 7, 0)), ("-9", ("signal", None, 9))]


@pytest.mark.parametrize("code, end", ENDS)
@pytest.mark.parametrize("how", ["execv", "fexecve", "execveat", "execveat empty"])
def test_the_same_service_goes_on_to_the_end_that_its_parent_tells(how, code, end, programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash"], "beta": ["becomes", "rock"]})
    same_behaviour(["/bin/bash", "-c", f"exec 2>/dev/null; {programs}/becomes '{how}' {programs}/rock {code}; exit 0"], measured.env("alpha,beta"), tmp_path)
    (beta,) = [one for one in measured.lifecycles(2) if one.service == "beta"]
    assert (beta.starts, beta.stops, beta.end) == (1, 1, end)
    assert beta.exe == f"{programs}/becomes"


def test_the_same_service_of_which_nobody_tells_has_vanished(programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["becomes", "rock"]})
    same_behaviour([f"{programs}/becomes", "execv", f"{programs}/rock", "7"], measured.env(), tmp_path)
    assert measured.one().end == ("vanished", None, 0)


@pytest.mark.parametrize("how, program", [("execv", "rock"), ("without us", "pebble")])
def test_what_is_not_measured_ends_the_lifecycle_though_it_lives_on(how, program, programs, start, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["becomes"]})
    process = start(f"{programs}/becomes", how, f"{programs}/{program}", "100", env=measured.env())
    one = measured.one()
    assert (one.end, one.pid) == (("exec", None, 0), process.pid)
    assert alive(process.pid)


@pytest.mark.parametrize("code, end", ENDS)
def test_another_service_has_its_own_start_and_stop(code, end, programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash"], "beta": ["becomes"], "command": ["rock"]})
    same_behaviour(["/bin/bash", "-c", f"exec 2>/dev/null; {programs}/becomes execv {programs}/rock {code}; exit 0"],
                   measured.env("alpha,beta,command"), tmp_path)
    alpha, beta, rock = sorted(measured.lifecycles(3), key=lambda one: one.service)
    assert (alpha.end, beta.end, rock.end) == (("exit", 0, 0), ("exec", None, 0), end)
    assert beta.pid == rock.pid and beta.starts == 1


@pytest.mark.parametrize("code, end", ENDS)
@pytest.mark.parametrize("services", [{"alpha": None}, {"alpha": ["becomes", "rock"]}])
def test_the_launcher_tells_of_the_same_service(services, code, end, programs, tmp_path, state):
    measured = Measured(tmp_path, state, services)
    support.run(support.Bookend.tool, "run", "--policy", measured.policy, f"{programs}/becomes", "execv", f"{programs}/rock", code,
                env=measured.tool_env)
    assert measured.one().end == end


@pytest.mark.parametrize("code, end", ENDS)
def test_the_launcher_tells_of_another_service(code, end, programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["becomes"], "command": ["rock"]})
    support.run(support.Bookend.tool, "run", "--policy", measured.policy, f"{programs}/becomes", "execv", f"{programs}/rock", code,
                env=measured.tool_env)
    alpha, rock = sorted(measured.lifecycles(2), key=lambda one: one.service)
    assert (alpha.end, rock.end, rock.pid) == (("exec", None, 0), end, alpha.pid)


@pytest.mark.parametrize("code, end", ENDS)
def test_the_launcher_tells_of_what_drops_our_environment(code, end, programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["becomes"]})
    support.run(support.Bookend.tool, "run", "--policy", measured.policy, f"{programs}/becomes", "without us", f"{programs}/pebble", code,
                env=measured.tool_env)
    assert measured.one().end == end


@pytest.mark.parametrize("exes", [["becomes"], ["becomes", "rock"]])
def test_an_exec_that_fails_late_changes_nothing(exes, programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": exes})
    done = same_behaviour([f"{programs}/becomes", "too long", f"{programs}/rock", "1"], measured.env(), tmp_path)
    assert done.returncode == 8
    assert measured.one().end == ("exit", 8, 0)


def test_an_exec_that_fails_late_takes_its_child_back(programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["becomes"], "command": ["rock"]})
    same_behaviour([f"{programs}/becomes", "too long", "in a child", f"{programs}/rock", "1"], measured.env("alpha,command"), tmp_path)
    assert measured.one().service == "alpha"


@pytest.mark.parametrize("code, end", ENDS)
@pytest.mark.parametrize("how", ["execv", "fexecve", "execveat", "execveat empty"])
def test_a_child_has_start_and_stop_by_whatever_it_is_executed(how, code, end, programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["becomes"], "command": ["rock"]})
    same_behaviour([f"{programs}/becomes", how, "in a child", f"{programs}/rock", code], measured.env("alpha,command"), tmp_path)
    (rock,) = [one for one in measured.lifecycles(2) if one.service == "command"]
    assert (rock.end, rock.exe) == (end, f"{programs}/rock")


NET_RAW = struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0)  # capabilities(7): version 2, effective, permitted


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives capabilities to a file")
def test_a_child_with_capabilities_has_start_and_stop(programs, tmp_path, state):
    raised = tmp_path / "raised"
    shutil.copy(programs / "pebble", raised)
    try:
        os.setxattr(raised, "security.capability", NET_RAW)
    except OSError as error:
        pytest.skip(f"this file system keeps no capabilities: {error}")
    for folder in {tmp_path, *tmp_path.parents, programs, *programs.parents} - {*pathlib.Path(tempfile.gettempdir(), "x").parents}:
        folder.chmod(0o755)
    state.chmod(0o700)
    os.chown(state, 65534, 65534)
    os.chown(tmp_path, 65534, 65534)
    measured = Measured(tmp_path, state, {"alpha": ["becomes"], "command": ["raised"]})
    os.chown(tmp_path / "lifecycles.bki", 65534, 65534)
    as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    try:
        done = support.run(*as_nobody, f"{programs}/becomes", "execv", "in a child", raised, "5", env=measured.env("alpha,command"),
                           cwd=tmp_path)
        assert done.returncode == 5

        def both():
            support.run(*as_nobody, support.Bookend.tool, "flush", "--once", env=measured.tool_env)
            return measured.found() if sum(one.stops for one in measured.found()) == 2 else None

        found = support.wait_until(both, 20, "two lifecycles")
        assert [(one.end, one.starts) for one in found if one.service == "command"] == [(("exit", 5, 0), 0)]
    finally:
        support.remove_pools(state, 65534)
