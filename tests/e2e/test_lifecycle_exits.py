"""Every way to end, in C: nobody outside can tell the shim is there, and the stop says how it was."""

import subprocess

import pytest

from lifecycle import Measured, alive, same_behaviour

PROGRAM = r"""
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <fcntl.h>

extern void __assert(const char *, const char *, int);
extern void __assert_perror_fail(int, const char *, unsigned, const char *);
static jmp_buf back;
static void exits(int s) { printf("handler %d\n", s); exit(0); }
static void exits_fast(int s) { _exit(6); }
static void jumps(int s) { siglongjmp(back, 1); }
static void returns(int s) {}
static void *thread_exits(void *x) { exit(9); }
static void *thread_ends(void *other) { pthread_join((pthread_t)other, NULL); return NULL; }
static void again(void) { puts("atexit"); }
static void at_quick(void) { puts("at_quick_exit"); fflush(stdout); }

int main(int argc, char **argv)
{
	const char *how = argv[1];
	pthread_t t;
	int status;
#define IS(x) (!strcmp(how, x))
	printf("begin %s\n", how);
	if (IS("return")) return 3;
	if (IS("exit")) exit(4);
	if (IS("exit 256+7")) exit(256 + 7);
	if (IS("exit -1")) exit(-1);
	if (IS("atexit")) { atexit(again); exit(0); }
	if (IS("atexit _exit")) { atexit(again); on_exit((void (*)(int, void *))_exit, NULL); exit(5); }
	if (IS("thread exit")) { pthread_create(&t, NULL, thread_exits, NULL); pause(); }
	if (IS("pthread_exit")) { pthread_create(&t, NULL, thread_ends, (void *)pthread_self()); pthread_exit(NULL); }
	fflush(stdout);
	if (IS("_exit")) _exit(5);
	if (IS("_Exit")) _Exit(6);
	if (IS("quick_exit")) { at_quick_exit(at_quick); quick_exit(7); }
	if (IS("syscall exit_group")) syscall(SYS_exit_group, 8);
#ifdef __x86_64__
	if (IS("raw exit_group")) { long rc; __asm__ volatile("syscall" : "=a"(rc) : "0"((long)SYS_exit_group), "D"(8L) : "rcx", "r11", "memory"); }
#else
	if (IS("raw exit_group")) { register long n __asm__("x8") = SYS_exit_group, c __asm__("x0") = 8; __asm__ volatile("svc 0" : : "r"(n), "r"(c) : "memory"); }
#endif
	if (IS("abort")) abort();
	if (IS("assert")) assert(!"so");
	if (IS("__assert")) __assert("x", "file", 3);
	if (IS("perror assert")) __assert_perror_fail(ENOENT, "file", 3, "f");
	if (IS("abort caught")) { signal(SIGABRT, jumps); if (!sigsetjmp(back, 1)) abort(); return 11; }
	if (IS("TERM")) raise(SIGTERM);
	if (IS("INT")) raise(SIGINT);
	if (IS("HUP")) kill(getpid(), SIGHUP);
	if (IS("QUIT")) raise(SIGQUIT);
	if (IS("KILL")) raise(SIGKILL);
	if (IS("SEGV")) *(volatile int *)8 = 1;
	if (IS("PIPE")) { int p[2]; pipe(p); close(p[0]); write(p[1], "x", 1); }
	if (IS("TERM in a thread")) { pthread_create(&t, NULL, thread_ends, (void *)pthread_self()); pthread_kill(t, SIGTERM); pause(); }
	if (IS("TERM handled")) { signal(SIGTERM, exits); raise(SIGTERM); }
	if (IS("INT handled, _exit")) { signal(SIGINT, exits_fast); raise(SIGINT); }
	if (IS("HUP returns")) { signal(SIGHUP, returns); raise(SIGHUP); return 12; }
	if (IS("TERM ignored")) { signal(SIGTERM, SIG_IGN); raise(SIGTERM); return 13; }
	if (IS("TERM default again")) { signal(SIGTERM, exits); signal(SIGTERM, SIG_DFL); raise(SIGTERM); }
	if (IS("vfork _exit")) { pid_t p = vfork(); if (!p) _exit(1); waitpid(p, &status, 0); return 14; }
	if (IS("vfork exec fails")) {
		pid_t p = vfork();
		if (!p) { execl("/nonexistent/x", "x", (char *)NULL); _exit(127); }
		waitpid(p, &status, 0);
		printf("%d\n", WEXITSTATUS(status));
		return 15;
	}
	if (IS("fork exit")) { pid_t p = fork(); if (!p) exit(1); waitpid(p, &status, 0); return 16; }
	if (IS("fork TERM")) { pid_t p = fork(); if (!p) raise(SIGTERM); waitpid(p, &status, 0); printf("%x\n", status); return 17; }
	if (IS("raw clone")) { pid_t p = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); if (!p) { setsid(); exit(1); } waitpid(p, &status, 0); return 18; }
	if (IS("fork of PID 1")) {
		unshare(CLONE_NEWPID);
		pid_t p = fork();
		if (!p) { void *kernels[8] = { 0 }; syscall(SYS_rt_sigaction, SIGTERM, NULL, kernels, 8); _exit(kernels[0] != SIG_DFL); }
		waitpid(p, &status, 0);
		printf("%x\n", status);
		return 24;
	}
	if (IS("system")) { status = system("exit 3"); printf("%x\n", status); return 19; }
	if (IS("exec fails")) { execl("/nonexistent/x", "x", (char *)NULL); printf("%d\n", errno); return 20; }
	if (IS("full stdout")) { int f = open("/dev/full", O_WRONLY); dup2(f, 1); puts("lost"); return 21; }
	if (IS("closed descriptors")) { for (int i = 0; i < 1024; i++) close(i); return 22; }
	if (IS("cleared environment")) { clearenv(); return 23; }
	return 99;
}
"""

