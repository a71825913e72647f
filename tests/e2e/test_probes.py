"""Commands and documents that a drainer asks: what they get, what becomes of what they say, how long they may take, and that the
process in which they are asked does not notice."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

import support


def text_of(file, properties, sender="later", exe="true", more="", events="begun: { when: start }"):
    lines = ["bookend: 1", more, "destinations:", f'  out: {{ format: ndjson, url: "file:{file}" }}', "services:", "  app:",
             f"    match: {{ exe: '{exe}' }}", f"    sender: {sender}", "    consent: [{ allow: always }]", "    to: out",
             "    properties:", "      fine: yes indeed"]
    lines += [f"      {name}: {source}" for name, source in properties.items()]
    return "\n".join(lines + ["    events:", f"      {events}"]) + "\n"


class Probes:
    """One process recorded, one flush, the event's properties."""

    def __init__(self, state, policy, tmp_path):
        self.state, self.policy, self.file = state, policy, tmp_path / "out.ndjson"
        self.env = support.environment(state)
        self.cwd = tmp_path

    def use(self, more="", **properties):
        self.yaml = self.policy(text_of(self.file, properties, more=more))
        return self

    def record(self, **more):
        support.run("/bin/true", env=support.preload(self.state, "app", self.yaml, **more), cwd=self.cwd, check=True)
        return self

    def flush(self, timeout=60):
        begun = time.monotonic()
        # Another environment and directory than the recorded one's.
        done = support.run(support.Bookend.tool, "flush", env=support.environment(self.state, PATH="/usr/bin:/bin", OTHER="x"), cwd="/",
                           timeout=timeout)
        assert done.returncode == 0, done.stderr
        self.took = time.monotonic() - begun
        events = support.json_lines(self.file.read_text())
        assert events[-1]["properties"].pop("fine") == "yes indeed", "the event goes, whatever becomes of a probe"
        return events[-1]["properties"]


@pytest.fixture
def probes(state, policy, tmp_path, bookend):
    return Probes(state, policy, tmp_path)


def script(folder, name, text):
    file = folder / name
    file.write_text("#!/bin/sh\n" + text)
    file.chmod(0o755)
    return file


def test_a_command_runs_as_the_process_would_have(probes, tmp_path):
    script(tmp_path, "tell", 'pwd; echo "$0 $*"; echo "$LANG $HOME"; cat; : >&2\n')
    probes.use(said='{ run: [./tell, "a  b", "$HOME", "${process.pid}"] }').record(HOME="/my/home", LANG="xx")
    said = probes.flush()["said"].splitlines()
    assert said[0] == str(tmp_path) and re.fullmatch(r"\./tell a  b \$HOME \d+", said[1]) and said[2:] == ["xx /my/home"]


def test_its_environment_is_what_the_policy_says(probes):
    probes.use(env="{ run: [/usr/bin/env], with_env: { SECRET: { env: DATABASE_URL }, NONE: { env: NONE }, LANG: C } }")
    env = probes.record(DATABASE_URL="postgres://", HOME="/h").flush()["env"].splitlines()
    assert sorted(env) == ["HOME=/h", "LANG=C", f"PATH={support.PATH}", "SECRET=postgres://"]


def test_its_descriptors_and_signals_are_plain(probes, tmp_path):
    script(tmp_path, "look", "ls -l /proc/self/fd | sed -n 's/.* \\([0-9]*\\) -> /\\1 /p'; grep Sig[BI] /proc/self/status; "
                             "cut -d' ' -f5,6,7 /proc/self/stat\n")
    said = probes.use(said="{ run: [./look] }").record().flush()["said"].splitlines()
    fds = dict(line.split(" ", 1) for line in said if line[0].isdigit() and "/" in line or "pipe" in line)
    assert fds.pop("0") == fds.pop("2") == "/dev/null" and fds.pop("1").startswith("pipe:")
    assert all(path.startswith("/proc/") for path in fds.values()), "nothing else is open"
    assert all(set(line.split()[1]) == {"0"} for line in said if line.startswith("Sig"))
    assert said[-1].split()[2] == "0", "no terminal"


@pytest.mark.parametrize("command", [
    "[/nonexistent/program]", "[no-such-program-anywhere]", "['false']", "[sh, -c, 'kill -9 $$']", "['', x]", "['${nothing}', x]",
    "[sh, -c, 'printf \"a\\\\0b\"']", "[head, -c, '65537', /dev/zero]", "[sh, -c, 'exec yes']", "[/etc/passwd]", "[/etc]",
])
def test_a_probe_that_fails_is_absent(probes, command):
    properties = probes.use(more="values: { nothing: { env: NOTHING } }", said=f"{{ run: {command} }}",
                            other=f"{{ run: {command}, else: none }}").record().flush()
    assert properties == {"other": "none"} and probes.took < 4


