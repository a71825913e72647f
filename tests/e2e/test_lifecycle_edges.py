"""Programs that leave the beaten track: late deaths, changed credentials, taken memory, limits, roots, filters of system calls."""

import os
import signal
import subprocess

import pytest

import support
from lifecycle import Measured, same_behaviour

PROGRAM = r"""
#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static void a(int s) { printf("a %d\n", s); }
static void b(int s) { exit(30); }
static void *ends(void *x) { char c; read(0, &c, 1); return x; }
static void *changes(void *x) { printf("%d %d\n", setgid(65534), setuid(65534)); return x; }

static void limit(int what, size_t bytes)
{
	struct rlimit r = { bytes, bytes };
	printf("limit %d\n", setrlimit(what, &r));
}

static void confine(int through_prctl, unsigned otherwise, const int *allowed)
{
	struct sock_filter filter[64];
	struct sock_fprog program = { 0, filter };

	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (; *allowed >= 0; allowed++) {
		filter[program.len++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, *allowed, 0, 1);
		filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, otherwise);
	printf("no new privileges %d\n", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	printf("about to be confined\n");
	fflush(stdout);
	if (through_prctl)
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
	else
		syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

int main(int argc, char **argv)
{
	/* What a program that writes and exits needs, and what one with children and signals does. */
	static const int few[] = { SYS_write, SYS_exit_group, SYS_exit, -1 };
	static const int more[] = { SYS_write, SYS_exit_group, SYS_exit, SYS_kill, SYS_clone, SYS_set_robust_list, SYS_wait4,
				    SYS_rt_sigreturn, SYS_futex, SYS_rt_sigprocmask, SYS_rt_sigaction, -1 };
	const char *how = argv[1];
	pthread_t t;
	pid_t p, me = getpid();
	int status;
	char c;
#define IS(x) (!strcmp(how, x))
	if (IS("late SIGPIPE")) { char big[3000]; int f[2]; pipe(f); dup2(f[1], 1); close(f[0]); memset(big, 'x', 3000); fwrite(big, 1, 3000, stdout); exit(0); }
	printf("begin %s\n", how);
	if (IS("main thread ends")) { printf("end\n"); fflush(stdout); pthread_create(&t, NULL, ends, NULL); pthread_exit(NULL); }
	if (IS("TERM ignored")) { signal(SIGTERM, SIG_IGN); printf("ready\n"); fflush(stdout); read(0, &c, 1); return 31; }
	if (IS("handlers replaced")) {
		for (int i = 0; i < 1000; i++) { signal(SIGTERM, a); signal(SIGTERM, SIG_DFL); signal(SIGTERM, SIG_IGN); }
		raise(SIGTERM); signal(SIGTERM, a); raise(SIGTERM); signal(SIGTERM, b); fflush(stdout); raise(SIGTERM);
	}
	if (IS("close_range")) { fflush(stdout); close_range(0, ~0u, 0); return 32; }
	if (IS("closefrom")) { fflush(stdout); closefrom(0); exit(33); }
	if (IS("chroot")) { printf("%d\n", chroot(argv[2])); chdir("/"); return 34; }
	if (IS("setuid")) { setgroups(0, NULL); printf("%d %d\n", setgid(65534), setuid(65534)); return 35; }
	if (IS("setuid in a thread")) { pthread_create(&t, NULL, changes, NULL); pthread_join(t, NULL); return 36; }
	if (IS("seteuid and back")) { printf("%d %d\n", seteuid(65534), seteuid(0)); return 37; }
	if (IS("setuid, fork")) { setuid(65534); p = fork(); if (!p) exit(1); waitpid(p, &status, 0); return 38; }
	if (IS("mlockall")) {
		limit(RLIMIT_MEMLOCK, 8 << 20); printf("%d\n", mlockall(MCL_CURRENT | MCL_FUTURE));
		printf("%d\n", malloc(1 << 20) != NULL); return 39;
	}
	if (IS("little address space")) { limit(RLIMIT_AS, 12 << 20); printf("%d\n", malloc(1 << 20) != NULL); p = fork(); if (!p) exit(3); waitpid(p, &status, 0); printf("%x\n", status); return 40; }
	if (IS("argv rewritten")) {
		char *end = argv[argc - 1] + strlen(argv[argc - 1]);
		for (char **e = environ; *e; e++)
			if (*e == end + 1)
				end = *e + strlen(*e);
		memset(argv[0], 'Z', end - argv[0]);
		environ = NULL;
		return 41;
	}
	if (IS("subreaper")) { printf("%d\n", prctl(PR_SET_CHILD_SUBREAPER, 1)); return 42; }
	if (IS("no descriptors")) { limit(RLIMIT_NOFILE, 3); return 43; }
	if (IS("no files")) { limit(RLIMIT_FSIZE, 0); return 44; }
	if (IS("words of syscall and prctl")) {
		int f = fileno(tmpfile());
		char name[16] = "";
		pwrite(f, "here", 4, 8192);
		char *at = (char *)syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, f, 8192L);
		printf("%.4s\n", at);
		printf("%ld %d\n", syscall(SYS_close, -1), errno);
		printf("%ld\n", syscall(SYS_getpid) - getpid());
		printf("%d %d %s\n", prctl(PR_SET_NAME, "renamed"), prctl(PR_GET_NAME, name), name);
		printf("%d %d\n", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), prctl(PR_GET_SECCOMP));
		printf("%d %d\n", prctl(-1, 0, 0, 0, 0), errno);
		return 45;
	}
	if (IS("kill filter")) { confine(1, SECCOMP_RET_KILL_PROCESS, few); write(1, "inside\n", 7); exit(50); }
	if (IS("kill filter, return")) { confine(0, SECCOMP_RET_KILL_PROCESS, few); return 51; }
	if (IS("kill filter, _exit")) { confine(0, SECCOMP_RET_KILL_PROCESS, few); _exit(52); }
	if (IS("errno filter")) { confine(0, SECCOMP_RET_ERRNO | EPERM, few); exit(53); }
	if (IS("kill filter violated")) { confine(0, SECCOMP_RET_KILL_PROCESS, few); getppid(); }
	if (IS("kill filter, TERM")) { confine(1, SECCOMP_RET_KILL_PROCESS, more); kill(me, SIGTERM); }
	if (IS("kill filter, handler")) { signal(SIGTERM, b); confine(1, SECCOMP_RET_KILL_PROCESS, more); kill(me, SIGTERM); }
	if (IS("kill filter, late handler")) { confine(1, SECCOMP_RET_KILL_PROCESS, more); signal(SIGTERM, a); kill(me, SIGTERM); signal(SIGTERM, SIG_DFL); return 54; }
	if (IS("kill filter, fork")) { confine(1, SECCOMP_RET_KILL_PROCESS, more); p = fork(); if (!p) _exit(3); waitpid(p, &status, 0); exit(WEXITSTATUS(status) + 50); }
	if (IS("kill filter, raw clone")) { confine(0, SECCOMP_RET_KILL_PROCESS, more); p = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); if (!p) _exit(3); waitpid(p, &status, 0); exit(WEXITSTATUS(status) + 51); }
	if (IS("forked, kill filter")) { p = fork(); if (!p) { confine(1, SECCOMP_RET_KILL_PROCESS, few); exit(4); } waitpid(p, &status, 0); printf("%x\n", status); exit(55); }
	if (IS("refused filter")) { printf("%d\n", prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL)); fflush(stdout); raise(SIGTERM); }
	return 99;
}
"""

