"""redis-server with its calls counted: as many as strace sees, and twenty hot symbols without a difference."""

import socket

import support
from host import ended
from hot import policy, stopped, straced
from test_redis import EXE, ask, options

MEASURES = """
      accepts: { call: accept4, count: calls }
      accepted: { call: "int accept4(int fd, struct sockaddr *a, socklen_t *n, int flags)", count: calls, if: { value: "${call.result}", at_least: 0 } }
      writes: { call: write, count: calls }
      syncs: { call: [fsync, fdatasync], histogram: duration_ms }
"""


def load(port, clients=5, commands=40):
    """What the server says to some clients, one command after the other."""
    said = []
    for client in range(clients):
        with socket.create_connection(("127.0.0.1", port), 5) as s:
            for i in range(commands):
                s.sendall(f"SET key{client} {i}\r\nGET key{client}\r\n".encode())
                answer = b""
                while answer.count(b"\n") < 3:
                    answer += s.recv(4096)
                said.append(answer)
    return said


def test_accepts_writes_and_syncs_are_those_that_strace_sees(host):
    h = host(policy=policy([EXE], MEASURES))
    port = support.free_port()
    world = h.world(True)
    log = world.folder / "strace.log"
    words = options(world, port, "--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")
    server = world.start("strace", "-f", "-y", "-o", log, "-e", "trace=accept4,write,fsync,fdatasync", *words)
    support.wait_until(lambda: support.accepts(port), 20, "redis")
    load(port)
    ask(port, "SHUTDOWN", "NOSAVE")
    assert server.wait(20) == 0
    (stop,) = stopped(h)
    # These files are written by stdio: not through the program's slots.
    seen = straced(log, but=[r"redis\.log>", r"temp-rewriteaof"])
    synced = straced(log)
    assert (stop["accepts"], stop["syncs"]) == (synced["accept4"], synced["fsync"] + synced["fdatasync"])
    assert stop["accepted"] >= 5 and stop["syncs"] >= 200
    assert stop["writes"] == seen["write"]


def test_hot_symbols_make_no_difference(host):
    h = host(policy=policy([EXE]))
    port = support.free_port()

    def scenario(world):
        server = world.start(*options(world, port))
        support.wait_until(lambda: support.accepts(port), 10, "redis")
        said = load(port, clients=3)
        seen = world.settled(server.pid, ready=lambda seen: seen["threads"] == 5)
        ask(port, "SHUTDOWN", "NOSAVE")
        return said, seen, server.wait(10)

    h.both(scenario)
    h.expect(ended(EXE, code=0))
    (stop,) = stopped(h)
    assert min(stop[name] for name in ("memcpy", "strlen", "wait", "lock", "write", "print")) > 0, stop
    assert stop["writes"] == stop["write"]