def test_as_much_as_it_may_say(probes):
    properties = probes.use(said="{ run: [sh, -c, 'head -c 65536 /dev/zero | tr \"\\\\0\" x'] }").record().flush()
    assert properties["said"] == "x" * 65536


@pytest.mark.parametrize("command", ["sleep 60", "trap '' TERM INT HUP; while :; do sleep 1; done", "sleep 60 & wait", "exec 1>&-; sleep 60"])
def test_a_slow_one_and_all_it_started_are_killed(probes, tmp_path, command):
    mark = f"probe-{os.getpid()}-{time.monotonic_ns()}"
    properties = probes.use(said=f'{{ run: [sh, -c, "{command}", {mark}], timeout: 300ms }}').record().flush()
    assert properties == {} and 0.3 <= probes.took < 5
    support.wait_until(lambda: mark not in subprocess.run(["ps", "ax"], capture_output=True, text=True).stdout, 5, "the end of all of it")


def test_who_ignores_its_children_still_knows_how_they_ended(probes):
    probes.use(a="{ run: ['false'], else: none }", b="{ run: [echo, x], else: none }").record()
    done = subprocess.run([support.Bookend.tool, "flush"], env=probes.env, preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN),
                          check=False)
    assert done.returncode == 0
    assert probes.flush() == {"a": "none", "b": "x"}


def test_what_it_leaves_behind_is_not_waited_for(probes):
    properties = probes.use(said="{ run: [sh, -c, 'sleep 61 & echo done'], timeout: 20s }").record().flush()
    assert properties == {"said": "done"} and probes.took < 5
    assert "sleep 61" not in subprocess.run(["ps", "ax"], capture_output=True, text=True).stdout
    properties = probes.use(said="{ run: [sh, -c, 'setsid sleep 3 & echo done'], timeout: 20s }").record().flush()
    assert properties == {"said": "done"} and probes.took < 2.5


def test_a_slow_probe_costs_the_others_its_timeout_once(probes):
    probes.use(a="{ run: [sleep, '60'], timeout: 500ms }", b="{ value: '${c}' }", more="values: { c: { run: [echo, x] } }")
    for _ in range(4):
        probes.record()
    probes.flush()
    assert probes.took < 4 and len(support.json_lines(probes.file.read_text())) == 4


def counting(folder):
    """A program that counts how often it ran."""
    return script(folder, "count", f"echo x >> {folder}/ran; wc -l < {folder}/ran\n")


def test_within_a_moment_a_probe_runs_once(probes, tmp_path):
    counting(tmp_path)
    assert probes.use(a="{ run: [./count] }", b="{ run: [./count] }").record().flush() == {"a": "1", "b": "1"}
    assert probes.record().flush() == {"a": "2", "b": "2"}


def test_an_executables_answer_holds_until_it_changes(probes, tmp_path):
    counting(tmp_path)
    program = tmp_path / "app"
    program.write_bytes(open("/bin/true", "rb").read())
    program.chmod(0o755)
    probes.yaml = probes.policy(text_of(probes.file, {"n": "{ run: [./count], cache: executable }"}, exe="app"))

    def once():
        support.run(program, env=support.preload(probes.state, "app", probes.yaml), cwd=tmp_path, check=True)
        return probes.flush()["n"]

    assert [once(), once()] == ["1", "1"]
    os.utime(program, ns=(1, 1))
    assert [once(), once()] == ["2", "2"]
    stored = list((probes.state / "probes").iterdir())
    assert len(stored) == 2 and all(file.stat().st_mode & 0o777 == 0o600 for file in stored)
    for file in stored:
        file.write_bytes(file.read_bytes()[:-1] + b"9")
    assert once() == "3", "a damaged answer is none"


def test_an_answer_holds_for_a_time(probes, tmp_path):
    counting(tmp_path)
    probes.use(n="{ run: [./count], cache: 24h }")
    assert [probes.record().flush()["n"], probes.record().flush()["n"]] == ["1", "1"]
    probes.use(n="{ run: [./count], cache: 1s }")
    first = probes.record().flush()["n"]
    support.wait_until(lambda: probes.record().flush()["n"] != first, 5, "another answer")
    failing = script(tmp_path, "fails", f"echo x >> {tmp_path}/failed; exit 1\n")
    probes.use(n=f"{{ run: [{failing}], cache: 24h }}")
    probes.record().flush()
    probes.record().flush()
    assert len((tmp_path / "failed").read_text().split()) == 2, "a failure is not kept"


