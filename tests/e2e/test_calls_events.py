"""Calls that a policy names become events: what they carry, who records them, and which are let through."""

import signal
import time

import pytest

import support
from calls import FORKS, LOOPS, THREADS

RECORDED = """
    events:
      called:
        when: {{ call: "{prototype}" {gates} }}
        {more}
        properties:
          name: ${{call.name}}
          first: {{ parameter: 1 }}
          result: ${{call.result}}
          error: ${{call.errno}}
          us: ${{call.duration_us}}
      ended: {{ when: stop }}
"""

OPENS = r"""
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void)
{
	char *edge = (char *)mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + 4096;
	int before, after;
	mprotect(edge, 4096, PROT_NONE);
	memset(edge - 300, 'x', 300);
	close(open("/etc/passwd", O_RDONLY));
	errno = 123;
	close(open("/", O_RDONLY));
	before = errno;
	open("/nonexistent", O_RDONLY);
	after = errno;
	open(NULL, O_RDONLY);
	open((char *)16, O_RDONLY);
	open(edge - 5, O_RDONLY); /* no NUL before what can not be read */
	open((char *)0xffff800000000000, O_RDONLY);
	printf("%d %d\n", before, after);
	return 0;
}
"""


def test_an_event_has_parameters_result_errno_and_duration(called, compile_c, run):
    """A pointer that can not be read is absent; the program's own errno is as without us."""
    program = compile_c(OPENS, name="opens")
    c = called("opens", RECORDED.format(prototype="int open(const char *path, int flags, ...)", gates="", more=""))
    assert run(program, env=c.env()).stdout == run(program).stdout == "123 2\n"
    c.ended()
    seen = [event["properties"] for event in c.events("called")]
    assert all(one.pop("us") > 0 for one in seen) and all(one.pop("name") == "open" for one in seen)
    assert seen[:3] == [
        {"first": "/etc/passwd", "result": 3, "error": 0}, {"first": "/", "result": 3, "error": 0},
        {"first": "/nonexistent", "result": -1, "error": 2},
    ]
    assert seen[3:] == [{"result": -1, "error": 14}] * 4
    times = [event["time"] for event in c.events("called")]
    assert times == sorted(times)


def test_forked_workers_record_under_their_own_pid(called, compile_c, run):
    program = compile_c(FORKS, name="forks")
    c = called("forks", RECORDED.format(prototype="pid_t getpgid(pid_t)", gates="", more=""))
    done = run(program, 3, 5, env=c.env(), check=True)
    c.ended()
    events = c.events("called")
    by_pid = {}
    for event in events:
        by_pid[event["pid"]] = by_pid.get(event["pid"], 0) + 1
    (own,) = {event["pid"] for event in c.events("ended")}
    assert by_pid == {own: 1, **{int(pid): 5 for pid in done.stdout.split()}}
    assert len({event["session"] for event in c.events()}) == 1, "workers belong to the service's run"


DAEMON = r"""
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
	int ends[2];
	char c;
	pipe(ends);
	getpgid(0);
	if (fork())
		exit(0);
	getpgid(0); /* as kin ... */
	setsid();
	getpgid(0);
	close(ends[1]);
	read(ends[0], &c, 1); /* the parent is gone: the owner, now */
	getpgid(0);
	return 0;
}
"""


def test_a_daemon_on_its_way_loses_no_call(called, compile_c, run):
    """What it recorded before the life was its own is delivered, too."""
    program = compile_c(DAEMON, name="daemon")
    c = called("daemon", RECORDED.format(prototype="pid_t getpgid(pid_t)", gates="", more=""))
    run(program, env=c.env(), check=True)
    c.ended()
    (own,) = {event["pid"] for event in c.events("ended")}
    pids = [event["pid"] for event in c.events("called")]
    assert len(pids) == 4 and len(set(pids)) == 2, pids
    assert len({event["session"] for event in c.events()}) == 1


def test_once_is_once_for_all_workers(called, compile_c, run):
    program = compile_c(FORKS, name="forks")
    c = called("forks", RECORDED.format(prototype="pid_t getpgid(pid_t)", gates=", once: process", more=""))
    run(program, 4, 3, env=c.env(), check=True)
    c.ended()
    assert len(c.events("called")) == 1


