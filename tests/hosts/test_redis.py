"""redis-server, by its real name redis-check-rdb: forks children for snapshots, becomes a daemon, handles TERM itself."""

import os
import signal
import socket

import pytest

import support
from host import daemon_status, ended, pid_in

EXE = "redis-check-rdb"


def ask(port, *words):
    """One command; the answer's first line."""
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w.encode()) for w in words))
        return s.recv(4096).decode().split("\r\n")[0]


def options(world, port, *more):
    return ["redis-server", "--port", port, "--dir", world.folder, "--save", "", "--logfile", world.folder / "redis.log", *more]


def serving(world, port, *more):
    server = world.start(*options(world, port, *more))
    support.wait_until(lambda: support.accepts(port), 10, "redis")
    return server


@pytest.mark.parametrize("sender", ["later", "helper"])
def test_term_and_shutdown(sender, host):
    h = host(EXE, sender=sender)
    port = support.free_port()

    def scenario(world, end):
        server = serving(world, port)
        seen = world.settled(server.pid, ready=lambda seen: seen["threads"] == 5)
        if end == "TERM":
            server.send_signal(signal.SIGTERM)
        else:
            ask(port, "SHUTDOWN", "NOSAVE")
        return seen, server.wait(10), sorted(os.listdir(world.folder))

    h.both(scenario, "TERM")
    h.both(scenario, "SHUTDOWN")
    h.expect(ended(EXE, code=0, after=15), ended(EXE, code=0), flush=sender == "later")


def test_killed(host):
    h = host(EXE)
    port = support.free_port()

    def scenario(world):
        server = serving(world, port)
        server.kill()
        return server.wait(10)

    assert h.both(scenario) == -9
    h.expect(ended(EXE, reason="vanished"))


def test_a_crash_keeps_its_report_and_its_signal(host):
    """redis catches SIGSEGV, writes a report, and dies of it all the same."""
    h = host(EXE)
    port = support.free_port()

    def scenario(world):
        server = serving(world, port)
        server.send_signal(signal.SIGSEGV)
        status = server.wait(10)
        return status, "crashed by signal: 11" in (world.folder / "redis.log").read_text()

    assert h.both(scenario) == (-11, True)
    h.expect(ended(EXE, reason="vanished"))


def test_a_snapshot_s_child_is_no_event(host):
    h = host(EXE)
    port = support.free_port()

    def scenario(world):
        server = serving(world, port)
        said = [ask(port, "SET", "a", "1"), ask(port, "BGSAVE")]
        support.wait_until(lambda: (world.folder / "dump.rdb").exists(), 10, "the snapshot")
        support.wait_until(lambda: "rdb_bgsave_in_progress:0" in info(port), 10, "its end")
        server.send_signal(signal.SIGTERM)
        return said, server.wait(10), sorted(os.listdir(world.folder))

    assert h.both(scenario)[1] == 0
    h.expect(ended(EXE, code=0, after=15))


def info(port):
    with socket.create_connection(("127.0.0.1", port), 5) as s:
        s.sendall(b"INFO persistence\r\n")
        return s.recv(65536).decode()


def test_as_a_daemon(host):
    h = host(EXE)
    port = support.free_port()

    def scenario(world):
        pid_file = world.folder / "redis.pid"
        done = world.run(*options(world, port, "--daemonize", "yes", "--pidfile", pid_file))
        pid = pid_in(pid_file)
        support.wait_until(lambda: support.accepts(port), 10, "redis")
        seen = world.settled(pid, ready=lambda seen: seen["threads"] == 5)
        os.kill(pid, signal.SIGTERM)
        return done.returncode, done.stdout, done.stderr, seen, daemon_status(pid)

    assert h.both(scenario)[-1] == 0
    h.expect(ended(EXE, code=0, after=15))