HOST = r"""
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile int signals;

static void count(int number) { signals++; }

/* Looks for children and SIGCHLD until the file is there, and half a second more. */
int main(int argc, char **argv)
{
	int children = 0, more = 50;
	struct sigaction action = { .sa_handler = count };

	sigaction(SIGCHLD, &action, NULL);
	if (argc > 2)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < 1500 && more > 0; i++) {
		if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
			children++;
		if (access(argv[1], F_OK) == 0)
			more--;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	printf("%d %d %d\n", signals, children, more);
	return 0;
}
"""


@pytest.mark.parametrize("words", [[], ["subreaper"]])
def test_the_host_of_a_sender_thread_does_not_notice(probes, tmp_path, compile_c, words):
    host = compile_c(HOST, name="host")
    ready = tmp_path / "ready"
    script(tmp_path, "tell", f"sleep 0.3; (sleep 0.2; : > {ready}) & echo $PPID; ps -o comm= $PPID; wait\n")
    probes.yaml = probes.policy(text_of(probes.file, {"said": "{ run: [./tell] }", "slow": "{ run: [sleep, '9'], timeout: 200ms }"},
                                        sender="thread", exe="host"))
    process = subprocess.Popen([host, str(ready), *words], env=support.preload(probes.state, "app", probes.yaml), cwd=tmp_path, text=True,
                               stdout=subprocess.PIPE)
    out, _ = process.communicate(timeout=30)
    assert out == "0 0 0\n", "signals, children, and whether the probe ran while we looked"
    support.wait_until(lambda: support.flush(probes.env) and probes.file.exists(), 10, "the event")
    event = support.json_lines(probes.file.read_text())[0]
    assert event["properties"]["said"].split()[0] != str(process.pid) and "slow" not in event["properties"]


def test_a_host_that_ends_takes_its_probe_along(probes, tmp_path):
    mark = f"probe-{os.getpid()}-{time.monotonic_ns()}"
    running = tmp_path / "running"
    sleep = tmp_path / f"{mark}-sleep"
    sleep.write_bytes(open("/bin/sleep", "rb").read())
    sleep.chmod(0o755)
    script(tmp_path, "tell", f": > {running}; {sleep} 600; :\n")
    probes.yaml = probes.policy(text_of(probes.file, {"said": f"{{ run: [./tell, {mark}], timeout: 60s }}"}, sender="thread", exe="sleep"))
    process = subprocess.Popen(["/bin/sleep", "600"], env=support.preload(probes.state, "app", probes.yaml), cwd=tmp_path)
    support.wait_until(running.exists, 10, "the probe")
    process.kill()
    process.wait()
    support.wait_until(lambda: mark not in subprocess.run(["ps", "ax"], capture_output=True, text=True).stdout, 5, "its end")


def test_documents(probes, receiver):
    receiver.answer(lambda request: {"body": b'{"version":"v1.0.0"}\n' if request.headers["Authorization"] == "Bearer t0ken" else b"none"})
    probes.use(a=f'{{ get: "{receiver.url}/v1/version", bearer: {{ env: TOKEN }} }}', b=f'{{ get: "{receiver.url}/b", timeout: 2s }}',
               c=f'{{ get: "{receiver.url}/c", bearer: {{ env: NONE }} }}')
    assert probes.record(TOKEN="t0ken").flush() == {"a": '{"version":"v1.0.0"}', "b": "none"}
    assert sorted(r.path for r in receiver.requests) == ["/b", "/v1/version"], "without its token it is not asked"
    assert {r.method for r in receiver.requests} == {"GET"}


@pytest.mark.parametrize("answer", [404, {"status": 302, "headers": {"Location": "/else"}}, "reset", "garbage", "close", "silent", "endless",
                                    {"body": b"x" * 65537}, {"delay": 5}])
def test_a_document_that_does_not_come_is_absent(probes, receiver, answer):
    receiver.answer(answer)
    assert probes.use(a=f'{{ get: "{receiver.url}/", timeout: 500ms, else: none }}').record().flush() == {"a": "none"}
    assert probes.took < 4
    assert len(receiver.requests) <= 1