# how: the end that its stop tells of, and the signal that came before
EDGES = {
    "handlers replaced": ("exit", 30, 0, 15),
    "close_range": ("exit", 32, 0),
    "closefrom": ("exit", 33, 0),
    "mlockall": ("exit", 39, 0),
    "little address space": ("exit", 40, 0),
    "argv rewritten": ("exit", 41, 0),
    "subreaper": ("exit", 42, 0),
    "no descriptors": ("exit", 43, 0),
    "no files": ("exit", 44, 0),
    "words of syscall and prctl": ("exit", 45, 0),
    "kill filter": ("exit", 50, 0),
    "kill filter, return": ("exit", 51, 0),
    "kill filter, _exit": ("_exit", 52, 0),
    "errno filter": ("exit", 53, 0),
    "kill filter violated": ("vanished", None, 0),
    "kill filter, TERM": ("vanished", None, 0),
    "kill filter, handler": ("exit", 30, 0, 15),
    "kill filter, late handler": ("exit", 54, 0, 15),
    "kill filter, fork": ("exit", 53, 0),
    "kill filter, raw clone": ("exit", 54, 0),
    "forked, kill filter": ("exit", 55, 0),
    "refused filter": ("signal", None, 15),
}
AS_ROOT = {
    "chroot": ("exit", 34, 0),
    "setuid": ("exit", 35, 0),
    "setuid in a thread": ("exit", 36, 0),
    "seteuid and back": ("exit", 37, 0),
    "setuid, fork": ("exit", 38, 0),
}
FILTERS = [how for how in EDGES if "filter" in how]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return support.compile_c(tmp_path_factory.mktemp("edges"), PROGRAM, name="edges", libs=["-pthread"])


