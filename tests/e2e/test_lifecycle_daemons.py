"""Who owns a lifecycle when a program becomes a daemon, in every order of fork, setsid and exit, many times over."""

import os
import signal
import subprocess

import pytest

import support
from lifecycle import Measured, alive, gone, pid_of

DAEMON = r"""
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned seed;
static int alive[2], ready[2];

/* Shifts the order of what parent and child do. */
static void jitter(unsigned salt)
{
	unsigned n = rand_r(&seed) ^ salt * 2654435761u;

	if (n % 3 == 0)
		usleep(n / 3 % 1500);
	else
		for (volatile unsigned i = 0; i < n % 20000; i++)
			;
}

/* The daemon outlives all its parents: it ends when the last of them has closed the pipe by dying. */
static void serve(void)
{
	char c;

	close(alive[1]);
	read(alive[0], &c, 1);
	jitter(9);
	exit(7);
}

static void leave_after_fork(void (*leave)(int), unsigned salt)
{
	if (fork()) {
		jitter(salt);
		leave(0);
	}
	jitter(salt + 1);
}

int main(int argc, char **argv)
{
	const char *mode = argv[1];
	void (*leave)(int) = argc > 3 ? _exit : exit;
	char c;
	pid_t child;

	seed = atoi(argv[2]);
	pipe(alive);
	pipe(ready);
#define IS(x) (!strcmp(mode, x))
	if (IS("fork setsid")) {
		leave_after_fork(leave, 1);
		setsid();
	} else if (IS("double fork")) {
		leave_after_fork(leave, 1);
		setsid();
		jitter(3);
		leave_after_fork(leave, 4);
	} else if (IS("fork fork setsid")) {
		leave_after_fork(leave, 1);
		leave_after_fork(leave, 4);
		setsid();
	} else if (IS("two sessions")) {
		leave_after_fork(leave, 1);
		setsid();
		leave_after_fork(leave, 4);
		setsid();
	} else if (IS("parent waits for ready")) {
		if (fork()) {
			read(ready[0], &c, 1);
			jitter(1);
			leave(0);
		}
		setsid();
		leave_after_fork(leave, 4);
		write(ready[1], "x", 1);
	} else if (IS("parent reaps")) {
		child = fork();
		if (child) {
			waitpid(child, NULL, 0);
			leave(0);
		}
		setsid();
		leave_after_fork(leave, 4);
	} else if (IS("daemon()")) {
		daemon(0, 0);
	} else if (IS("fork daemon()")) {
		leave_after_fork(leave, 1);
		daemon(0, 0);
	} else if (IS("workers")) {
		leave_after_fork(leave, 1);
		setsid();
		for (int i = 0; i < 3; i++)
			if (!fork()) {
				setsid();
				_exit(1);
			}
		while (wait(NULL) > 0)
			;
	} else if (IS("vfork first")) {
		child = vfork();
		if (!child)
			_exit(9);
		waitpid(child, NULL, 0);
		leave_after_fork(leave, 1);
		setsid();
	}
	serve();
}
"""

MODES = [
    "fork setsid", "double fork", "fork fork setsid", "two sessions", "parent waits for ready", "parent reaps", "daemon()",
    "fork daemon()", "workers", "vfork first",
]
TIMES = int(os.environ.get("DAEMONS", 40))


@pytest.fixture
def measured(tmp_path, state):
    return Measured(tmp_path, state, {"alpha": ["daemon", "redis-server", "redis-check-rdb", "nginx"]})


