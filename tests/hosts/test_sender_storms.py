"""Exits at every instant of the sender's work, and of the helper's beginning: no crash, no hang, nothing lost, nothing twice.

BOOKEND_STORM says how many exits of each kind (default 8; 1000 takes two hours). From 100 on the times that they take are compared with those
of plain ones among them (and printed, with -s): the medians may differ by what a service may cost, a millisecond."""

import collections
import concurrent.futures
import contextlib
import json
import os
import random
import select
import socket
import statistics
import subprocess
import time

import pytest

import support
from host import ended
from sending import LATER, Sending

EXITS = int(os.environ.get("BOOKEND_STORM", 8))
ENOUGH = 100  # exits for a median
# Where times count, the receiver has a core, too: its handshakes with others would be in them.
SIDE_BY_SIDE = os.cpu_count() if EXITS < ENOUGH else max(1, os.cpu_count() - 1)
MOST_MS = 1  # what the exit of a service may take more than a plain one
REST = 0.25  # of the thread, before it does anything

PROGRAM = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef WITH_SSL
#include <openssl/ssl.h>
#endif

static int loaded(void)
{
	static char maps[1 << 16];
	int fd = open("/proc/self/maps", O_RDONLY), length, all = 0;

	while ((length = read(fd, maps + all, sizeof(maps) - 1 - all)) > 0)
		all += length;
	close(fd);
	maps[all] = 0;
	return strstr(maps, "libbookend-sender.so") != NULL;
}

/* storm HOW AFTER-US LOADING */
int main(int argc, char **argv)
{
	struct timespec t;
	char line[40];
	int length;

#ifdef WITH_SSL
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	SSL *ssl = SSL_new(context);
#endif
	for (int i = 0; argc > 3 && i < 3000 && !loaded(); i++)
		usleep(100);
	usleep(atoi(argv[2]));
	clock_gettime(CLOCK_MONOTONIC, &t);
	length = sprintf(line, "%ld\n", t.tv_sec * 1000000000L + t.tv_nsec);
	write(1, line, length);
	if (!strcmp(argv[1], "_exit"))
		_exit(7);
	if (!strcmp(argv[1], "quick"))
		quick_exit(7);
	exit(7);
}
"""

PYTHON = """
import ssl, sys, time
context = ssl.create_default_context()
def loaded():
    return "libbookend-sender.so" in open("/proc/self/maps").read()
for _ in range(3000 if len(sys.argv) > 3 else 0):
    if loaded(): break
    time.sleep(0.0001)
time.sleep(int(sys.argv[2]) / 1e6)
print(time.monotonic_ns(), flush=True)
sys.exit(7)
"""


@contextlib.contextmanager
def dead_end(kind, https_receiver):
    """(URL of a receiver of that kind, its authority)"""
    if kind == "waits":
        https_receiver.answer("silent")
    elif kind in ("sends", "loads"):
        https_receiver.answer(LATER)
    if kind not in ("connects", "handshakes"):
        yield https_receiver.url, https_receiver.authority
        return
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0 if kind == "connects" else 4096)
        fillers = []
        for _ in range(4 if kind == "connects" else 0):
            filler = socket.socket()
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(server.getsockname())
            fillers.append(filler)
        yield f"https://127.0.0.1:{server.getsockname()[1]}", https_receiver.authority
        for filler in fillers:
            filler.close()


class Storm(Sending):
    def __init__(self, url, authority, executables, sender):
        self.url, self.authority = url, authority
        super().__init__(None, executables, by=None, sender=sender)

    def write_policy(self, executables, sender, policy):
        return f"""bookend: 1
destinations:
  far:
    format: json
    url: {self.url}
    tls: {{ ca: {self.authority} }}
    send: {{ batch: 1, timeout: 1s, give_up: 1s }}
    retry: {{ after: [503, network, timeout], wait: 1ms to 20ms }}
  near: {{ format: ndjson, url: "file:{self.out}" }}
