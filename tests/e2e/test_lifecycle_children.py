"""Parents and children: who says how a child ended, children that can not carry the shim, and events for what a
process runs."""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile

import pytest
import support
from lifecycle import Measured, same_behaviour

VICTIM = r"""
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    int code = argc > 1 ? atoi(argv[argc - 1]) : 0;
    if (code < 0)
        kill(getpid(), -code);
    if (code == 100)
        raise(SIGSTOP);
    return code;
}
"""

PARENT = r"""
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t reaped = -1;

static void on_child(int number)
{
    int status, kept = errno;
    if (waitpid(-1, &status, WNOHANG) > 0)
        reaped = status;
    errno = kept;
}

static void say(int status)
{
    if (WIFSIGNALED(status))
        printf("signal %d\n", WTERMSIG(status));
    else
        printf("code %d\n", WEXITSTATUS(status));
}

int main(int argc, char **argv)
{
    const char *how = argv[1];
    siginfo_t info = { 0 };
    struct rusage usage;
    sigset_t block, before;
    int status = 0, pid;

    sigemptyset(&block);
    sigaddset(&block, SIGCHLD);
    if (!strcmp(how, "handler")) {
        sigprocmask(SIG_BLOCK, &block, &before);
        signal(SIGCHLD, on_child);
    }
    if (!strcmp(how, "ignored"))
        signal(SIGCHLD, SIG_IGN);
    if (!strcmp(how, "kin") && fork() != 0) {
        wait(&status);
        return WEXITSTATUS(status);
    }
    pid = !strcmp(how, "vfork") ? vfork() : fork();
    if (pid == 0) {
        execv(argv[2], argv + 2);
        _exit(127);
    }
    errno = 4711;
    if (!strcmp(how, "wait") || !strcmp(how, "kin") || !strcmp(how, "vfork"))
        wait(&status);
    else if (!strcmp(how, "wait for nothing"))
        wait(NULL);
    else if (!strcmp(how, "waitpid"))
        waitpid(pid, &status, 0);
    else if (!strcmp(how, "wait3"))
        wait3(&status, 0, &usage);
    else if (!strcmp(how, "wait4"))
        wait4(pid, &status, 0, NULL);
    else if (!strcmp(how, "nohang"))
        while (waitpid(pid, &status, WNOHANG) == 0)
            usleep(1000);
    else if (!strcmp(how, "waitid")) {
        waitid(P_PID, pid, &info, WEXITED);
        printf("%d %d\n", info.si_code, info.si_status);
    } else if (!strcmp(how, "waitid for nothing"))
        waitid(P_PID, pid, NULL, WEXITED);
    else if (!strcmp(how, "nowait")) {
        waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
        printf("%d %d\n", info.si_code, info.si_status);
        waitpid(pid, &status, 0);
    } else if (!strcmp(how, "stopped")) {
        waitpid(pid, &status, WUNTRACED);
        printf("stopped %d\n", WIFSTOPPED(status));
        waitid(P_PID, pid, &info, WSTOPPED | WEXITED | WNOHANG | WNOWAIT);
        kill(pid, SIGCONT);
        waitpid(pid, &status, 0);
    } else if (!strcmp(how, "handler"))
        while (reaped == -1)
            sigsuspend(&before);
    else if (!strcmp(how, "ignored"))
        while (kill(pid, 0) == 0)
            usleep(1000);
    else if (!strcmp(how, "never")) {
        waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
        printf("%d\n", pid);
        fflush(stdout);
        while (getchar() != EOF)
            ;
        return 0;
    }
    if (reaped != -1)
        status = reaped;
    printf("errno %d\n", errno);
    say(status);
    return 0;
}
"""

WAITS = ["wait", "wait for nothing", "waitpid", "wait3", "wait4", "waitid", "waitid for nothing", "nowait", "nohang", "handler", "kin", "vfork"]


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("children")
    support.compile_c(folder, PARENT, name="parent")
    support.compile_c(folder, VICTIM, name="victim")
    support.compile_c(folder, VICTIM, name="rock", flags=["-static"])
    return folder


def family(tmp_path, state, parents=("parent",), children=("victim", "rock")):
    return Measured(tmp_path, state, {"alpha": list(parents), "command": list(children)})


def children_of(measured, count=2):
    return [one for one in measured.lifecycles(count) if one.service == "command"]


