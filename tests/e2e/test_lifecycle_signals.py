"""A program sees its own signal dispositions, and its handlers run as it asked for, with the hidden ones in place."""

import os

import pytest

from lifecycle import Measured, same_behaviour

VIEW = r"""
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void (*handler)(int);
extern handler sysv_signal(int, handler), bsd_signal(int, handler), ssignal(int, handler);
extern int __sigaction(int, const struct sigaction *, struct sigaction *);
static volatile sig_atomic_t count;
static void a(int s) { count++; }
static void b(int s, siginfo_t *i, void *u) { count += 10; printf("%d from me %d ucontext %d\n", s, i->si_pid == getpid(), u != NULL); }

static const char *name(handler h)
{
	return h == SIG_DFL ? "default" : h == SIG_IGN ? "ignore" : h == SIG_ERR ? "error" : h == SIG_HOLD ? "hold" :
	       h == a ? "a" : h == (handler)b ? "b" : "foreign";
}

static void show(const char *when, int s)
{
	struct sigaction x;
	sigset_t empty;
	memset(&x, 0, sizeof x);
	printf("%s %d: %d ", when, s, sigaction(s, NULL, &x));
	/* 0x4000000 is SA_RESTORER, libc's own */
	printf("%s flags %x blocks INT %d USR1 %d\n", name(x.sa_handler), x.sa_flags & ~0x4000000, sigismember(&x.sa_mask, SIGINT),
	       sigismember(&x.sa_mask, SIGUSR1));
}

static void one(int s)
{
	struct sigaction x = { .sa_sigaction = b, .sa_flags = SA_SIGINFO | SA_NODEFER }, old;
	sigset_t set;
	show("at start", s);
	printf("signal %s\n", name(signal(s, a)));
	show("after signal", s);
	raise(s); printf("count %d\n", count);
	printf("signal %s\n", name(signal(s, SIG_IGN)));
	raise(s);
	show("ignored", s);
	sigaddset(&x.sa_mask, SIGUSR1);
	printf("sigaction %d", sigaction(s, &x, &old)); printf(" old %s\n", name(old.sa_handler));
	show("after sigaction", s);
	raise(s); printf("count %d\n", count);
	printf("__sigaction %d", __sigaction(s, &x, &x)); printf(" old %s flags %x\n", name(x.sa_handler), x.sa_flags & ~0x4000000);
	printf("sysv %s\n", name(sysv_signal(s, a)));
	show("after sysv_signal", s);
	raise(s);
	show("after one shot", s);
	printf("bsd %s\n", name(bsd_signal(s, a)));
	printf("ssignal %s\n", name(ssignal(s, a)));
	printf("siginterrupt %d\n", siginterrupt(s, 1));
	show("interrupting", s);
	printf("sigset %s\n", name(sigset(s, SIG_HOLD)));
	show("held", s);
	printf("sigset %s\n", name(sigset(s, a)));
	raise(s); printf("count %d\n", count);
	printf("sigignore %d\n", sigignore(s));
	show("sigignore", s);
	x = (struct sigaction){ .sa_handler = SIG_DFL, .sa_flags = SA_RESTART };
	printf("default %d\n", sigaction(s, &x, NULL));
	show("default", s);
	if (fork() == 0) {
		show("in a child", s);
		printf("child %s\n", name(signal(s, a)));
		raise(s);
		show("in a child", s);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	show("in the parent", s);
	if (vfork() == 0) {
		struct sigaction v;
		show("in a vfork child", s);
		v = (struct sigaction){ .sa_handler = SIG_IGN };
		sigaction(s, &v, NULL);
		show("in a vfork child", s);
		signal(s, SIG_DFL);
		fflush(stdout);
		_exit(0);
	}
	wait(NULL);
	show("after vfork", s);
	count = 0;
	signal(s, a);
	raise(s);
	printf("count %d\n", count);
	show("at the end", s);
}

int main(int argc, char **argv)
{
	int all[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGCHLD };
	struct sigaction x = { .sa_handler = a };
	setbuf(stdout, NULL);
	for (int i = 0; i < 6; i++)
		one(all[i]);
	printf("bad %d", sigaction(SIGKILL, &x, NULL)); printf(" %d\n", errno);
	printf("bad %d", sigaction(99, &x, NULL)); printf(" %d\n", errno);
	printf("bad %d", sigaction(0, NULL, &x)); printf(" %d\n", errno);
	printf("bad %s %d\n", name(signal(-1, a)), errno);
	return 0;
}
"""

