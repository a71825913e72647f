"""Habits of programs that a thread with libraries of its own could suffer from, or make them suffer: each while it is at work."""

import pytest

import support
from host import ended
from sending import as_root, run_at_work

PROGRAM = r"""
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

#define FOR(seconds) for (double end = now() + (seconds); now() < end;)

static void environment(void)
{
	static char *own[] = { "A=1", NULL };
	unsigned rounds = 0;

	FOR (1) {
		for (int i = 0; i < 200; i++) {
			char name[16];

			sprintf(name, "V%d", i);
			setenv(name, "value that is long enough to be moved about in memory", 1);
		}
		clearenv();
		environ = own;
		setenv("B", "2", 1);
		rounds++;
	}
	printf("%d %s %s\n", rounds > 0, getenv("A"), getenv("B"));
}

static void descriptors(void)
{
	int lock, pair[2], bad = 0;
	struct flock whole = { .l_type = F_WRLCK };
	char path[64];

	FOR (1) {
		closefrom(3);
		pipe(pair);
		bad += pair[0] != 3 || pair[1] != 4;
		snprintf(path, sizeof(path), "lock-%d", getpid());
		lock = open(path, O_RDWR | O_CREAT, 0600);
		bad += lock != 5 || fcntl(lock, F_SETLK, &whole) != 0;
		usleep(20000);
		if (!fork()) {
			whole.l_pid = 0;
			whole.l_type = F_WRLCK;
			_exit(fcntl(lock, F_GETLK, &whole) || whole.l_type != F_WRLCK || whole.l_pid != getppid());
		}
		int status = -1;
		wait(&status);
		bad += status != 0;
		unlink(path);
	}
	DIR *open_ones = opendir("/proc/self/fd");
	int count = 0;
	while (readdir(open_ones))
		count++;
	printf("bad %d, open %d\n", bad, count);
}

/* As shells and servers do: each child loads, looks up, and calculates a digest. */
static void forks(void)
{
	unsigned bad = 0, made = 0;

	FOR (1.5) {
		pid_t child = fork();

		if (!child) {
			void *crypto = dlopen("libcrypto.so.3", RTLD_NOW);
			unsigned char *(*sha)(const void *, size_t, unsigned char *) = crypto ? dlsym(crypto, "SHA256") : NULL;
			void *zlib = dlopen("libz.so.1", RTLD_NOW | RTLD_GLOBAL);
			unsigned char digest[32];

			exit(!sha || !sha("a", 1, digest) || digest[0] != 0xca || !zlib || !getpwnam("root"));
		}
		int status = -1;
		waitpid(child, &status, 0);
		bad += status != 0;
		made++;
	}
	printf("bad %u, some %d\n", bad, made > 3);
}

static void *thread_main(void *unused)
{
	return malloc(100);
}

static void threads_in_children(void)
{
	unsigned bad = 0;

	FOR (1) {
		pid_t child = fork();

		if (!child) {
			for (int i = 0; i < 8; i++) {
				pthread_t t[4];

				for (int j = 0; j < 4; j++)
					pthread_create(&t[j], NULL, thread_main, NULL);
				for (int j = 0; j < 4; j++)
					pthread_join(t[j], NULL);
			}
			exit(0);
		}
		int status = -1;
		waitpid(child, &status, 0);
		bad += status != 0;
	}
	printf("bad %u\n", bad);
}

static void loads(void)
{
	unsigned bad = 0;

	FOR (1) {
		void *curl = dlopen("libcurl.so.4", RTLD_NOW);
		char *(*version)(void) = curl ? dlsym(curl, "curl_version") : NULL;

		bad += !version || strncmp(version(), "libcurl/", 8) || dlclose(curl);
	}
	printf("bad %u\n", bad);
}

/* How many of the libraries with thread-local variables of the static model still fit. */
static void thread_locals(void)
{
	unsigned fit = 0;
	char path[64];

	for (int i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "./tls-%d.so", i);
		if (access(path, F_OK))
			break;
		fit += dlopen(path, RTLD_NOW) != NULL;
	}
	printf("fit %u\n", fit);
}

/* Behind a failed one, an ordinary library still loads. */
static void full(void)
{
	printf("again %d\n", !dlopen("libcrypto.so.3", RTLD_NOW));
}

static void locked(void)
{
	printf("lock %d\n", mlockall(MCL_CURRENT | MCL_FUTURE));
	usleep(300000);
}

static void many_allocations(void)
{
	unsigned bad = 0;

	FOR (1) {
		char *block[64];

		for (int i = 0; i < 64; i++) {
			block[i] = malloc(i * 97 + 1);
			memset(block[i], i, i * 97 + 1);
		}
		for (int i = 0; i < 64; i++) {
			bad += block[i][i * 97] != i;
			free(block[i]);
		}
		malloc_trim(0);
	}
	printf("bad %u\n", bad);
}

static void quick(void) { quick_exit(9); }
static void raw(void) { _exit(10); }
static void aborts(void) { abort(); }

int main(int argc, char **argv)
{
	static const struct { const char *name; void (*act)(void); } acts[] = {
#define ACT(name) { #name, name }
		ACT(environment), ACT(descriptors), ACT(forks), ACT(threads_in_children), ACT(loads), ACT(thread_locals), ACT(locked), ACT(full),
		ACT(many_allocations), ACT(quick), ACT(raw), ACT(aborts),
	};
	char line[8];

	if (!strcmp(argv[1], "descriptors"))
		closefrom(3);
	if (!strcmp(argv[1], "full"))
		thread_locals();
	fgets(line, sizeof(line), stdin);
	for (unsigned i = 0; i < sizeof(acts) / sizeof(*acts); i++)
		if (!strcmp(acts[i].name, argv[1]))
			acts[i].act();
	return 7;
}
"""

