"""exec: the family behaves as libc's, and a lifecycle goes on, or ends, with the image that comes."""

import os
import shutil
import signal
import subprocess
import tempfile

import pytest

import support
from lifecycle import Measured, gone, same_behaviour

FAMILY = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *words[] = { "show", "one", "two", NULL };
static char *few[] = { "PATH=/usr/bin:/bin", "ONLY=this", NULL };
#define TEN(n) #n "0", #n "1", #n "2", #n "3", #n "4", #n "5", #n "6", #n "7", #n "8", #n "9"
#define HUNDRED(n) TEN(n##0), TEN(n##1), TEN(n##2), TEN(n##3), TEN(n##4), TEN(n##5), TEN(n##6), TEN(n##7), TEN(n##8), TEN(n##9)

static void call(const char *how, const char *show)
{
	char *name = strrchr(show, '/') + 1;
	int dir;
#define IS(x) (!strcmp(how, x))
	if (IS("execve")) execve(show, words, few);
	if (IS("execv")) execv(show, words);
	if (IS("execvp")) execvp(name, words);
	if (IS("execvpe")) execvpe(name, words, few);
	if (IS("execl")) execl(show, "show", "a", "b", (char *)NULL);
	if (IS("execlp")) execlp(name, "show", "a", (char *)NULL);
	if (IS("execle")) execle(show, "show", "a", "b", (char *)NULL, few);
	if (IS("execl 63")) execl(show, "show", TEN(1), TEN(2), TEN(3), TEN(4), TEN(5), TEN(6), "x", "y", (char *)NULL);
	if (IS("execl 64")) execl(show, "show", TEN(1), TEN(2), TEN(3), TEN(4), TEN(5), TEN(6), "x", "y", "z", (char *)NULL);
	if (IS("execl 300")) execle(show, "show", HUNDRED(1), HUNDRED(2), HUNDRED(3), (char *)NULL, few);
	if (IS("execl none")) execl(show, (char *)NULL, (char *)NULL);
	if (IS("fexecve")) fexecve(open(show, O_RDONLY), words, few);
	if (IS("execveat")) {
		char folder[4096];
		strcpy(folder, show);
		*strrchr(folder, '/') = 0;
		dir = open(folder, O_PATH | O_DIRECTORY);
		execveat(dir, name, words, few, 0);
	}
	if (IS("script without #!")) execlp("no_interpreter", "no_interpreter", "a", (char *)NULL);
	if (IS("not found")) execvp("not_there_at_all", words);
	if (IS("no path")) execv("", words);
	if (IS("bad fd")) fexecve(-1, words, few);
	if (IS("no permission")) execv("/etc", words);
	printf("failed with %d\n", errno);
}