@pytest.mark.parametrize("leave", ["exit", "_exit"])
@pytest.mark.parametrize("mode", MODES)
def test_a_daemon_s_lifecycle_ends_with_the_daemon(mode, leave, measured, compile_c, tmp_path):
    """The same start, one stop, and that one the daemon's own."""
    program = compile_c(DAEMON, name="daemon")
    running = []
    for number in range(TIMES):
        words = [program, mode, str(number)] + (["_exit"] if leave == "_exit" else [])
        running.append(subprocess.Popen(words, env=measured.env(), cwd=tmp_path, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        if len(running) > 3:
            running.pop(0).wait(20)
    for process in running:
        process.wait(20)
    found = measured.lifecycles(TIMES, deadline=30)
    wrong = [one for one in found if (one.starts, one.stops, one.end) != (1, 1, ("exit", 7, 0))]
    assert not wrong, f"{len(wrong)} of {TIMES}: {wrong[:5]}"


@pytest.mark.parametrize("mode", ["fork setsid", "double fork", "daemon()"])
def test_a_command_has_ended_when_its_daemon_goes_on(mode, compile_c, tmp_path, state):
    measured = Measured(tmp_path, state, {"command": ["daemon"]})
    support.run(compile_c(DAEMON, name="daemon"), mode, "1", env=measured.env("command"), cwd=tmp_path, check=True)
    (only,) = measured.lifecycles(1)
    assert only.end == ("_exit" if mode == "daemon()" else "exit", 0, 0)


ENDS = r"""
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
/* A foreground server with workers that have sessions of their own; its own end is the end. */
int main(int argc, char **argv)
{
	pid_t workers[3];
	int ready[2];
	char c;

	pipe(ready);
	for (int i = 0; i < 3; i++) {
		workers[i] = fork();
		if (!workers[i]) {
			setsid();
			close(ready[0]);
			close(ready[1]);
			for (;;)
				pause();
		}
	}
	close(ready[1]);
	read(ready[0], &c, 1);
	if (!strcmp(argv[1], "crash"))
		raise(SIGKILL);
	if (!strcmp(argv[1], "fails"))
		exit(3);
	for (int i = 0; i < 3; i++) {
		kill(workers[i], SIGTERM);
		waitpid(workers[i], NULL, 0);
	}
	exit(0);
}
"""


@pytest.mark.parametrize("how, end", [
    ("stops", ("exit", 0, 0)), ("fails", ("exit", 3, 0)), ("crash", ("vanished", None, 0)),
])
def test_workers_with_sessions_never_take_over(how, end, measured, compile_c, start, tmp_path):
    program = compile_c(ENDS, name="daemon")
    process = start(program, how, env=measured.env())
    process.wait(10)
    one = measured.one()
    assert one.end == end, one
    workers = support.run("pgrep", "-f", program).stdout.split()
    for worker in workers:
        os.kill(int(worker), signal.SIGKILL)


SHELL = "setsid sh -c 'sleep 0.2' & exit 0"


def test_a_command_in_the_background_leaves_the_shell_s_stop_alone(tmp_path, state):
    measured = Measured(tmp_path, state, {"alpha": ["bash"]})
    support.run("/bin/bash", "-c", SHELL, env=measured.env())
    assert measured.one().end == ("exit", 0, 0)


def need(program):
    path = support.run("sh", "-c", f"command -v {program}").stdout.strip()
    if not path:
        pytest.skip(f"{program} is not installed")
    return path


@pytest.mark.parametrize("times", [5])
def test_redis_as_a_daemon(times, measured, tmp_path):
    redis = need("redis-server")
    for _ in range(times):
        pid_file = tmp_path / "redis.pid"
        pid_file.unlink(missing_ok=True)
        port = support.free_port()
        support.run(redis, "--port", port, "--daemonize", "yes", "--pidfile", pid_file, "--dir", tmp_path, "--save", "",
                    "--logfile", tmp_path / "redis.log", env=measured.env(), check=True)
        pid = pid_of(pid_file)
        support.wait_until(lambda: support.accepts(port), 10, "redis")
        assert alive(pid)
        os.kill(pid, signal.SIGTERM)
        gone(pid)
    found = measured.lifecycles(times)
    assert [(one.starts, one.stops, one.end, one.after) for one in found] == [(1, 1, ("exit", 0, 0), 15)] * times


NGINX = """
daemon {daemon};
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 32; }}
http {{ access_log off; server {{ listen 127.0.0.1:{port}; return 200 "here"; }} }}
"""


@pytest.mark.parametrize("how, after", [(signal.SIGQUIT, 3), (signal.SIGTERM, 15), (signal.SIGKILL, 0)])
def test_nginx_as_a_daemon(how, after, measured, tmp_path):
    nginx = need("nginx")
    port = support.free_port()
    conf = tmp_path / "nginx.conf"
    conf.write_text(NGINX.format(daemon="on", folder=tmp_path, port=port))
    (tmp_path / "nginx.pid").unlink(missing_ok=True)
    support.run(nginx, "-p", tmp_path, "-c", conf, env=measured.env(), check=True)
    pid = pid_of(tmp_path / "nginx.pid")
    support.wait_until(lambda: support.accepts(port), 10, "nginx")
    workers = [int(word) for word in support.run("pgrep", "-P", pid).stdout.split()]
    os.kill(pid, how)
    gone(pid)
    for worker in workers:
        if how == signal.SIGKILL:
            os.kill(worker, signal.SIGKILL)
        gone(worker)
    one = measured.one()
    # Who is drained while its zombie is still there is known to have been killed.
    assert one.end in ([("vanished", None, 0), ("signal", None, 9)] if how == signal.SIGKILL else [("exit", 0, 0)]), one
    assert one.after == after, one