TLS = "static __thread char big[{size}] __attribute__((tls_model(\"initial-exec\"))); char *at{n}(void) {{ return big; }}"
GUARANTEED = 512  # glibc.rtld.optional_static_tls: what libc keeps for libraries that come late


def thread_local_libraries(folder, count, size):
    made = []
    for n in range(count):
        source = folder / f"tls-{n}.c"
        source.write_text(TLS.format(size=size, n=n))
        made.append(folder / f"tls-{n}.so")
        support.run("cc", "-shared", "-fPIC", "-o", made[-1], source, check=True)
    return made


@pytest.fixture(scope="session")
def program(tmp_path_factory):
    return support.compile_c(tmp_path_factory.mktemp("habits"), PROGRAM, name="habits", libs=["-lpthread", "-ldl"])


@pytest.mark.parametrize("act", ["environment", "descriptors", "forks", "threads_in_children", "loads", "locked",
                                 "many_allocations"])
def test_works_as_without_us(sending, program, act):
    s = sending("habits")
    status, out, errors = s.both(lambda world, at_work: run_at_work(world, at_work, program, act))
    assert (status, errors) == (7, "") and "bad 0" in out + "bad 0" * ("bad" not in out), out
    s.delivered(ended("habits", code=7))


@pytest.mark.parametrize("act,status,end", [
    ("quick", 9, ended("habits", code=9)), ("raw", 10, ended("habits", code=10, reason="_exit")),
    ("aborts", -6, ended("habits", reason="abort", signal=6))])
def test_ends_as_without_us(sending, program, act, status, end):
    s = sending("habits")
    assert s.both(lambda world, at_work: run_at_work(world, at_work, program, act))[0] == status
    s.delivered(end)


