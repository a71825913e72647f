"""mariadbd: many threads, and TERM is no handler's: one of them takes it from sigwaitinfo()."""

import os
import shutil
import signal

import pytest

import support
from host import ended, is_gone, pid_in


@pytest.fixture
def server(host):
    """server(sender): (the host, serve(world)): a server on an empty directory, without tables of rights."""

    def make(sender="later", policy=None):
        h = host("mariadbd", sender=sender, user="mysql", policy=policy)

        def serve(world):
            shutil.rmtree(world.folder / "data", ignore_errors=True)
            (world.folder / "data").mkdir()
            h.give(world.folder / "data")
            pid_file, socket = world.folder / "pid", world.folder / "socket"
            process = world.start(
                "mariadbd", "--no-defaults", f"--datadir={world.folder}/data", "--skip-grant-tables", "--skip-networking",
                f"--socket={socket}", f"--pid-file={pid_file}", "--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M",
                "--innodb-data-file-path=ibdata1:4M:autoextend", "--innodb-flush-log-at-trx-commit=0",
                "--innodb-use-native-aio=0", "--thread-handling=one-thread-per-connection")
            assert pid_in(pid_file) == process.pid
            support.wait_until(lambda: socket.exists() or process.poll() is not None, 10, "the socket")
            done = support.run("mariadb", "--no-defaults", "-S", socket, "-Nse", "select 6 * 7", env=support.environment())
            return process, (done.returncode, done.stdout, done.stderr)

        return h, serve

    return make


@pytest.mark.parametrize("sender", ["later", "helper"])
def test_term(sender, server):
    h, serve = server(sender)

    def scenario(world):
        process, answer = serve(world)
        # Its threads and files come and go in the background; what is blocked and caught stays.
        seen = world.settled(process.pid, "/data/|socket", lambda seen: seen.pop("threads"))
        process.send_signal(signal.SIGTERM)
        return answer, seen, process.wait(10), sorted(os.listdir(world.folder))

    seen = h.both(scenario)
    assert (seen[0], seen[2]) == ((0, "42\n", ""), 0)
    h.expect(ended("mariadbd", code=0, after=15), flush=sender == "later")


def test_killed(server):
    h, serve = server()

    def scenario(world):
        process, answer = serve(world)
        process.kill()
        status = process.wait(10)
        assert is_gone(process.pid)
        return answer, status

    assert h.both(scenario)[1] == -9
    h.expect(ended("mariadbd", reason="vanished"))
