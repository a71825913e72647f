"""Calls that a thread could make fail, or that must not meet one: each while the sender is at work."""

import pytest

from host import ended
from sending import as_root, run_at_work

PROGRAM = r"""
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *what, int rc) { printf("%s: %d %s\n", what, rc, rc < 0 ? strerror(errno) : ""); fflush(stdout); }

static void user_namespace(void)
{
	errno = 77;
	say("unshare", unshare(CLONE_NEWUSER));
	printf("errno %d, uid %d\n", errno, getuid());
}

static void *drop(void *unused)
{
	say("setgid", setgid(65534));
	say("setuid", setuid(65534));
	return NULL;
}

/* Every thread has it, ours too: or libc ends the process. */
static void user_in_a_thread(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, drop, NULL);
	pthread_join(thread, NULL);
	printf("uid %d %d\n", getuid(), geteuid());
	fflush(stdout);
	system("for t in /proc/$PPID/task/*; do grep -H ^Uid $t/status; done | cut -d: -f2,3 | sort -u");
}

static void other_namespace(void)
{
	char path[64], byte;
	int pair[2], fd;
	pid_t child;

	pipe(pair);
	child = fork();
	if (!child) {
		unshare(CLONE_NEWUSER);
		write(pair[1], "x", 1);
		pause();
	}
	read(pair[0], &byte, 1);
	snprintf(path, sizeof(path), "/proc/%d/ns/user", child);
	fd = open(path, O_RDONLY);
	say("setns", setns(fd, CLONE_NEWUSER));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static void root(void)
{
	say("chroot nowhere", chroot("/nonexistent"));
	say("chroot", chroot("."));
	say("chdir", chdir("/"));
	say("open", open("/etc/passwd", O_RDONLY));
	usleep(300000);
	say("fork", fork() == 0 ? (_exit(0), 0) : wait(NULL) > 0);
}

static void raw_calls(void)
{
	say("unshare", syscall(SYS_unshare, CLONE_NEWUSER));
	say("chroot", syscall(SYS_chroot, "."));
	usleep(300000);
}

static void mounts(void) { say("unshare", unshare(CLONE_FS | CLONE_FILES)); }

static void *leave_last(void *unused)
{
	usleep(300000);
	puts("last");
	return NULL;
}

static void main_thread_leaves(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, leave_last, NULL);
	pthread_exit(NULL);
}

static void vforks(void)
{
	for (int i = 0; i < 200; i++) {
		pid_t child = vfork();

		if (!child)
			_exit(i & 127);
		int status;
		waitpid(child, &status, 0);
		if (WEXITSTATUS(status) != (i & 127))
			say("vfork", i);
	}
	say("vforked", 200);
}

static int listed(const char *path)
{
	DIR *folder = opendir(path);
	int count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count;
}

/* Each alone, or the first would do for all. */
static void asks_stat(void)
{
	struct stat st;

	say("stat", stat("/proc/self/task", &st));
	printf("%d links\n", (int)st.st_nlink);
}

static void asks_fstatat(void)
{
	struct stat st;

	say("fstatat", fstatat(open("/proc", O_RDONLY | O_DIRECTORY), "self/task/", &st, 0));
	printf("%d links\n", (int)st.st_nlink);
}

static void asks_by_number(void)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/task//", getpid());
	say("stat", stat(path, &st));
	printf("%d links\n", (int)st.st_nlink);
}

/* As programs that were built for an older libc do. */
static void asks_older(void)
{
	int (*ask)(int, int, const char *, struct stat *, int) = dlsym(RTLD_DEFAULT, "__fxstatat64");
	struct stat st = { 0 };

	say("__fxstatat64", ask(sizeof(long) == 8 && sizeof(st.st_nlink) == 8, AT_FDCWD, "/proc/self/task", &st, 0));
	printf("%d links\n", (int)st.st_nlink);
}

static void lists(void) { printf("%d entries\n", listed("/proc/self/task")); }

/* What is no list of ours, and what can not be read. */
static void asks_others(void)
{
	struct stat st;
	char path[40];

	say("parent's", stat("/proc/1/task", &st));
	printf("%d entries\n", listed("/proc/self/fdinfo") > 2);
	say("nowhere", stat("/nowhere/self/task", &st));
	say("no path", stat((char *)16, &st));
	errno = 0;
	say("empty path", fstatat(0, "", &st, AT_EMPTY_PATH));
	snprintf(path, sizeof(path), "%d", getpid());
	mkdir(path, 0700);
	strcat(path, "/task");
	say("own name", mkdir(path, 0700));
	say("own name", stat(path, &st));
}

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*act)(void); } acts[] = {
		{ "user_namespace", user_namespace }, { "user_in_a_thread", user_in_a_thread }, { "other_namespace", other_namespace },
		{ "root", root }, { "raw_calls", raw_calls }, { "mounts", mounts }, { "main_thread_leaves", main_thread_leaves }, { "vforks", vforks },
		{ "asks_stat", asks_stat }, { "asks_fstatat", asks_fstatat }, { "asks_by_number", asks_by_number }, { "asks_older", asks_older },
		{ "lists", lists }, { "asks_others", asks_others },
	};
	char line[8];

	fgets(line, sizeof(line), stdin);
	for (unsigned i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		if (!strcmp(acts[i].name, argv[1]))
			acts[i].act();
	usleep(200000);
	return 7;
}
"""


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    import support
    return support.compile_c(tmp_path_factory.mktemp("alone"), PROGRAM, name="alone", libs=["-lpthread"])


NEEDS_ROOT = {"user_in_a_thread", "other_namespace", "root"}


@pytest.mark.parametrize("act,code", [
    ("user_namespace", 7), ("user_in_a_thread", 7), ("other_namespace", 7), ("root", 7), ("raw_calls", 7), ("mounts", 7), ("main_thread_leaves", 0),
    ("vforks", 7), ("asks_stat", 7), ("asks_fstatat", 7), ("asks_by_number", 7), ("asks_older", 7), ("lists", 7), ("asks_others", 7)])
def test_is_as_without_us(sending, program, act, code):
    if act in NEEDS_ROOT and not as_root():
        pytest.skip("needs root")
    s = sending("alone")
    status, out, errors = s.both(lambda world, at_work: run_at_work(world, at_work, program, act))
    assert (status, errors) == (code, "") and out, (status, out, errors)
    assert act not in ("user_namespace", "raw_calls") or "unshare: 0" in out
    assert not act.startswith("asks_") or "links" not in out or "3 links" in out  # of a folder with one in it
    s.delivered(ended("alone", code=code))