@pytest.mark.parametrize("code, end", [("-9", ("signal", None, 9)), ("-11", ("signal", None, 11)), ("7", ("exit", 7, 0))])
@pytest.mark.parametrize("how", WAITS)
def test_a_parent_that_waits_tells_how_its_child_ended(how, code, end, programs, tmp_path, state):
    measured = family(tmp_path, state)
    same_behaviour([f"{programs}/parent", how, f"{programs}/victim", code], measured.env("alpha,command"), tmp_path)
    (child,) = children_of(measured)
    assert child.end == end


def test_a_stopped_child_has_not_ended(programs, tmp_path, state):
    measured = family(tmp_path, state)
    done = same_behaviour([f"{programs}/parent", "stopped", f"{programs}/victim", "100"], measured.env("alpha,command"), tmp_path)
    assert "stopped 1" in done.stdout
    (child,) = children_of(measured)
    assert child.end == ("exit", 100, 0)


def test_of_a_child_that_is_never_waited_for_the_kernel_tells(programs, tmp_path, state):
    measured = family(tmp_path, state)
    parent = subprocess.Popen([f"{programs}/parent", "never", f"{programs}/victim", "-9"], env=measured.env("alpha,command"),
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    pid = int(parent.stdout.readline())

    def told():
        measured.flush()
        return [one for one in measured.found() if one.stops]

    (child,) = support.wait_until(told, 20, "the child's stop while its parent lives")
    assert (child.service, child.pid, child.end) == ("command", pid, ("signal", None, 9))
    parent.communicate()
    assert len(measured.lifecycles(2)) == 2


def test_who_ignores_sigchld_learns_nothing_and_holds_nothing_up(programs, tmp_path, state):
    measured = family(tmp_path, state)
    same_behaviour([f"{programs}/parent", "ignored", f"{programs}/victim", "-9"], measured.env("alpha,command"), tmp_path)
    (child,) = children_of(measured)
    assert child.end in (("vanished", None, 0), ("signal", None, 9))


@pytest.mark.parametrize("child", ["victim", "rock"])
@pytest.mark.parametrize("parent, command", [
    ("bash", ["bash", "-c", "exec 2>/dev/null; CHILD -9; (CHILD 3; true); exit 0"]),
    ("dash", ["dash", "-c", "CHILD -9; (CHILD 3; true); exit 0"]),
    ("make", ["make", "-s", "-f", "FOLDER/Makefile"]),
    ("xargs", ["sh", "-c", "printf '3\\n-9\\n' | xargs -n1 CHILD"]),
    (support.PYTHON, ["python3", "-c", "import subprocess as s; s.run(['CHILD','-9']); s.Popen(['CHILD','3'], close_fds=False).wait()"]),
    ("perl", ["perl", "-e", "system('CHILD', '-9'); system('CHILD', '3'); exit 0"]),
])
def test_children_of_shells_and_makes_are_told_of(parent, command, child, programs, tmp_path, state):
    path = f"{programs}/{child}"
    (tmp_path / "Makefile").write_text(f"all:\n\t-@{path} -9\n\t-@{path} 3\n")
    command = [word.replace("CHILD", path).replace("FOLDER", str(tmp_path)) for word in command]
    measured = family(tmp_path, state, [parent])
    same_behaviour(command, measured.env("alpha,command"), tmp_path)
    told = children_of(measured, 3)
    assert sorted(one.end for one in told) == [("exit", 3, 0), ("signal", None, 9)]
    assert all(one.exe == path for one in told)


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed: only root becomes one")
def test_a_child_with_raised_privileges_has_its_start_and_stop(programs, tmp_path, state):
    raised = tmp_path / "raised"
    shutil.copy(programs / "victim", raised)
    raised.chmod(0o4755)
    for folder in {tmp_path, *tmp_path.parents, programs, *programs.parents} - {*pathlib.Path(tempfile.gettempdir(), "x").parents}:
        folder.chmod(0o755)
    state.chmod(0o700)
    os.chown(state, 65534, 65534)
    os.chown(tmp_path, 65534, 65534)
    measured = family(tmp_path, state, ["parent"], ["raised"])
    os.chown(tmp_path / "lifecycles.bki", 65534, 65534)
    as_nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    try:
        done = support.run(*as_nobody, f"{programs}/parent", "waitpid", raised, "5", env=measured.env("alpha,command"), cwd=tmp_path)
        assert done.stdout == "errno 4711\ncode 5\n"

        def both():
            support.run(*as_nobody, support.Bookend.tool, "flush", "--once", env=measured.tool_env)
            return [one for one in measured.found() if one.stops] if len(measured.found()) == 2 else None

        found = support.wait_until(both, 20, "two lifecycles")
        assert [one.end for one in found if one.service == "command"] == [("exit", 5, 0)]
    finally:
        support.remove_pools(state, 65534)


def test_an_exec_that_fails_makes_no_child(programs, tmp_path, state):
    measured = family(tmp_path, state)
    missing = tmp_path / "missing" / "rock"
    same_behaviour([f"{programs}/parent", "wait", missing], measured.env("alpha,command"), tmp_path)
    (only,) = measured.lifecycles(1)
    assert only.service == "alpha"


HELPED = r"""
#include <stdio.h>
int main(void)
{
    printf("to nobody");
    return 0;
}
"""


def test_a_helper_tells_what_happened_behind_the_exit_handlers(tmp_path, state):
    program = support.compile_c(tmp_path, HELPED, name="late")
    measured = Measured(tmp_path, state, {"helped": ["late"]})
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([program], env=measured.env("helped"), stdout=writer, check=False,
                          preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_DFL))
    os.close(writer)
    assert done.returncode == -signal.SIGPIPE
    support.wait_until(lambda: any(one.stops for one in measured.found()), 20, "the helper's delivery")
    # Before Linux 6.15 the kernel tells that to nobody but the parent.
    new = tuple(int(part) for part in os.uname().release.split(".")[:2]) >= (6, 15)
    assert measured.one().end == (("signal", None, signal.SIGPIPE) if new else ("exit", 0, 0))


