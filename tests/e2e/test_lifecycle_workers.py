"""Forked workers: events when the policy asks for them, none for what a fork turns out to be otherwise."""

import os
import random
import signal
import subprocess
import time

import pytest

import support
from lifecycle import gone, pid_of
from test_lifecycle_daemons import DAEMON, MODES, NGINX, need

POLICY = """
bookend: 1
destinations:
  out: {{ format: ndjson, url: "file:{out}" }}
defaults:
  to: out
  consent: [ {{ allow: always }} ]
  properties:
    run: ${{run.id}}
    parent: ${{parent.id}}
    ppid: ${{process.ppid}}
    word: {{ arg: 1 }}
    env: {{ env: WORKED }}
    reason: ${{exit.reason}}
    code: ${{exit.code}}
    signal: ${{exit.signal}}
    after: ${{exit.after_signal}}
services:
  alpha:
    match: {{ exe: [{exes}] }}
    sender: {sender}
    events:
      began: {{ when: start }}
      ended: {{ when: stop }}
      worker began: {{ when: {{ worker: any, phase: start }} }}
      worker ended: {{ when: worker }}
      worker broke: {{ when: {{ worker: any, how: [failed, crashed] }} }}
"""


class Worked:
    """A service with `worker` triggers, and what was recorded of it."""

    def __init__(self, folder, state, exes, sender="later"):
        self.state, self.out, self.policy = state, folder / "workers.ndjson", folder / "workers.yaml"
        self.policy.write_text(POLICY.format(out=self.out, exes=", ".join(exes), sender=sender))
        self.tool_env = support.environment(state)
        support.run(support.Bookend.tool, "compile", self.policy, env=self.tool_env, check=True)

    def env(self, **more):
        return support.preload(self.state, "alpha", self.policy, WORKED="here", **more)

    def flush(self):
        support.run(support.Bookend.tool, "flush", "--once", env=self.tool_env)

    def events(self):
        found = support.json_lines(self.out.read_text()) if self.out.exists() else []
        assert len({event["id"] for event in found}) == len(found), "an event is there twice"
        return found

    def named(self, name):
        return [event for event in self.events() if event["event"] == name]

    def settled(self, services=1, workers=None, deadline=20):
        """All events, once so many services, and workers, have ended and nothing is left in the pool."""

        def empty():
            self.flush()
            status = support.run(support.Bookend.tool, "status", "--json", env=self.tool_env)
            if support.json_lines(status.stdout)[0]["lifecycles"]:
                return False
            return len(self.named("ended")) == services

        support.wait_until(empty, deadline, f"{services} stops and an empty pool")
        found = self.events()
        assert len(self.named("began")) == services
        if workers is not None:
            assert (len(self.named("worker began")), len(self.named("worker ended"))) == (workers, workers), found
        return found


def end(event):
    own = event["properties"]
    return own["reason"], own.get("code"), own.get("signal")


WORKER = r"""
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void handled(int number)
{
	exit(6);
}

/* Until so long after its start that a fork is believed to be a worker. */
static void grow_old(void)
{
	struct timespec begun, now;

	clock_gettime(CLOCK_BOOTTIME, &begun);
	do {
		usleep(10000);
		clock_gettime(CLOCK_BOOTTIME, &now);
	} while ((now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000 < 2100);
}

static void work(const char *how, char **program)
{
	char *nothing[] = { "nothing", NULL };

	if (!strcmp(how, "exit"))
		exit(3);
	if (!strcmp(how, "return"))
		return;
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "kill"))
		raise(SIGKILL);
	if (!strcmp(how, "term"))
		raise(SIGTERM);
	if (!strcmp(how, "handled")) {
		signal(SIGTERM, handled);
		raise(SIGTERM);
	}
	if (!strcmp(how, "setsid"))
		setsid();
	if (!strcmp(how, "late exec"))
		grow_old();
	if (!strcmp(how, "exec") || !strcmp(how, "late exec"))
		execv(program[0], program);
	if (!strcmp(how, "failing exec"))
		execv("/nonexistent", nothing);
	_exit(4);
}

int main(int argc, char **argv)
{
	const char *how = argv[1];
	int child, status;

	if (!strcmp(how, "vfork")) {
		child = vfork();
		if (!child)
			_exit(9);
	} else if (!strcmp(how, "clone")) {
		child = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (!child)
			_exit(9);
	} else if (!strcmp(how, "setuid before")) {
		if (setuid(65534))
			return 1;
		child = fork();
		if (!child)
			_exit(9);
	} else if (!strcmp(how, "nested")) {
		child = fork();
		if (!child) {
			if (!fork())
				_exit(5);
			wait(&status);
			_exit(WEXITSTATUS(status) + 1);
		}
	} else {
		child = fork();
		if (!child) {
			work(how, argv + 2);
			return 8;
		}
	}
	while (waitpid(child, &status, 0) < 0)
		;
	return 0;
}
"""