services:
  app:
    match: {{ exe: [{', '.join(executables)}] }}
    sender: {sender}
    consent: [ allow: always ]
    to: [far, near]
    events:
      start: {{ when: start, properties: {{ exe: "${{process.exe}}" }} }}
      stop:
        when: stop
        properties: {{ how: "${{exit.how}}", reason: "${{exit.reason}}", code: "${{exit.code}}", signal: "${{exit.signal}}",
                       after_signal: "${{exit.after_signal}}" }}
"""


def leave(command, env, folder):
    """(status, seconds from the exit to the end that the parent sees)"""
    process = subprocess.Popen([str(word) for word in command], env=env, cwd=folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = process.stdout.readline()
    end = os.pidfd_open(process.pid)
    hangs = not select.select([end], [], [], 20)[0]
    now = time.monotonic_ns()
    os.close(end)
    if hangs:
        process.kill()
    status = process.wait()
    if hangs:
        return "hangs", 20
    rest = process.stdout.read()
    process.stdout.close()
    if not said.strip().isdigit() or rest:
        return f"said {said + rest}", 0
    return status, (now - int(said)) / 1e9


def command_of(program, kind, number):
    how = ("exit", "_exit", "quick")[number % 3] if program[0] != "/usr/bin/python3" else "exit"
    if kind == "loads":
        return [*program, how, random.randrange(7000), "loading"]
    if kind == "helper":
        return [*program, how, random.randrange(3000)]
    return [*program, how, int((REST + random.uniform(0.01, 0.12)) * 1e6)]


def storm(s, program, kind):
    """Plain ones among them, for the time that they take."""
    plain, measured = s.world(False), s.world(True)
    times = {False: [], True: []}
    ends = collections.Counter()

    def one(number):
        is_plain = number % 4 == 3
        world = plain if is_plain else measured
        command = command_of(program, "helper" if is_plain else kind, number)
        return is_plain, command[len(program)], *leave(command, world.env, world.folder)

    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for is_plain, how, status, seconds in pool.map(one, range(EXITS * 4 // 3)):
            times[not is_plain].append(seconds)
            if not is_plain:
                ends[status, how] += 1
    return ends, times


def report(kind, name, ends, times):
    median = {which: statistics.median(values) * 1e3 if values else 0 for which, values in times.items()}
    worst = {which: sorted(values)[int(len(values) * 0.99)] * 1e3 if values else 0 for which, values in times.items()}
    more = median[True] - median[False]
    print(f"\n{kind:<10} {name:<8} {sum(ends.values())} exits: {dict(ends)}; ms from exit to end: median {median[True]:.2f} "
          f"(plain {median[False]:.2f}), 99 % below {worst[True]:.2f} (plain {worst[False]:.2f})")
    assert EXITS < ENOUGH or more <= MOST_MS, f"an exit takes {more:.2f} ms more"


@pytest.fixture(scope="session")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("storm")
    python = os.path.basename(os.path.realpath("/usr/bin/python3"))
    return {
        "plain": ("storm", [support.compile_c(folder, PROGRAM, name="storm")]),
        "ssl": ("stormssl", [support.compile_c(folder, PROGRAM, name="stormssl", flags=["-DWITH_SSL"], libs=["-lssl"])]),
        "python": (python, ["/usr/bin/python3", "-c", PYTHON]),
    }


@pytest.mark.parametrize("name", ["plain", "ssl", "python"])
@pytest.mark.parametrize("kind", ["connects", "handshakes", "sends", "waits", "loads", "helper"])
def test_an_exit_while_it(kind, name, programs, https_receiver):
    """helper: there is no thread; what is left at the end is all the helper's."""
    exe, program = programs[name]
    with dead_end(kind, https_receiver) as (url, authority):
        s = Storm(url, authority, [exe], "helper" if kind == "helper" else "thread")
        try:
            ends, times = storm(s, program, kind)
            report(kind, name, ends, times)
            assert {status for status, _ in ends} == {7}, ends
            wanted = [ended(exe, code=7, reason="_exit" if how == "_exit" else "exit") for (_, how), count in ends.items()
                      for _ in range(count)]
            s.expect(*wanted, deadline=60)
        finally:
            s.close()