TRIGGERS = """
bookend: 1
destinations:
  out: {{ format: ndjson, url: "file:{out}" }}
defaults: {{ to: out, consent: [ {{ allow: always }} ] }}
services:
  boss:
    match: {{ script: boss }}
    commands: [infra up, infra down]
    events:
      ran:
        when: command
        properties: {{ run: "${{run.id}}", code: "${{exit.code}}", ms: "${{exit.duration_ms}}", failed: "${{exit.failed}}" }}
      applied:
        when: {{ child: [{program} apply, other], during: infra up }}
        properties:
          plan: {{ arg: 2, of: child }}
          own: {{ arg: 1 }}
          command: ${{command.path}}
          code: ${{exit.code}}
          signal: ${{exit.signal}}
          failed: ${{exit.failed}}
          ms: ${{exit.duration_ms}}
          name: ${{process.name}}
          id: {{ id: run }}
          run: ${{run.id}}
          parent: ${{parent.id}}
      applying:
        when: {{ child: {program} apply, phase: start }}
      broke:
        when: {{ child: {program}, how: [failed, crashed] }}
"""


class Boss:
    """A script that is the service `boss`, and what was recorded of what it runs."""

    def __init__(self, tmp_path, state, program, text):
        self.out, self.state = tmp_path / "events.ndjson", state
        self.policy, self.script = tmp_path / "boss.yaml", tmp_path / "boss"
        self.policy.write_text(TRIGGERS.format(out=self.out, program=program))
        self.script.write_text("#!/bin/bash\n" + text + "\nexit 0\n")
        self.script.chmod(0o755)
        self.tool_env = support.environment(state)
        support.run(support.Bookend.tool, "compile", self.policy, env=self.tool_env, check=True)

    def run(self, *words):
        done = support.run(self.script, *words, env=support.preload(self.state, "boss", self.policy), cwd=self.script.parent)
        assert done.returncode == 0

    def events(self):
        """All events, once the boss itself has ended."""

        def settled():
            support.run(support.Bookend.tool, "flush", "--once", env=self.tool_env)
            found = support.json_lines(self.out.read_text()) if self.out.exists() else []
            return found if any(event["event"] == "ran" for event in found) else None

        support.wait_until(settled, 20, "the event of the boss")
        support.deliver(self.tool_env)
        found = support.json_lines(self.out.read_text())
        assert len({event["id"] for event in found}) == len(found)
        return found


def of(events, name):
    return [event for event in events if event["event"] == name]


