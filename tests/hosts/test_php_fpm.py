"""php-fpm: a master whose workers clear their environment and die by signals; a reload is an exec of the same program."""

import os
import pathlib
import signal
import socket
import struct

import pytest

import support
from host import children, daemon_status, ended, pid_in

EXE = sorted(path.name for path in pathlib.Path("/usr/sbin").glob("php-fpm*.*"))[-1]
CONF = """
[global]
pid = {folder}/pid
error_log = {folder}/log
daemonize = {daemonize}
[www]
{user}
listen = {folder}/socket
pm = static
pm.max_children = 2
"""


def request(path, script):
    """One GET as FastCGI 1.0 (one BEGIN, the parameters, an empty STDIN): the body of the answer."""

    def record(kind, content):
        return struct.pack("!BBHHBx", 1, kind, 1, len(content), 0) + content

    def pair(name, value):
        return bytes([len(name), len(value)]) + name + value

    words = {"SCRIPT_FILENAME": str(script), "REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1"}
    parameters = b"".join(pair(name.encode(), value.encode()) for name, value in words.items())
    answer, data = b"", b""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(5)
        s.connect(str(path))
        s.sendall(record(1, struct.pack("!HB5x", 1, 0)) + record(4, parameters) + record(4, b"") + record(5, b""))
        while more := s.recv(65536):
            data += more
    while data:
        _, kind, _, length, padding = struct.unpack("!BBHHBx", data[:8])
        answer += data[8:8 + length] if kind == 6 else b""
        data = data[8 + length + padding:]
    return answer.split(b"\r\n\r\n", 1)[1]


def begin(world, daemonize):
    """(process or None, pid of the master, its answer)"""
    root = os.geteuid() == 0
    script = world.folder / "six.php"
    script.write_text("<?php echo 6 * 7, getenv('LD_PRELOAD') === false ? '' : 'leaks';")
    conf = world.folder / "conf"
    user = "user = www-data\ngroup = www-data\nlisten.mode = 0666" if root else ""
    conf.write_text(CONF.format(folder=world.folder, daemonize="yes" if daemonize else "no", user=user))
    words = [EXE, "-n", "-y", conf]
    if daemonize:
        done, process = world.run(*words), None
        assert (done.returncode, done.stdout) == (0, ""), done
        master = pid_in(world.folder / "pid")
    else:
        process = world.start(*words)
        master = process.pid
    return process, master, answers(world, master)


def answers(world, master):
    support.wait_until(lambda: len(children(master)) == 2 and (world.folder / "socket").exists(), 10, "two workers")
    return request(world.folder / "socket", world.folder / "six.php")


@pytest.mark.parametrize("sender", ["later", "helper"])
@pytest.mark.parametrize("number", [3, 15])
def test_in_the_foreground(number, sender, host):
    h = host(EXE, sender=sender)

    def scenario(world):
        process, master, answer = begin(world, False)
        seen = world.settled(master)
        process.send_signal(number)
        return answer, seen, process.wait(10), sorted(os.listdir(world.folder))

    seen = h.both(scenario)
    assert (seen[0], seen[2]) == (b"42", 0)
    h.expect(ended(EXE, code=0, after=number), flush=sender == "later")


def test_as_a_daemon(host):
    h = host(EXE)

    def scenario(world):
        _, master, answer = begin(world, True)
        seen = world.settled(master)
        os.kill(master, signal.SIGQUIT)
        return answer, seen, daemon_status(master)

    assert h.both(scenario)[-1] == 0
    h.expect(ended(EXE, code=0, after=3))


def test_a_killed_worker_is_no_event(host):
    h = host(EXE)

    def scenario(world):
        process, master, answer = begin(world, False)
        first = children(master)
        os.kill(first[0], signal.SIGKILL)
        support.wait_until(lambda: len(now := children(master)) == 2 and now != first, 10, "a new worker")
        again = answers(world, master)
        process.send_signal(signal.SIGTERM)
        return answer, again, process.wait(10)

    assert h.both(scenario) == (b"42", b"42", 0)
    h.expect(ended(EXE, code=0, after=15))


def test_a_reload_goes_on_with_the_lifecycle(host):
    """The master executes itself: the same process, the same run."""
    h = host(EXE)

    def scenario(world):
        process, master, answer = begin(world, False)
        first = children(master)
        process.send_signal(signal.SIGUSR2)
        support.wait_until(lambda: len(now := children(master)) == 2 and not set(now) & set(first), 10, "new workers")
        again = answers(world, master)
        name = pathlib.Path(f"/proc/{master}/comm").read_text()
        process.send_signal(signal.SIGQUIT)
        return answer, again, name, process.wait(10)

    h.both(scenario)
    h.expect(ended(EXE, code=0, after=3))
