"""sshd: each connection is an exec of its own, closes all descriptors, and has a child under seccomp before the login."""

import os
import pathlib
import pwd
import signal
import socket

import pytest

import support
from host import children, ended, pid_in

CONF = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
PidFile {folder}/pid
AuthorizedKeysFile {folder}/user_key.pub
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
AcceptEnv SENT
PrintMotd no
"""


@pytest.fixture
def sshd(host):
    """sshd(sender): (the host, serve(world), login(world, command))"""
    if os.geteuid() == 0:  # where it confines its child; stays, as after any start of the service
        pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)

    def make(sender="later"):
        h = host("sshd", sender=sender)
        port = support.free_port()

        def serve(world):
            for name in ("host_key", "user_key"):
                support.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", world.folder / name, check=True)
            conf = world.folder / "conf"
            conf.write_text(CONF.format(folder=world.folder, port=port))
            process = world.start("/usr/sbin/sshd", "-D", "-f", conf, "-E", world.folder / "log")
            pid_in(world.folder / "pid")
            with socket.create_connection(("127.0.0.1", port), 5) as first:
                assert first.recv(8) == b"SSH-2.0-"
            support.wait_until(lambda: not children(process.pid), 10, "the end of the first connection")
            return process

        def login(world, *command, key="user_key"):
            user = pwd.getpwuid(os.geteuid()).pw_name
            done = support.run(
                "ssh", "-F", "none", "-i", world.folder / key, "-p", port, "-o", "StrictHostKeyChecking=no", "-o",
                "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes",
                f"{user}@127.0.0.1", *command, env=support.environment(home=world.folder))
            return done.returncode, done.stdout, done.stderr

        return h, serve, login

    return make


def stop(process, number=signal.SIGTERM):
    support.wait_until(lambda: not children(process.pid), 10, "the end of all connections")
    process.send_signal(number)
    return process.wait(10)


LISTENER = ended("sshd", code=0, after=15)
# What serves a connection ends so when the other side hangs up, and that is how it always ends.
CONNECTION = ended("sshd", reason="_exit", code=255)

LOOK = "echo out; echo err >&2; ls /proc/self/fd | tr '\\n' ' '; env | grep -cE '^(LD_PRELOAD|BOOKEND)'; exit 7"


@pytest.mark.parametrize("sender", ["later", "helper"])
def test_a_login(sender, sshd):
    h, serve, login = sshd(sender)

    def scenario(world):
        process = serve(world)
        seen = world.settled(process.pid)
        return login(world, LOOK), login(world, "true"), seen, stop(process)

    status, out, err = h.both(scenario)[0]
    assert (status, out.splitlines()[0], err) == (7, "out", "err\n")
    h.expect(LISTENER, CONNECTION, CONNECTION, CONNECTION, flush=sender == "later")


def test_a_refused_login(sshd):
    h, serve, login = sshd()

    def scenario(world):
        process = serve(world)
        refused = login(world, "true", key="host_key")
        return refused, stop(process)

    (status, out, _), _ = h.both(scenario)
    assert (status, out) == (255, "")
    h.expect(LISTENER, CONNECTION, CONNECTION)


def test_hup_goes_on_with_the_lifecycle(sshd):
    """The listener closes everything and executes itself."""
    h, serve, login = sshd()

    def scenario(world):
        process = serve(world)
        before = os.stat(world.folder / "pid").st_mtime_ns
        process.send_signal(signal.SIGHUP)
        support.wait_until(lambda: (world.folder / "pid").exists() and os.stat(world.folder / "pid").st_mtime_ns != before, 10,
                           "the new listener")
        again = login(world, "echo again")
        return again, stop(process)

    assert h.both(scenario) == ((0, "again\n", ""), 0)
    h.expect(LISTENER, CONNECTION, CONNECTION)


def test_a_killed_listener_leaves_its_connections(sshd):
    h, serve, _ = sshd()

    def scenario(world):
        process = serve(world)
        process.kill()
        return process.wait(10)

    assert h.both(scenario) == -9
    h.expect(ended("sshd", reason="vanished"), CONNECTION)
