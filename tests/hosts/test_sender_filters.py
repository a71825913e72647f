"""Filters of system calls: from before the start, and put on between two requests. None of ours meets one."""

import pytest

import support
from host import ended
from sending import run_at_work

PROGRAM = r"""
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define FORBID(number, how) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1), BPF_STMT(BPF_RET | BPF_K, (how))

/* Everything but writing and ending kills the whole process. */
static struct sock_filter few[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	ALLOW(SYS_write), ALLOW(SYS_exit_group), ALLOW(SYS_clock_gettime), ALLOW(SYS_fstat), ALLOW(SYS_newfstatat), ALLOW(SYS_rt_sigreturn),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};
static struct sock_filter no_sockets[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	FORBID(SYS_socket, SECCOMP_RET_ERRNO | EPERM), FORBID(SYS_connect, SECCOMP_RET_ERRNO | EPERM),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};
static struct sock_filter deadly_sockets[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	FORBID(SYS_socket, SECCOMP_RET_KILL_PROCESS), FORBID(SYS_connect, SECCOMP_RET_KILL_PROCESS),
	FORBID(SYS_close_range, SECCOMP_RET_KILL_PROCESS),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static struct sock_fprog program_of(const char *name)
{
#define PROGRAM(list) (struct sock_fprog){ sizeof(list) / sizeof(*list), list }
	if (!strcmp(name, "few"))
		return PROGRAM(few);
	return !strcmp(name, "no_sockets") ? PROGRAM(no_sockets) : PROGRAM(deadly_sockets);
}

static int put_on(const char *way, struct sock_fprog *program)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!strcmp(way, "all"))
		return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, program);
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program);
}

/* One that is refused, then one that is not. */
static int put_on_twice(struct sock_fprog *program)
{
	struct sock_fprog bad = { 0, NULL };

	printf("refused: %d %d\n", put_on("all", &bad), errno);
	fflush(stdout);
	usleep(400000);
	return put_on("all", program);
}

static void spend(double seconds)
{
	struct timespec a, b;

	clock_gettime(CLOCK_MONOTONIC, &a);
	do
		clock_gettime(CLOCK_MONOTONIC, &b);
	while (b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) / 1e9 < seconds);
}

int main(int argc, char **argv)
{
	struct sock_fprog program = program_of(argv[1]);
	char line[8];
	int rc;

	if (argc > 3) {
		rc = put_on("all", &program);
		execv(argv[3], argv + 3);
		return 1;
	}
	fgets(line, sizeof(line), stdin);
	rc = !strcmp(argv[2], "twice") ? put_on_twice(&program) : put_on(argv[2], &program);
	printf("filter: %d\n", rc);
	fflush(stdout);
	spend(0.3);
	exit(5);
}
"""


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    return support.compile_c(tmp_path_factory.mktemp("filters"), PROGRAM, name="filtered")


@pytest.mark.parametrize("way", ["own", "all", "twice"])
@pytest.mark.parametrize("filter", ["few", "no_sockets", "deadly_sockets"])
def test_between_two_requests(sending, program, filter, way):
    s = sending("filtered")
    status, out, errors = s.both(lambda world, at_work: run_at_work(world, at_work, program, filter, way))
    assert (status, errors) == (5, "") and "filter: 0" in out, (status, out, errors)
    s.delivered(ended("filtered", code=5))


@pytest.mark.parametrize("filter", ["no_sockets", "deadly_sockets"])
def test_from_before_the_start(sending, program, filter, tmp_path):
    """The thread looks, and makes no call that a filter could mind but this one."""
    other = support.compile_c(tmp_path, '#include <unistd.h>\n#include <stdio.h>\nint main(void) { usleep(700000); puts("end"); return 6; }',
                              name="behind")
    s = sending("behind", by=None)
    ways = []

    def scenario(world, at_work):
        process = world.start(program, filter, "all", other, stdout=-1)
        if world.measured:
            ways.append(support.wait_until(lambda: next((w for w in s.ways().values() if "filter" in w[1]), None), 10, "the way"))
        return process.communicate(timeout=20)[0], process.returncode

    assert s.both(scenario) == (b"end\n", 6)
    assert ways[0][0] == "later"
    s.delivered(ended("behind", code=6))