# how it ends: (reason, code, signal) of the stop, and the signal that came before
EXITS = {
    "return": ("exit", 3, 0),
    "exit": ("exit", 4, 0),
    "exit 256+7": ("exit", 7, 0),
    "exit -1": ("exit", 255, 0),
    "atexit": ("exit", 0, 0),
    "atexit _exit": ("_exit", 5, 0),
    "thread exit": ("exit", 9, 0),
    "pthread_exit": ("exit", 0, 0),
    "_exit": ("_exit", 5, 0),
    "_Exit": ("_exit", 6, 0),
    "quick_exit": ("exit", 7, 0),
    "syscall exit_group": ("_exit", 8, 0),
    "raw exit_group": ("vanished", None, 0),
    "abort": ("abort", None, 6),
    "assert": ("abort", None, 6),
    "__assert": ("abort", None, 6),
    "perror assert": ("abort", None, 6),
    "abort caught": ("exit", 11, 0),
    "TERM": ("signal", None, 15),
    "INT": ("signal", None, 2),
    "HUP": ("signal", None, 1),
    "QUIT": ("vanished", None, 0),
    "KILL": ("vanished", None, 0),
    "SEGV": ("vanished", None, 0),
    "PIPE": ("vanished", None, 0),
    "TERM in a thread": ("signal", None, 15),
    "TERM handled": ("exit", 0, 0, 15),
    "INT handled, _exit": ("_exit", 6, 0, 2),
    "HUP returns": ("exit", 12, 0, 1),
    "TERM ignored": ("exit", 13, 0),
    "TERM default again": ("signal", None, 15),
    "vfork _exit": ("exit", 14, 0),
    "vfork exec fails": ("exit", 15, 0),
    "fork exit": ("exit", 16, 0),
    "fork TERM": ("exit", 17, 0),
    "raw clone": ("exit", 18, 0),
    "system": ("exit", 19, 0),
    "exec fails": ("exit", 20, 0),
    "full stdout": ("exit", 21, 0),
    "closed descriptors": ("exit", 22, 0),
    "cleared environment": ("exit", 23, 0),
}


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    from support import compile_c

    return compile_c(tmp_path_factory.mktemp("exits"), PROGRAM, name="exits", libs=["-pthread"])


@pytest.fixture
def measured(tmp_path, state):
    return Measured(tmp_path, state, {"alpha": ["exits"], "command": ["exits"]})


@pytest.mark.parametrize("how", EXITS)
def test_the_stop_of_a_service_says_how_it_ended(how, program, measured, tmp_path):
    same_behaviour([program, how], measured.env(), tmp_path)
    one = measured.one()
    assert one.end == EXITS[how][:3], one
    assert one.after == (EXITS[how][3] if len(EXITS[how]) > 3 else 0), one


@pytest.mark.parametrize("how", ["return", "_exit", "abort", "TERM handled", "fork exit", "vfork _exit", "system", "raw clone"])
def test_a_command_notes_its_end_too(how, program, measured, tmp_path):
    same_behaviour([program, how], measured.env("command"), tmp_path)
    (one,) = measured.lifecycles(1)
    assert (one.stops, one.end) == (1, EXITS[how][:3]), one


def test_a_command_has_no_hidden_handler(program, measured, tmp_path):
    same_behaviour([program, "TERM"], measured.env("command"), tmp_path)
    (one,) = measured.lifecycles(1)
    assert one.reason == "vanished", one


def test_a_signal_to_a_service_from_outside_ends_it_as_before(program, measured, start):
    process = start("/usr/bin/env", "-i", *[f"{k}={v}" for k, v in measured.env().items()], program, "TERM in a thread",
                    stdout=subprocess.DEVNULL)
    assert process.wait(10) == -15
    assert measured.one().end == ("signal", None, 15)
    assert not alive(process.pid)


def test_pid_1_has_no_hidden_handler(program, measured, run, root):
    """The kernel keeps default-action signals from PID 1: raise(SIGTERM) has no effect there."""
    done = run("unshare", "--fork", "--pid", "--mount-proc", program, "TERM", env=measured.env())
    assert done.returncode == 99


def test_nor_has_a_fork_that_becomes_pid_1(program, measured, tmp_path, root):
    """A signal that the kernel keeps from it would end its system calls with EINTR."""
    assert same_behaviour([program, "fork of PID 1"], measured.env(), tmp_path).stdout == "begin fork of PID 1\n0\n"
    assert measured.one().end == ("exit", 24, 0)