def test_gates_and_conditions_are_decided_inside(called, compile_c, run):
    program = compile_c(THREADS, name="threads", libs=["-lpthread"])
    c = called("threads", """
    events:
      tenth: { when: { call: getpgid, one_in: 10 } }
      few: { when: { call: getpgid, first: 3 per 366d } }
      limited: { when: { call: getpgid }, limit: 4 per 366d }
      never: { when: { call: "int getpgid(int pid)" }, if: { value: "${call.result}", below: 0 } }
      ended: { when: stop }
""")
    run(program, 1, 100, env=c.env(), check=True)
    c.ended()
    assert {name: len(c.events(name)) for name in ("tenth", "few", "limited", "never")} == {
        "tenth": 10, "few": 3, "limited": 4, "never": 0}
    assert c.counts()["limited"] == 96


def test_a_late_condition_sees_what_was_captured(called, compile_c, run):
    program = compile_c(OPENS, name="opens")
    c = called("opens", """
    events:
      called:
        when: { call: "int open(const char *path, int flags, ...)" }
        if: { parameter: path, matches: '^/etc/' }
        properties: { error: "${call.errno}" }
      ended: { when: stop }
""")
    run(program, env=c.env(), check=True)
    c.ended()
    assert [event["properties"] for event in c.events("called")] == [{"error": 0}]


VFORK = r"""
#include <stdio.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
static char stack[65536];
static int child(void *of)
{
	return getpgid(0) < 0;
}
int main(void)
{
	pid_t pid;
	getpgid(0);
	for (int i = 0; i < 3; i++) {
		pid = vfork();
		if (pid == 0) {
			getpgid(0);
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		waitpid(pid, NULL, 0);
		getpgid(0);
	}
	pid = clone(child, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	waitpid(pid, NULL, 0);
	pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) {
		getpgid(0);
		syscall(SYS_exit_group, 0);
	}
	waitpid(pid, NULL, 0);
	getpgid(0);
	return 0;
}
"""


def test_vfork_children_and_strangers_record_nothing(called, compile_c, run):
    """Neither those that run in our memory, nor copies of it that nobody told us of."""
    program = compile_c(VFORK, name="vforks")
    c = called("vforks", RECORDED.format(prototype="pid_t getpgid(pid_t)", gates="", more=""))
    run(program, env=c.env(), check=True)
    c.ended()
    (own,) = {event["pid"] for event in c.events("ended")}
    assert [event["pid"] for event in c.events("called")] == [own] * 5


CONFINED = r"""
#include <fcntl.h>
#include <linux/seccomp.h>
#include <linux/filter.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#define ALLOW(n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, n, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
int main(void)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), ALLOW(SYS_openat), ALLOW(SYS_getpgid), ALLOW(SYS_exit_group),
		ALLOW(SYS_write), ALLOW(SYS_newfstatat), ALLOW(SYS_clock_gettime),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof(rules) / sizeof(rules[0]), rules };
	open("/etc/passwd", O_RDONLY);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return 2;
	for (int i = 0; i < 5; i++)
		open("/etc/hosts", O_RDONLY);
	_exit(0);
}
"""


def test_under_a_filter_of_system_calls_only_stores_are_made(called, compile_c, run):
    """Numbers are recorded, texts are not: looking at them would be a call that the filter may kill for."""
    program = compile_c(CONFINED, name="confined")
    c = called("confined", RECORDED.format(prototype="int open(const char *path, int flags, ...)", gates="", more=""))
    run(program, env=c.env(), check=True)
    c.ended()
    seen = [event["properties"] for event in c.events("called")]
    assert [one.get("first") for one in seen] == ["/etc/passwd"] + [None] * 5
    assert [one["result"] for one in seen] == [3, 4, 5, 6, 7, 8]


STRICT = r"""
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	write(1, "a", 1);
	if (argc > 1 ? prctl(PR_SET_TSC, PR_TSC_SIGSEGV) : prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT))
		return 2;
	write(1, "b", 1);
	write(1, "c", 1);
	syscall(SYS_exit, 0);
}
"""