int main(int argc, char **argv)
{
	int status;
	pid_t child;
	printf("%s\n", argv[1]);
	fflush(stdout);
	if (argc > 3 && !strcmp(argv[3], "vfork")) {
		child = vfork();
		if (!child) {
			call(argv[1], argv[2]);
			fflush(stdout);
			_exit(66);
		}
		waitpid(child, &status, 0);
		printf("child %x\n", status);
		return 5;
	}
	call(argv[1], argv[2]);
	return 6;
}
"""

SHOW = r"""
#include <stdio.h>
#include <string.h>
extern char **environ;
int main(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("%s ", argv[i]);
	for (char **e = environ; *e; e++)
		if (strncmp(*e, "BOOKEND_", 8) && strncmp(*e, "LD_", 3))
			printf("%s ", *e);
	return 4;
}
"""

CALLS = [
    "execve", "execv", "execvp", "execvpe", "execl", "execlp", "execle", "execl 63", "execl 64", "execl 300", "execl none", "fexecve",
    "execveat", "script without #!", "not found", "no path", "bad fd", "no permission",
]
DROPS_THE_SHIM = {"execve", "execvpe", "execle", "execl 300", "fexecve", "execveat"}


@pytest.fixture
def programs(tmp_path, compile_c):
    compile_c(FAMILY, name="family")
    compile_c(SHOW, name="show")
    script = tmp_path / "no_interpreter"
    script.write_text("echo from a script: $0 $1\nexit 9\n")
    script.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize("way", ["direct", "vfork"])
@pytest.mark.parametrize("how", CALLS)
def test_the_exec_family_is_libc_s(how, way, programs, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["family", "show", "dash"]})
    env = measured.env(PATH=f"{support.PATH}:{programs}")
    done = same_behaviour([programs / "family", how, programs / "show", way], env, tmp_path)
    if way == "vfork" or done.returncode == 6:
        first = [one for one in measured.lifecycles(2 if another_process(how, way) else 1) if one.exe.endswith("family")][0]
        assert first.end == ("exit", done.returncode, 0), first
    elif how not in DROPS_THE_SHIM:
        assert measured.one().end == ("exit", done.returncode, 0) or how == "script without #!"


def another_process(how, way):
    """Is there a measured child besides?"""
    return way == "vfork" and how in ("execv", "execvp", "execl", "execlp", "execl 63", "execl 64", "execl none", "script without #!")


def test_the_same_service_goes_on_over_exec(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash", "dash", support.PYTHON]})
    same_behaviour(["/bin/bash", "-c", "exec /usr/bin/python3 -c 'import os; os.execv(\"/bin/dash\", [\"dash\", \"-c\", \"exit 7\"])'"],
                   measured.env(), tmp_path)
    one = measured.one()
    assert one.end == ("_exit", 7, 0)
    assert one.exe.endswith("bash")


def test_another_service_ends_the_first_and_begins(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash"], "beta": ["dash"]})
    same_behaviour(["/bin/bash", "-c", "exec /bin/dash -c 'exit 7'"], measured.env("alpha,beta"), tmp_path)
    # Delivered by one drainer or by two: in any order.
    first, second = sorted(measured.lifecycles(2), key=lambda one: one.service)
    assert (first.service, first.end, first.starts) == ("alpha", ("exec", None, 0), 1)
    assert (second.service, second.end, second.starts) == ("beta", ("_exit", 7, 0), 1)
    assert first.pid == second.pid


@pytest.mark.parametrize("why", ["no match", "no consent"])
def test_an_image_that_is_not_measured_ends_the_lifecycle(why, tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash", "dash"] if why == "no consent" else ["bash"]})
    refuse = "TEST_REFUSES=1" if why == "no consent" else ""
    same_behaviour(["/bin/bash", "-c", f"{refuse} exec /bin/dash -c 'exit 7'"], measured.env(), tmp_path)
    assert measured.one().end == ("exec", None, 0)


def test_a_failed_exec_changes_nothing(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["perl"]})
    same_behaviour(["/usr/bin/perl", "-e", "exec {'/nonexistent/x'} 'x'; exec {'/etc'} 'x'; exit 8"], measured.env(), tmp_path)
    assert measured.one().end == ("exit", 8, 0)


def test_a_service_without_match_is_measured_once_and_not_its_children(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": None})
    same_behaviour(["/bin/bash", "-c", "/bin/dash -c '/bin/true; /bin/false; exit 2'; git --version; exit 3"], measured.env(), tmp_path)
    one = measured.one()
    assert one.exe.endswith("/bash") and one.end == ("exit", 3, 0)


def test_the_process_that_systemd_started_stands_alone(tmp_path, state):
    """SYSTEMD_EXEC_PID names it, even when a parent of it is measured."""
    measured = Measured(tmp_path, state, {"alpha": None})
    support.run("/bin/bash", "-c", "/bin/bash -c 'export SYSTEMD_EXEC_PID=$$; exec /bin/dash -c \"exit 2\"'; exit 3", env=measured.env())
    found = measured.lifecycles(2)
    assert sorted(one.code for one in found) == [2, 3]


def test_the_launcher_s_slot_is_adopted(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash", "dash"]})
    done = support.run(support.Bookend.tool, "run", "--policy", measured.policy, "--", "/bin/bash", "-c", "exec /bin/dash -c 'exit 5'",
                       env=measured.tool_env)
    assert done.returncode == 5
    one = measured.one()
    assert one.end == ("_exit", 5, 0), one


def test_a_killed_child_of_the_launcher_has_its_signal(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash"]})
    done = subprocess.run([support.Bookend.tool, "run", "--policy", measured.policy, "--", "/bin/bash", "-c", "kill -KILL $$"],
                          env=measured.tool_env, check=False)
    assert done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    assert measured.one().end == ("signal", None, signal.SIGKILL)


def test_a_script_is_matched_with_its_interpreter(tmp_path, state):
    script = tmp_path / "a_script"
    script.write_text("#!/bin/bash\nexit 6\n")
    script.chmod(0o755)
    measured = Measured(tmp_path, state, {"alpha": ["bash"]})
    trace = tmp_path / "trace"
    same_behaviour([script], measured.env(BOOKEND_TRACE=trace), tmp_path)
    one = measured.one()
    assert one.exe == os.path.realpath("/bin/bash") and one.code == 6
    assert "measured as alpha, slot " in trace.read_text()


OF_ENV = """bookend: 1
destinations: {{ out: {{ format: ndjson, url: "file:{out}" }} }}
services:
  tool:
    match: {{ exe: bash, script: a_tool }}
    commands: [add one]
    to: out
    consent: [ allow: always ]
    events: {{ ran: {{ when: command, properties: {{ command: "${{command.path}}", code: "${{exit.code}}" }} }} }}