MEANING = r"""
#include <errno.h>
#include <signal.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t depth, deepest, hits;
static char *stack_low; static int on_alternate, blocked_usr1;
static jmp_buf back;
static void nested(int s)
{
	sigset_t now;
	char here;
	if (++depth > deepest) deepest = depth;
	if (hits++ == 0) raise(s);
	sigprocmask(SIG_BLOCK, NULL, &now);
	blocked_usr1 = sigismember(&now, SIGUSR1);
	on_alternate = stack_low && &here >= stack_low && &here < stack_low + 65536;
	errno = 77;
	depth--;
}
static void jump(int s) { siglongjmp(back, s); }
static void quiet(int s) { hits++; }
static void run(const char *what, int flags, int mask)
{
	struct sigaction x = { .sa_handler = nested, .sa_flags = flags };
	struct sigaction now;
	if (mask) sigaddset(&x.sa_mask, SIGUSR1);
	depth = deepest = hits = 0;
	sigaction(SIGTERM, &x, NULL);
	raise(SIGTERM);
	sigaction(SIGTERM, NULL, &now);
	printf("%s: hits %d deepest %d usr1 %d alternate %d default %d\n", what, hits, deepest, blocked_usr1, on_alternate, now.sa_handler == SIG_DFL);
}
/* Somebody who is woken by a signal is awake when kill() returns. */
static void until_asleep(pid_t pid)
{
	char path[64], line[512];
	do {
		FILE *stat = (sprintf(path, "/proc/%d/stat", pid), fopen(path, "r"));
		fgets(line, sizeof(line), stat);
		fclose(stat);
	} while (strrchr(line, ')')[2] != 'S' && !usleep(100));
}
static void reads(const char *what, int flags)
{
	struct sigaction x = { .sa_handler = quiet, .sa_flags = flags };
	int p[2], r;
	char c;
	pid_t child, me = getpid();
	pipe(p);
	sigaction(SIGHUP, &x, NULL);
	child = fork();
	if (!child) { until_asleep(me); kill(me, SIGHUP); until_asleep(me); write(p[1], "x", 1); _exit(0); }
	r = read(p[0], &c, 1);
	printf("%s: %d %d\n", what, r, r < 0 ? errno : 0);
	while (waitpid(child, NULL, 0) < 0);
}
int main(void)
{
	stack_t alternate = { .ss_size = 65536 };
	sigset_t term, pending;
	int s;
	run("plain", 0, 0);
	run("mask", 0, 1);
	run("nodefer", SA_NODEFER, 0);
	alternate.ss_sp = stack_low = mmap(NULL, 65536, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	sigaltstack(&alternate, NULL);
	run("onstack", SA_ONSTACK, 0);
	signal(SIGTERM, jump);
	s = sigsetjmp(back, 1);
	if (!s) raise(SIGTERM);
	printf("jumped with %d\n", s);
	reads("restart", SA_RESTART);
	reads("interrupt", 0);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&term); sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	raise(SIGTERM);
	sigpending(&pending);
	printf("pending %d", sigismember(&pending, SIGTERM));
	sigwait(&term, &s);
	printf(" waited %d\n", s);
	fflush(stdout);
	sigprocmask(SIG_UNBLOCK, &term, NULL);
	run("resethand", SA_RESETHAND | SA_NODEFER, 0); /* the second one has the default action */
	return 0;
}
"""


@pytest.fixture
def measured(tmp_path, state):
    return Measured(tmp_path, state, {"alpha": ["view", "meaning"], "command": ["view", "meaning"]})


@pytest.mark.parametrize("service", ["alpha", "command"])
def test_a_program_reads_back_what_it_wrote(service, compile_c, measured, tmp_path):
    view = compile_c(VIEW, name="view")
    done = same_behaviour([view], measured.env(service), tmp_path)
    assert "foreign" not in done.stdout, done.stdout
    assert "at start 15: 0 default flags 0 " in done.stdout
    (one,) = measured.lifecycles(1)
    assert (one.reason, one.code, one.after) == ("exit", 0, 3), one


def test_signals_ignored_at_the_start_stay_ignored(compile_c, measured, tmp_path):
    view = compile_c(VIEW, name="view")
    done = same_behaviour(["/usr/bin/nohup", view], measured.env(), tmp_path)
    assert "at start 1: 0 ignore flags 0 " in done.stdout


@pytest.mark.parametrize("service", ["alpha", "command"])
def test_flags_and_masks_of_handlers_keep_their_meaning(service, compile_c, measured, tmp_path):
    meaning = compile_c(MEANING, name="meaning")
    done = same_behaviour([meaning], measured.env(service), tmp_path)
    assert done.returncode == -15
    (one,) = measured.lifecycles(1)
    assert one.stops == 1
    assert service == "command" or one.end == ("signal", None, 15), one


PYTHON = """
import os, signal, subprocess
print([signal.getsignal(s) for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)])
print(subprocess.run(['/bin/sh', '-c', 'trap; kill -TERM $$']).returncode)
signal.signal(signal.SIGTERM, lambda *a: print('python handler'))
os.kill(os.getpid(), signal.SIGTERM)
signal.signal(signal.SIGTERM, signal.SIG_DFL)
print(os.system('kill -INT $$'))
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    print('interrupted')
"""


@pytest.mark.parametrize("command, after", [
    (["/usr/bin/python3", "-c", PYTHON], 2),
    (["/usr/bin/perl", "-e", '$SIG{TERM} = sub { print "got it\\n" }; kill 15, $$; $SIG{TERM} = "DEFAULT"; print system("kill -15 \\$\\$"), "\\n"'], 15),
    (["/bin/bash", "-c", 'trap "echo trapped" TERM HUP; kill -TERM $$; kill -HUP $$; trap - TERM; (kill -TERM $BASHPID); echo $?'], 1),
    (["/bin/dash", "-c", 'trap "echo trapped" TERM; kill -TERM $$; trap - TERM; (kill -INT 0) & wait; exit 3'], 15),
])
def test_interpreters_keep_their_traps(command, after, tmp_path, state):
    program = os.path.basename(os.path.realpath(command[0]))
    measured = Measured(tmp_path, state, {"alpha": [program]})
    done = same_behaviour(command, measured.env(), tmp_path, start_new_session=True)
    one = measured.lifecycles(1)[0]
    assert (one.code, one.after) == (done.returncode, after) or one.signal == -done.returncode, one