WAYS = {
    "directly": "PROGRAM -x apply PLAN 7",
    "through a shell": "sh -c 'PROGRAM -x apply PLAN 7; true'",
    "through two": "sh -c 'bash -c \"PROGRAM -x apply PLAN 7; true\"; true'",
    "through make": "printf 'all:\\n\\t-@PROGRAM -x apply PLAN 7\\n' | make -s -f -",
    "in a subshell": "(PROGRAM -x apply PLAN 7; true)",
    "instead of a shell": "sh -c 'exec PROGRAM -x apply PLAN 7'",
    "from python": "python3 -c 'import subprocess; subprocess.run([\"PROGRAM\", \"-x\", \"apply\", \"PLAN\", \"7\"])'",
    "from python's system": "python3 -c 'import os; os.system(\"PROGRAM -x apply PLAN 7\")'",
    "in the background": "PROGRAM -x apply PLAN 7 & wait",
}


@pytest.mark.parametrize("program", ["victim", "rock"])
@pytest.mark.parametrize("way", WAYS)
def test_what_a_command_runs_makes_its_events_however_it_is_run(way, program, programs, tmp_path, state):
    boss = Boss(tmp_path, state, program, WAYS[way].replace("PROGRAM", f"{programs}/{program}"))
    boss.run("infra", "up")
    events = boss.events()
    (ran,), (applied,) = of(events, "ran"), of(events, "applied")
    assert len(of(events, "applying")) == len(of(events, "broke")) == 1
    assert len(events) == 4
    own = applied["properties"]
    assert {key: own.get(key) for key in ("plan", "own", "command", "code", "signal", "failed", "name")} == {
        "plan": "PLAN", "own": "infra", "command": "boss infra up", "code": 7, "signal": None, "failed": True, "name": program}
    assert own["ms"] >= 0 and ran["properties"]["ms"] >= own["ms"] and ran["properties"]["failed"] is False
    assert applied["kind"] == "child" and applied["service"] == "boss"
    assert applied["session"] == ran["session"] == own["id"] == own["parent"] == ran["properties"]["run"] != own["run"]
    assert applied["pid"] != ran["pid"]


@pytest.mark.parametrize("program", ["victim", "rock"])
def test_a_child_that_is_killed_tells_its_signal(program, programs, tmp_path, state):
    boss = Boss(tmp_path, state, program, f"sh -c '{programs}/{program} apply -9; true'")
    boss.run("infra", "up")
    (applied,) = of(boss.events(), "applied")
    assert (applied["properties"].get("signal"), applied["properties"].get("code")) == (9, None)


def test_a_child_counts_only_with_its_words_and_during_its_command(programs, tmp_path, state):
    boss = Boss(tmp_path, state, "victim", f"{programs}/victim apply 0\n{programs}/victim destroy 3\n{programs}/parent wait /bin/true")
    boss.run("infra", "down")
    events = boss.events()
    assert sorted(event["event"] for event in events) == ["applying", "broke", "ran"]


def test_a_wrapper_that_execs_what_it_stands_for_is_one_child(programs, tmp_path, state):
    wrapper = tmp_path / "victim"
    wrapper.write_text(f"#!/bin/sh\nexec {programs}/victim \"$@\"\n")
    wrapper.chmod(0o755)
    boss = Boss(tmp_path, state, "victim", f"{wrapper} apply PLAN 7; true")
    boss.run("infra", "up")
    (applied,) = of(boss.events(), "applied")
    assert (applied["properties"]["code"], applied["properties"]["plan"]) == (7, "PLAN")


def test_what_runs_under_nobody_is_nobodys_child(programs, tmp_path, state):
    boss = Boss(tmp_path, state, "victim", "true")
    support.run("sh", "-c", f"{programs}/victim apply 3; true", env=support.preload(state, "boss", boss.policy))
    boss.run("infra", "up")
    assert [event["event"] for event in boss.events()] == ["ran"]


@pytest.mark.parametrize("code, end", [("-9", ("signal", None, 9)), ("7", ("exit", 7, 0))])
def test_the_launcher_tells_of_what_its_child_became(code, end, programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash"], "command": ["victim"]})
    support.run(support.Bookend.tool, "run", "--policy", measured.policy, "bash", "-c", f"exec {programs}/victim {code}",
                env=support.environment(state))
    first, second = sorted(measured.lifecycles(2), key=lambda one: one.service)
    assert (first.service, first.end, first.pid) == ("alpha", ("exec", None, 0), second.pid)
    assert (second.service, second.end) == ("command", end)


def test_the_launcher_tells_of_what_its_unmeasured_child_became(programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"command": ["victim"]})
    support.run(support.Bookend.tool, "run", "--policy", measured.policy, "env", "A=1", f"{programs}/victim", "-9",
                env=support.environment(state))
    (only,) = measured.lifecycles(1)
    assert only.end == ("signal", None, 9)
