"""postgres under pg_ctl: it asks for the version first, by a process of its own; every child of the server calls setsid."""

import contextlib
import os
import pathlib
import re
import shutil
import signal
import tempfile

import pytest

import support
from host import children, daemon_status, ended, wait_gone

BIN = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
VERSION = ended("postgres", code=0)  # `postgres -V`, which pg_ctl start runs


def as_postgres():
    return {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture(scope="module")
def data():
    """One cluster for all tests here."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bookend-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    support.run(f"{BIN}/initdb", "-N", "-A", "trust", "-U", "postgres", "-D", folder / "data", "--no-instructions", check=True,
                env=support.environment(), cwd="/", **as_postgres())
    with open(folder / "data/postgresql.conf", "a", encoding="ascii") as conf:
        conf.write(f"\nlisten_addresses = ''\nunix_socket_directories = '{folder}'\nfsync = off\nshared_buffers = 1MB\n"
                   "max_connections = 8\ndynamic_shared_memory_type = mmap\nlogging_collector = off\n")
    yield folder / "data"
    with contextlib.suppress(OSError, ValueError):  # of a test that failed
        os.kill(int((folder / "data/postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


def control(world, data, *words):
    """pg_ctl; its two outputs go to a file, because the server inherits them."""
    with open(world.host.folder / "said", "w+", encoding="utf-8") as said:
        done = world.run(f"{BIN}/pg_ctl", "-D", data, "-w", "-l", world.folder / "log", *words, stdout=said, stderr=said)
        said.seek(0)
        return done.returncode, re.sub(r"\.+", ".", said.read())  # its patience is counted in dots


def start(world, data):
    """(what pg_ctl said, pid of the server)"""
    said = control(world, data, "start")
    assert said[0] == 0, said
    return said, int((data / "postmaster.pid").read_text().split()[0])


def select(world, data):
    """Measured or not, psql is none of the policy's."""
    done = world.run("psql", "-h", data.parent, "-U", "postgres", "-Atc", "select 6 * 7", "postgres")
    return done.returncode, done.stdout


def workers(seen):
    return len(seen["children"]) == 5


@pytest.mark.parametrize("mode, after, sender", [
    ("smart", 15, "later"), ("fast", 2, "later"), ("immediate", 3, "later"), ("fast", 2, "helper"),
])
def test_the_three_ways_to_stop_it(mode, after, sender, host, data):
    h = host("postgres", sender=sender, user="postgres")

    def scenario(world):
        said, server = start(world, data)
        seen, answer = world.settled(server, "/data/", workers), select(world, data)
        stopped = control(world, data, "stop", "-m", mode)
        return said[0], seen, answer, stopped, daemon_status(server), sorted(os.listdir(world.folder))

    seen = h.both(scenario)
    assert seen[2:5] == ((0, "42\n"), (0, seen[3][1]), 0)
    h.expect(VERSION, ended("postgres", code=0, after=after), flush=sender == "later")


def test_a_killed_backend_is_no_event(host, data):
    """The server throws all its children away and goes on."""
    h = host("postgres", user="postgres")

    def scenario(world):
        said, server = start(world, data)
        client = world.start("psql", "-h", data.parent, "-U", "postgres", "-Atc", "select pg_sleep(60)", "postgres")
        first = children(server)
        backend = support.wait_until(lambda: backend_of(server), 10, "the backend")
        os.kill(backend, signal.SIGKILL)
        status = client.wait(10)
        support.wait_until(lambda: select(world, data)[0] == 0 and not set(children(server)) & set(first), 10, "new children")
        seen = world.settled(server, "/data/", workers)
        return said[0], status, seen, control(world, data, "stop", "-m", "fast"), daemon_status(server)

    assert h.both(scenario)[-1] == 0
    h.expect(VERSION, ended("postgres", code=0, after=2))


def backend_of(server):
    """The child that runs the sleeping query."""
    for child in children(server):
        try:
            if b"SELECT" in pathlib.Path(f"/proc/{child}/cmdline").read_bytes():
                return child
        except OSError:
            pass
    return None


def test_a_killed_server_vanishes_and_its_children_take_nothing_over(host, data):
    h = host("postgres", user="postgres")

    def scenario(world):
        said, server = start(world, data)
        world.settled(server, "/data/", workers)
        below = children(server)
        os.kill(server, signal.SIGKILL)
        status = daemon_status(server)
        wait_gone(*below)
        (data / "postmaster.pid").unlink(missing_ok=True)
        return said[0], status

    assert h.both(scenario)[1] == -9
    h.expect(VERSION, ended("postgres", reason="vanished"))