"""


@pytest.mark.parametrize("line", ["#!/usr/bin/env bash", "#! /usr/bin/env  -S A=b bash -e", "#!/usr/bin/env -Sbash -e", "#!/bin/bash"])
def test_a_script_that_env_runs_is_matched_and_has_its_commands(tmp_path, run, bookend, env, line):
    script, policy = tmp_path / "a_tool", tmp_path / "tool.yaml"
    policy.write_text(OF_ENV.format(out=tmp_path / "out"))
    script.write_text(f"{line}\nexit 6\n")
    script.chmod(0o755)
    assert run(bookend.tool, "run", "--policy", policy, "--", script, "add", "one", "more").returncode == 6
    support.deliver(env)
    ran = support.json_lines((tmp_path / "out").read_text())
    assert [e["properties"] for e in ran] == [{"command": "a_tool add one", "code": 6}]
    if "-S" not in line:
        assert "tool: measured" in run(bookend.tool, "explain", policy, "--", script, "add", "one").stdout


@pytest.mark.parametrize("line, words", [("#!/usr/bin/env sh", ["bash"]), ("exit 0", ["bash"]), ("#!/usr/bin/env bash", ["bash", "-c", "exit 0"])])
def test_a_script_of_another_program_is_none(tmp_path, run, bookend, env, line, words):
    script, policy = tmp_path / "a_tool", tmp_path / "tool.yaml"
    policy.write_text(OF_ENV.format(out=tmp_path / "out"))
    script.write_text(f"{line}\nexit 0\n")
    script.chmod(0o755)
    assert run(bookend.tool, "run", "--policy", policy, "--", *words, script).returncode == 0
    assert support.status(env)["counts"]["starts"] == 0


def test_a_killed_process_in_exec_is_found_dead(tmp_path, state, start):
    """Without the shim in the new image the lifecycle is over, and the drainer sees the death."""
    measured = Measured(tmp_path, state, {"alpha": ["bash"]})
    process = start("/bin/bash", "-c", "exec env -u LD_PRELOAD sleep 100", env=measured.env())
    support.wait_until(lambda: os.path.realpath(f"/proc/{process.pid}/exe").endswith("/sleep"), 10, "the exec")
    process.kill()
    process.wait()
    gone(process.pid)
    assert measured.one().end == ("exec", None, 0)


AS_ANOTHER = '$) = "65534 65534"; $( = 65534; $< = $> = 65534; exec "/usr/bin/perl", "-e", "print qq($< $>); exit 3"'


def test_an_exec_as_another_user_ends_the_lifecycle(tmp_path, state, root):
    """The pool is the first user's: the second one's process neither reads it nor writes into it."""
    folder = tempfile.mkdtemp(prefix="bookend-exec-")
    try:
        os.chmod(folder, 0o755)
        shim = shutil.copy(support.Bookend.shim, folder)
        measured = Measured(tmp_path, state, {"alpha": ["perl"]})
        done = same_behaviour(["/usr/bin/perl", "-e", AS_ANOTHER], measured.env() | {"LD_PRELOAD": shim}, tmp_path)
        assert (done.returncode, done.stdout) == (3, "65534 65534")
        assert measured.one().end == ("exec", None, 0)
        assert not support.pools_of(state, 65534)
    finally:
        shutil.rmtree(folder)