@pytest.fixture
def worker(compile_c):
    return compile_c(WORKER, name="worker")


@pytest.mark.parametrize("how, ended", [
    ("exit", ("exit", 3, None)), ("return", ("exit", 8, None)), ("_exit", ("_exit", 4, None)), ("abort", ("abort", None, 6)),
    ("kill", ("signal", None, 9)), ("term", ("signal", None, 15)), ("handled", ("exit", 6, None)), ("setsid", ("_exit", 4, None)),
    ("failing exec", ("_exit", 4, None)),
])
def test_a_worker_has_a_start_and_a_stop_in_the_run_of_its_service(how, ended, worker, tmp_path, state):
    worked = Worked(tmp_path, state, ["worker"])
    assert support.run(worker, how, env=worked.env()).returncode == 0
    worked.settled(workers=1)
    (began,), (stop,), (service,) = worked.named("worker began"), worked.named("worker ended"), worked.named("ended")
    assert end(stop) == ended
    assert stop["properties"].get("after") == (15 if how == "handled" else None)
    assert len(worked.named("worker broke")) == 1
    assert (began["kind"], stop["kind"], began["service"]) == ("worker", "worker", "alpha")
    assert began["pid"] == stop["pid"] != service["pid"] == began["properties"]["ppid"]
    run = service["properties"]["run"]
    for event in (began, stop):
        own = event["properties"]
        assert event["session"] == service["session"] == run == own["parent"] != own["run"]
        assert (own["word"], own["env"]) == (how, "here")
    assert began["properties"]["run"] == stop["properties"]["run"]


def test_a_worker_of_a_worker_belongs_to_the_service_too(worker, tmp_path, state):
    worked = Worked(tmp_path, state, ["worker"])
    support.run(worker, "nested", env=worked.env(), check=True)
    worked.settled(workers=2)
    assert sorted(event["properties"]["code"] for event in worked.named("worker ended")) == [5, 6]
    assert len({event["session"] for event in worked.events()}) == 1
    assert len({event["properties"]["run"] for event in worked.events()}) == 3


@pytest.mark.parametrize("how, program", [
    ("exec", "dynamic"), ("exec", "static"), ("exec", "unmeasured"), ("vfork", ""), ("clone", ""),
])
def test_what_executes_or_is_no_fork_is_no_worker(how, program, worker, compile_c, tmp_path, state):
    program = {
        "dynamic": lambda: ["/bin/true"], "unmeasured": lambda: ["/usr/bin/env", "-i", "/bin/true"], "": lambda: [],
        "static": lambda: [compile_c("int main(void) { return 0; }", name="rock", flags=["-static"])],
    }[program]()
    worked = Worked(tmp_path, state, ["worker"])
    support.run(worker, how, *program, env=worked.env(), check=True)
    worked.settled(workers=0)


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed: only root becomes one")
def test_a_fork_by_another_user_has_no_events_and_is_counted(worker, tmp_path, state):
    worked = Worked(tmp_path, state, ["worker"])
    support.run(worker, "setuid before", env=worked.env(), check=True)
    worked.settled(workers=0)
    status = support.run(support.Bookend.tool, "status", "--json", env=worked.tool_env)
    assert support.json_lines(status.stdout)[0]["counts"]["no_worker"] == 1


def test_a_worker_that_executes_late_ends_with_that(worker, tmp_path, state):
    worked = Worked(tmp_path, state, ["worker"])
    support.run(worker, "late exec", "/bin/true", env=worked.env(), check=True)
    worked.settled(workers=1)
    assert end(worked.named("worker ended")[0]) == ("exec", None, None)


@pytest.mark.parametrize("leave", ["exit", "_exit"])
@pytest.mark.parametrize("mode", MODES)
def test_a_daemon_s_beginning_makes_no_workers(mode, leave, compile_c, tmp_path, state):
    times = int(os.environ.get("DAEMONS", 8))
    workers = 3 if mode == "workers" else 0
    program = compile_c(DAEMON, name="daemon")
    worked = Worked(tmp_path, state, ["daemon"])
    for number in range(times):
        words = [program, mode, str(number)] + (["_exit"] if leave == "_exit" else [])
        subprocess.run(words, env=worked.env(), cwd=tmp_path, stdin=subprocess.DEVNULL, check=False)
        worked.flush()
    worked.settled(times, times * workers, deadline=30)
    assert all(end(event) == ("exit", 7, None) for event in worked.named("ended"))