@pytest.mark.parametrize("size", [16, 64])
def test_room_for_static_thread_locals(sending, program, tmp_path, size):
    """What libc keeps for libraries with such variables is all there: ours take of what it keeps for namespaces."""
    libraries = thread_local_libraries(tmp_path, GUARANTEED // size, size)
    s = sending("habits")

    def scenario(world, at_work):
        for library in libraries:
            (world.folder / library.name).symlink_to(library)
        return run_at_work(world, at_work, program, "thread_locals")

    status, out, errors = s.both(scenario)
    assert (status, errors, out) == (7, "", f"fit {len(libraries)}\n")
    s.delivered(ended("habits", code=7))


def test_a_host_without_room_for_thread_locals_is_left_alone(sending, program, tmp_path):
    """It takes all that there is before we come."""
    libraries = thread_local_libraries(tmp_path, 60, 64)
    s = sending("habits", by=None)
    ways = []

    def scenario(world, at_work):
        for library in libraries:
            (world.folder / library.name).symlink_to(library)
        process = world.start(program, "full", stdin=-1, stdout=-1)
        if world.measured:
            ways.append(support.wait_until(lambda: next((w for w in s.ways().values() if w[0] == "helper"), None), 10, "the way"))
        out, _ = process.communicate(b"go\n", timeout=20)
        return process.returncode, out

    status, out = s.both(scenario)
    assert status == 7 and b"again 0" in out, out
    assert "beside the program's own" in ways[0][1]
    s.delivered(ended("habits", code=7))


KEYS = r"""
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	pthread_key_t key;
	unsigned made = 0, bad = 0;
	char line[8];

	while (made < 700 && !pthread_key_create(&key, NULL))
		pthread_setspecific(key, (void *)(unsigned long)(++made));
	usleep(900000);
	fgets(line, sizeof(line), stdin);
	for (unsigned i = 0; i < made; i++)
		bad += pthread_getspecific(key - made + 1 + i) != (void *)(unsigned long)(i + 1);
	printf("made %u, bad %u\n", made, bad);
	return 3;
}
"""


def test_a_host_with_many_keys_is_left_alone(sending, tmp_path):
    program = support.compile_c(tmp_path, KEYS, name="keys", libs=["-lpthread"])
    s = sending("keys", by=None)
    ways = []

    def scenario(world, at_work):
        process = world.start(program, stdin=-1, stdout=-1)
        if world.measured:
            ways.append(support.wait_until(lambda: next((w for w in s.ways().values() if w[0] == "helper"), None), 10, "the way"))
        out, _ = process.communicate(b"go\n", timeout=20)
        return process.returncode, out

    assert s.both(scenario) == (3, b"made 700, bad 0\n")
    assert "keys" in ways[0][1]
    s.delivered(ended("keys", code=3))


SLEEPS = r"""
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(void)
{
	char line[8];

	usleep(900000);
	fgets(line, sizeof(line), stdin);
	printf("%d\n", malloc(100000) != NULL);
	return 3;
}
"""


@pytest.mark.parametrize("limit", ["--as=20000000", "--as=60000000", "--as=200000000", "--nofile=6:", "--stack=100000", "--data=3000000:",
                                   "--memlock=0"])
def test_a_host_under_a_limit(sending, tmp_path, limit):
    """Whether there is a thread or not: the host has what it had, and all is delivered in the end."""
    program = support.compile_c(tmp_path, SLEEPS, name="limited", libs=["-lpthread"])
    s = sending("limited", by=None)

    def scenario(world, at_work):
        process = world.start("prlimit", limit, program, stdin=-1, stdout=-1, stderr=-1)
        out, errors = process.communicate(b"go\n", timeout=20)
        return process.returncode, out, errors

    assert s.both(scenario) == (3, b"1\n", b"")
    s.delivered(ended("limited", code=3))


def test_a_host_that_begins_behind_another_root(sending, tmp_path):
    """Where everything is in its place but the sender's library."""
    if not as_root():
        pytest.skip("needs root")
    program = support.compile_c(tmp_path, SLEEPS, name="rooted", libs=["-lpthread"])
    s = sending("rooted", by=None)
    ways = []

    def scenario(world, at_work):
        (world.folder / "root").mkdir()
        script = (f"mount --rbind / root && mount --bind /dev/null root/{s.build}/libbookend-sender.so && "
                  f"exec chroot root {program}")
        process = world.start("unshare", "-m", "sh", "-c", script, stdin=-1, stdout=-1, stderr=-1)
        if world.measured:
            ways.append(support.wait_until(lambda: next((w for w in s.ways().values() if w[0] == "helper"), None), 10, "the way"))
        out, errors = process.communicate(b"go\n", timeout=20)
        return process.returncode, out, errors

    assert s.both(scenario) == (3, b"1\n", b"")
    assert "libbookend-sender.so is not" in ways[0][1]