@pytest.fixture
def measured(tmp_path, state):
    return Measured(tmp_path, state, {"alpha": ["edges"], "helped": ["edges"], "command": ["edges"]})


def limited(*command):
    """Without the privilege to lock more than the limit."""
    return ["setpriv", "--bounding-set", "-ipc_lock", *command] if os.geteuid() == 0 else list(command)


def check(how, expected, one):
    assert (one.starts, one.stops, one.end) == (1, 1, expected[:3]), f"{how}: {one}"
    assert one.after == (expected[3] if len(expected) > 3 else 0), f"{how}: {one}"


@pytest.mark.parametrize("service", ["alpha", "helped"])
@pytest.mark.parametrize("how", EDGES)
def test_a_program_on_the_edge_behaves_as_before_and_has_its_events(how, service, program, measured, tmp_path):
    same_behaviour(limited(program, how), measured.env(service), tmp_path)
    check(how, EDGES[how], measured.one())


def test_the_limits_are_those_that_hosts_live_under(program, measured, tmp_path):
    """Locking everything with 8 MiB to lock, and forking in 12 MiB of address space, succeeds."""
    locked = same_behaviour(limited(program, "mlockall"), measured.env(), tmp_path)
    assert locked.stdout == "begin mlockall\nlimit 0\n0\n1\n"
    little = same_behaviour([program, "little address space"], measured.env("command"), tmp_path)
    assert little.stdout.endswith("begin little address space\nlimit 0\n1\n300\n")


@pytest.mark.parametrize("service", ["alpha", "helped"])
@pytest.mark.parametrize("how", AS_ROOT)
def test_roots_and_credentials_may_change(how, service, program, measured, root, tmp_path):
    """No helper is spawned for another user; the events lie in the pool of the user that it had at its start."""
    same_behaviour([program, how, tmp_path], measured.env(service), tmp_path)
    check(how, AS_ROOT[how], measured.one())


@pytest.mark.parametrize("how", ["setuid", "setuid in a thread", "kill filter", "errno filter", "chroot"])
def test_no_helper_is_spawned_where_it_could_not_work(how, program, measured, root, state, tmp_path):
    support.run(program, how, tmp_path, env=measured.env("helped"))
    counts = support.status(measured.tool_env)["counts"]
    assert counts["helpers"] == 0, counts
    assert measured.one().stops == 1


@pytest.mark.parametrize("how", FILTERS)
def test_a_command_may_be_confined(how, program, measured, tmp_path):
    same_behaviour([program, how], measured.env("command"), tmp_path)
    (one,) = measured.lifecycles(1)
    expected = ("vanished", None, 0) if how == "refused filter" else EDGES[how][:3]
    assert (one.stops, one.end) == (1, expected), one


UNDER_RUN = {
    "late SIGPIPE": ("signal", None, 13),
    "kill filter": ("exit", 50, 0),
    "kill filter violated": ("signal", None, signal.SIGSYS),
    "kill filter, TERM": ("signal", None, 15),
}


@pytest.mark.parametrize("how", UNDER_RUN)
def test_the_launcher_tells_what_the_dead_could_not(how, program, measured):
    done = support.run(support.Bookend.tool, "run", "--policy", measured.policy, "--service", "alpha", "--", program, how,
                       env=measured.tool_env)
    reason, code, number = UNDER_RUN[how]
    assert done.returncode == (code if reason == "exit" else -number)
    assert measured.one().end == (reason, code, number)


def test_a_late_death_that_nobody_waits_for_is_told_as_noted(program, measured, tmp_path):
    """A stated limit: the pool's drainers come when even the zombie is gone."""
    done = same_behaviour([program, "late SIGPIPE"], measured.env(), tmp_path)
    assert done.returncode == -signal.SIGPIPE
    assert measured.one().end == ("exit", 0, 0)


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


def test_a_process_whose_main_thread_has_ended_is_not_dead(program, measured, start):
    """It looks like a zombie; its stop comes once, when its last thread has ended."""
    process = start(program, "main thread ends", env=measured.env(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    support.wait_until(lambda: state_of(process.pid) == "Z", 10, "the end of the main thread")
    measured.flush()
    assert sum(one.stops for one in measured.found()) == 0
    process.stdin.close()
    assert process.wait(10) == 0
    check("main thread ends", ("exit", 0, 0), measured.one())


def test_an_ignored_signal_has_no_effect_and_leaves_no_trace(program, measured, start):
    process = start(program, "TERM ignored", env=measured.env(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begin TERM ignored\n" and process.stdout.readline() == "ready\n"
    process.terminate()
    process.stdin.close()
    assert process.wait(10) == 31
    check("TERM ignored", ("exit", 31, 0), measured.one())