def test_a_document_holds_for_a_time(probes, receiver):
    receiver.answer({"body": b"one"}, {"body": b"two"})
    probes.use(a=f'{{ get: "{receiver.url}/", cache: 1h }}')
    assert [probes.record().flush()["a"], probes.record().flush()["a"]] == ["one", "one"]
    assert len(receiver.requests) == 1


def git(folder, *words):
    return support.run("git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", *words,
                       env=support.environment(HOME=str(folder)), check=True).stdout.strip()


def test_the_facts_of_a_repository(probes, tmp_path):
    repository = tmp_path / "repository"
    repository.mkdir()
    probes.cwd = repository
    facts = {name: f"{{ value: '${{git.{name}}}', else: null }}" for name in ("rev", "branch", "remotes", "dirty")}
    probes.use(**facts)
    assert probes.record().flush() == {"rev": None, "branch": None, "remotes": None, "dirty": None}
    git(repository, "init", "-q", "-b", "trunk")
    (repository / "file").write_text("a")
    git(repository, "add", "file")
    git(repository, "commit", "-qm", "first")
    revision = git(repository, "rev-parse", "HEAD")
    assert probes.record().flush() == {"rev": revision, "branch": "trunk", "remotes": [], "dirty": False}
    git(repository, "remote", "add", "origin", "https://me:pass@x/y.git")
    git(repository, "remote", "add", "other", "git@host:a/b.git")
    git(repository, "checkout", "-q", "--detach")
    (repository / "file").write_text("b")
    assert probes.record().flush() == {
        "rev": revision, "branch": None, "dirty": True,
        "remotes": ["origin\thttps://x/y.git (fetch)", "origin\thttps://x/y.git (push)",
                    "other\tgit@host:a/b.git (fetch)", "other\tgit@host:a/b.git (push)"]}


def test_a_repository_can_not_make_git_run_anything(probes, tmp_path):
    repository = tmp_path / "repository"
    repository.mkdir()
    probes.cwd = repository
    git(repository, "init", "-q")
    script(tmp_path, "evil", f": > {tmp_path}/ran\n")
    git(repository, "config", "core.fsmonitor", f"{tmp_path}/evil")
    probes.use(a="${git.dirty}").record().flush()
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("when", ["{ every: 1s }", "{ every: 1s, per: installation }"])
def test_each_turn_of_a_schedule_asks_anew(probes, start, tmp_path, when):
    counting(tmp_path)
    probes.yaml = probes.policy(text_of(probes.file, {"n": "{ run: [./count] }"}, exe="sleep", events=f"turn: {{ when: {when} }}"))
    start("/bin/sleep", "60", env=support.preload(probes.state, "app", probes.yaml), cwd=tmp_path)

    def seen():
        support.flush(probes.env)
        return [e["properties"].get("n") for e in support.json_lines(probes.file.read_text())] if probes.file.exists() else []

    support.wait_until(lambda: len(seen()) >= 2, 15, "two turns")
    assert seen()[:2] == ["1", "2"]


def test_no_commands_for_another_pid_namespace(probes, root):
    probes.use(a="{ run: [echo, x], else: none }")
    support.run("unshare", "--pid", "--fork", "/bin/true", env=support.preload(probes.state, "app", probes.yaml), check=True)
    assert probes.flush() == {"a": "none"}


def test_a_flush_that_must_end_leaves_the_process_to_the_next(probes):
    probes.use(a="{ run: [sh, -c, 'sleep 1; echo x'] }").record()
    begun = time.monotonic()
    done = support.run(support.Bookend.tool, "flush", "--timeout", "300ms", env=probes.env)
    assert done.returncode == 75 and time.monotonic() - begun < 0.9
    assert probes.flush() == {"a": "x"} and len(support.json_lines(probes.file.read_text())) == 1


def test_what_is_not_understood_is_said(run, bookend, tmp_path):
    policy = tmp_path / "bad.yaml"
    policy.write_text(text_of("/x", {
        "a": "{ run: uname }", "b": "{ run: [x], timeout: 2m }", "c": "{ run: [x], with_env: { LD_PRELOAD: y } }",
        "d": "{ run: [x], cache: forever }", "e": "{ get: ftp://x }", "f": "{ run: [x], bearer: y }"}))
    done = run(bookend.tool, "check", policy)
    assert done.returncode == 1
    for word in ("there is no shell", "at most 60s", "LD_PRELOAD", "forever", "ftp://x", "belongs to get:"):
        assert word in done.stderr + done.stdout, word
    policy.write_text(text_of("/x", {}).replace("allow: always", "deny: { run: [x] }, allow: always"))
    assert run(bookend.tool, "check", policy).returncode == 1