@pytest.mark.parametrize("words", [[], ["tsc"]])
def test_a_process_without_a_clock_records_all_the_same(words, called, compile_c, run):
    """In seccomp's strict mode, and under PR_SET_TSC, even the vDSO's clock is deadly."""
    program = compile_c(STRICT, name="strict")
    c = called("strict", """
    events:
      called: { when: { call: "ssize_t write(int fd, const void *from, size_t n)" }, properties: { n: { parameter: n } } }
      slow: { when: { call: write }, if: { value: "${call.duration_ms}", above: 10000 } }
      ended: { when: stop }
""")
    assert run(program, *words, env=c.env(), check=True).stdout == "abc"
    c.ended()
    assert [event["properties"] for event in c.events("called")] == [{"n": 1}] * 3
    assert not c.events("slow")


def test_off_is_obeyed_at_once_by_a_running_process(called, compile_c, run, start):
    program = compile_c(LOOPS, name="loops")
    c = called("loops", RECORDED.format(prototype="pid_t getpgid(pid_t)", gates="", more=""))
    process = start(program, env=c.env(), stdout=-1, text=True)
    assert process.stdout.readline() == "ready\n"

    def seen():
        c.flush()
        return len(c.events("called"))

    support.wait_until(lambda: seen() > 10, 10, "call events")
    run(support.Bookend.tool, "off", "s", env=c.tool_env, check=True)
    off = seen()
    time.sleep(0.1)  # the loop goes on meanwhile
    run(support.Bookend.tool, "on", "s", env=c.tool_env, check=True)
    support.wait_until(lambda: seen() > off, 10, "call events again")
    process.send_signal(signal.SIGTERM)
    made = int(process.stdout.read())
    assert process.wait(10) == 0
    c.ended()
    assert len(c.events("called")) < made - 100


FULL = r"""
#include <unistd.h>
int main(void)
{
	for (int i = 0; i < 20000; i++)
		getpgid(0);
	return 0;
}
"""


def test_a_full_ring_drops_and_counts(called, compile_c, run):
    program = compile_c(FULL, name="full")
    c = called("full", """
    events:
      called: { when: { call: getpgid } }
      ended: { when: stop }
""")
    run(program, env=c.env(), check=True)
    c.ended()
    kept = len(c.events("called"))
    assert kept + c.counts()["ring_full"] == 20000 and 0 < kept < 20000


FLOATS = r"""
#include <stdio.h>
#include <stdlib.h>
double scale(double x, float y, int n);
int main(void)
{
	double sum = 0;
	for (int i = 1; i <= 10; i++)
		sum += scale(i * 0.5, i * 0.25f, i);
	printf("%.3f\n", sum);
	return 0;
}
"""


def test_floating_point_parameters_are_read_and_kept(called, compile_c, run):
    library = compile_c("double scale(double x, float y, int n) { return x * y + n; }", name="libscale.so",
                        flags=["-shared", "-fPIC"])
    program = compile_c(FLOATS, name="floats", libs=[library])
    c = called("floats", """
    measures:
      x: { call: "double scale(double x, float y, int n)", sum: { parameter: x } }
      y: { call: "double scale(double x, float y, int n)", last: { parameter: y } }
      n: { call: "double scale(double x, float y, int n)", sum: { parameter: n }, if: { parameter: x, above: 2.4 } }
    events:
      called:
        when: { call: "double scale(double x, float y, int n)", one_in: 10 }
        properties: { x: { parameter: x }, y: { parameter: y }, n: { parameter: n } }
      ended: { when: stop, properties: { x: "${measure.x}", y: "${measure.y}", n: "${measure.n}" } }
""")
    assert run(program, env=c.env(), check=True).stdout == run(program).stdout
    assert c.ended() == [{"x": 27.5, "y": 2.5, "n": 45 + 10 - 10}]
    assert [event["properties"] for event in c.events("called")] == [{"x": 0.5, "y": 0.25, "n": 1}]