def test_a_living_worker_s_start_is_told_by_the_service_s_own_thread(compile_c, start, tmp_path, state):
    program = compile_c("""
        #include <stdio.h>
        #include <unistd.h>
        int main(void) { if (!fork()) { for (;;) pause(); } puts("forked"); fflush(stdout); for (;;) pause(); }
        """, name="worker")
    worked = Worked(tmp_path, state, ["worker"], sender="thread")
    process = start(program, env=worked.env(), stdout=subprocess.PIPE)
    process.stdout.readline()
    (began,) = support.wait_until(lambda: worked.named("worker began"), 20, "the start of the worker")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)
    worked.settled(workers=1)
    assert worked.named("worker ended")[0]["pid"] == began["pid"]


def test_the_workers_of_nginx(tmp_path, state):
    nginx, port, conf = need("nginx"), support.free_port(), tmp_path / "nginx.conf"
    conf.write_text(NGINX.format(daemon="on", folder=tmp_path, port=port))
    worked = Worked(tmp_path, state, ["nginx"])
    support.run(nginx, "-p", tmp_path, "-c", conf, env=worked.env(), check=True)
    pid = pid_of(tmp_path / "nginx.pid")
    support.wait_until(lambda: support.accepts(port), 10, "nginx")
    first, second = [int(word) for word in support.run("pgrep", "-P", pid).stdout.split()]
    os.kill(first, signal.SIGKILL)
    support.wait_until(lambda: len(set(support.run("pgrep", "-P", pid).stdout.split()) - {str(first)}) == 2, 10, "a new worker")
    os.kill(pid, signal.SIGQUIT)
    gone(pid)
    worked.settled(workers=3)
    ends = {event["pid"]: end(event) for event in worked.named("worker ended")}
    assert ends[first] == ("signal", None, 9) and ends[second] == ("exit", 0, None)
    assert list(ends.values()).count(("exit", 0, None)) == 2


def test_subshells_of_a_shell_are_workers(tmp_path, state):
    worked = Worked(tmp_path, state, ["bash"])
    support.run("/bin/bash", "-c", "(exit 3); x=$(echo 1); /bin/true; (exec /bin/true); :", env=worked.env(), check=True)
    worked.settled(workers=2)
    assert sorted(event["properties"]["code"] for event in worked.named("worker ended")) == [0, 3]


HERD = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Many workers, most of them killed at random instants of their lives; says how many lived as workers. */
int main(int argc, char **argv)
{
	char *nothing[] = { "true", NULL };
	unsigned seed = atoi(argv[1]);
	int *lived = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int i = 0; i < 60; i++) {
		unsigned how = rand_r(&seed) % 8, wait = rand_r(&seed) % 3000;
		int child = fork();

		if (!child) {
			if (how == 0)
				execv("/bin/true", nothing);
			__atomic_add_fetch(lived, 1, __ATOMIC_SEQ_CST);
			if (how == 1)
				_exit(3);
			if (how == 2 && !fork())
				for (;;)
					pause();
			for (;;)
				pause();
		}
		usleep(wait);
		if (how > 1)
			kill(child, SIGKILL);
		if (how != 3)
			waitpid(child, NULL, 0);
	}
	printf("%d\n", *lived);
	fflush(stdout);
	kill(0, SIGKILL);
}
"""


def test_killed_at_random_no_worker_is_lost_or_told_twice(compile_c, tmp_path, state):
    """Drainers are killed as well. Of what was killed while it executed another program either may be told."""
    program = compile_c(HERD, name="herd")
    worked = Worked(tmp_path, state, ["herd"])
    chance = random.Random(seed := random.randrange(1 << 30))
    print(f"seed {seed}")
    running = [subprocess.Popen([program, str(seed + n)], env=worked.env(), start_new_session=True, cwd="/",
                                stdout=subprocess.PIPE) for n in range(6)]
    while any(process.poll() is None for process in running):
        drainer = subprocess.Popen([support.Bookend.tool, "flush", "--once"], env=worked.tool_env, stderr=subprocess.DEVNULL)
        time.sleep(chance.random() * 0.02)
        if chance.random() < 0.7:
            drainer.kill()
        drainer.wait(20)
    worked.settled(len(running), deadline=60)
    began, ended = ({e["properties"]["run"] for e in worked.named(name)} for name in ("worker began", "worker ended"))
    assert began == ended and len(began) == len(worked.named("worker began")) == len(worked.named("worker ended"))
    # Others were killed before fork had returned in them, or executed something: they may be told.
    lived = sum(int(process.communicate()[0]) for process in running)
    assert len(running) * 60 // 8 < lived <= len(began)
