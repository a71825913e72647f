"""nginx as a daemon: workers are forked, replaced on a reload or when killed, and none of that is an event."""

import os
import signal
import urllib.request

import pytest

import support
from host import children, daemon_status, ended, pid_in, wait_gone

PROGRAM = "/usr/sbin/nginx"  # with its path: its successor is executed by the same words

CONF = """
daemon on;
{more}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 32; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; return 200 "here"; }}
}}
"""


def daemon(world, port, more=""):
    """(what starting it said, pid of the master)"""
    conf = world.folder / "nginx.conf"
    conf.write_text(CONF.format(folder=world.folder, port=port, more=more + ("user root;" if os.geteuid() == 0 else "")))
    done = world.run(PROGRAM, "-p", world.folder, "-c", conf)
    master = pid_in(world.folder / "nginx.pid")
    support.wait_until(lambda: len(children(master)) == 2, 10, "two workers")
    return (done.returncode, done.stdout, done.stderr), master


def at_work(seen):
    """Both workers are past their beginning, and the first one has been given its channel to the second."""
    workers = [(str(worker["descriptors"]), worker["signals"]["SigBlk"]) for worker in seen["children"]]
    return (all("eventfd" in descriptors and not blocked for descriptors, blocked in workers) and
            len({descriptors.count("socket") for descriptors, _ in workers}) == 1)


def fetch(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
        return answer.status, answer.read()


@pytest.mark.parametrize("sender", ["later", "helper"])
@pytest.mark.parametrize("number", [3, 15])
def test_start_and_end_of_a_daemon(number, sender, host):
    h = host("nginx", sender=sender)
    port = support.free_port()

    def scenario(world):
        said, master = daemon(world, port)
        seen = world.settled(master, ready=at_work)
        answer = fetch(port)
        os.kill(master, number)
        return said, seen, answer, daemon_status(master), sorted(os.listdir(world.folder))

    assert h.both(scenario)[3] == 0
    h.expect(ended("nginx", code=0, after=number), flush=sender == "later")


def test_stopped_by_its_own_command(host):
    """`nginx -s quit` is a process of its own."""
    h = host("nginx")
    port = support.free_port()

    def scenario(world):
        said, master = daemon(world, port)
        done = world.run("nginx", "-p", world.folder, "-c", world.folder / "nginx.conf", "-s", "quit")
        words = done.stderr.split("[notice] ")[-1].split(": ")[-1]
        return said, (done.returncode, done.stdout, words), daemon_status(master)

    h.both(scenario)
    h.expect(ended("nginx", code=0, after=3), ended("nginx", code=0))


def test_reload_and_a_killed_worker_are_no_events(host):
    h = host("nginx")
    port = support.free_port()

    def others(master, before):
        return support.wait_until(lambda: len(now := children(master)) == 2 and not set(now) & set(before) and now, 10,
                                  "new workers")

    def scenario(world):
        said, master = daemon(world, port)
        first = children(master)
        os.kill(master, signal.SIGHUP)
        second = others(master, first)
        os.kill(second[0], signal.SIGKILL)
        os.kill(second[1], signal.SIGKILL)
        others(master, second)
        answer = fetch(port)
        os.kill(master, signal.SIGQUIT)
        return said, answer, daemon_status(master)

    assert h.both(scenario)[-1] == 0
    h.expect(ended("nginx", code=0, after=3))


def test_a_killed_master_vanishes_whatever_its_workers_do(host):
    h = host("nginx")
    port = support.free_port()

    def scenario(world):
        said, master = daemon(world, port)
        workers = children(master)
        os.kill(master, signal.SIGKILL)
        status = daemon_status(master)
        for worker in workers:
            os.kill(worker, signal.SIGTERM)
        wait_gone(*workers)
        return said, status

    assert h.both(scenario)[1] == -9
    h.expect(ended("nginx", reason="vanished"))


def test_an_upgrade_is_a_life_of_its_own(host):
    """USR2: the master starts its successor, which shares the sockets; then the old one is told to go. nginx clears the
    environment, so that what shall be measured must be told to pass it on."""
    h = host("nginx")
    port = support.free_port()
    names = ("LD_PRELOAD", "BOOKEND_SERVICE", "BOOKEND_POLICY", "BOOKEND_STATE")

    def scenario(world):
        said, master = daemon(world, port, "".join(f"env {name};" for name in names))
        os.kill(master, signal.SIGUSR2)
        support.wait_until((world.folder / "nginx.pid.oldbin").exists, 10, "the successor")
        successor = pid_in(world.folder / "nginx.pid")
        support.wait_until(lambda: len(children(successor)) == 2, 10, "its workers")
        os.kill(master, signal.SIGQUIT)
        first = daemon_status(master)
        answer = fetch(port)
        os.kill(successor, signal.SIGTERM)
        return said, answer, first, daemon_status(successor)

    assert h.both(scenario)[2:] == (0, 0)
    h.expect(ended("nginx", code=0, after=3), ended("nginx", code=0, after=15))
