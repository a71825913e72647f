"""The forked workers of real servers, where the policy asks for them: each has one start and one stop."""

import os
import signal

import pytest

import support
import test_php_fpm
import test_postgres
import test_redis
from host import Host, children, daemon_status
from test_postgres import data  # noqa: F401  pylint: disable=unused-import

POLICY = """
bookend: 1
destinations:
  out: {{ format: ndjson, url: "file:{out}" }}
defaults:
  to: out
  consent: [ {{ allow: always }} ]
  properties: {{ reason: "${{exit.reason}}", code: "${{exit.code}}", signal: "${{exit.signal}}" }}
services:
  app:
    match: {{ exe: [{exes}] }}
    sender: later
    events:
      ended: {{ when: stop }}
      began: {{ when: {{ worker: any, phase: start }} }}
      worker: {{ when: worker }}
"""


class Worked(Host):
    def write_policy(self, executables, sender, policy):
        return POLICY.format(out=self.out, exes=", ".join(executables))

    def begun(self):
        """The pids of those whose start is known."""
        self.tool("flush", "--once")
        return {event["pid"] for event in self.events() if event["event"] == "began"}

    def workers(self, services=1, deadline=30):
        """pid → (reason, code, signal), once everything has ended; each has one start and one stop."""

        def settled():
            self.tool("flush", "--once")
            status = support.json_lines(self.tool("status", "--json").stdout)[0]
            return not status["lifecycles"] and sum(event["event"] == "ended" for event in self.events()) == services

        support.wait_until(settled, deadline, "every end")
        by_name = {name: {e["pid"]: e["properties"] for e in self.events() if e["event"] == name} for name in ("began", "worker")}
        assert by_name["began"].keys() == by_name["worker"].keys()
        assert len(self.events()) == services + 2 * len(by_name["worker"])
        assert not self.trouble(), self.trouble()
        return {pid: (own["reason"], own.get("code"), own.get("signal")) for pid, own in by_name["worker"].items()}


@pytest.fixture
def worked():
    made = []

    def make(*executables, **more):
        made.append(Worked(executables, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_php_fpm_s_workers_die_by_their_master_s_signals(worked):
    h = worked(test_php_fpm.EXE)
    world = h.world(True)
    _, master, answer = test_php_fpm.begin(world, True)
    first, second = children(master)
    os.kill(first, signal.SIGKILL)
    support.wait_until(lambda: len(now := children(master)) == 2 and first not in now, 10, "a new worker")
    (third,) = set(children(master)) - {second}
    support.wait_until(lambda: third in h.begun(), 10, "its start")
    os.kill(master, signal.SIGTERM)
    assert (answer, daemon_status(master)) == (b"42", 0)
    ends = h.workers()
    assert ends.keys() == {first, second, third}
    assert ends[first] == ("signal", None, 9)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgres_s_processes_are_its_workers(mode, worked, data):  # noqa: F811
    h = worked("postgres", user="postgres")
    world = h.world(True)
    _, server = test_postgres.start(world, data)
    world.settled(server, "/data/", test_postgres.workers)
    below = children(server)
    assert test_postgres.select(world, data) == (0, "42\n")
    assert test_postgres.control(world, data, "stop", "-m", mode)[0] == 0 and daemon_status(server) == 0
    ends = h.workers(services=2)  # and postgres -V
    assert ends.keys() >= set(below) and len(ends) > len(below)
    assert {ends[pid] for pid in below} <= {("exit", 0, None), ("exit", 1, None), ("_exit", 2, None)}


def test_a_snapshot_of_redis_is_a_worker(worked):
    h = worked(test_redis.EXE)
    world, port = h.world(True), support.free_port()
    server = test_redis.serving(world, port)
    test_redis.ask(port, "SET", "a", "1")
    test_redis.ask(port, "BGSAVE")
    support.wait_until(lambda: (world.folder / "dump.rdb").exists(), 10, "the snapshot")
    support.wait_until(lambda: "rdb_bgsave_in_progress:0" in test_redis.info(port), 10, "its end")
    server.send_signal(signal.SIGTERM)
    assert server.wait(10) == 0
    assert list(h.workers().values()) == [("_exit", 0, None)]
