"""The sender thread of a service: what it delivers while the process runs, when it is there and when it is not."""

import pathlib
import signal
import time

import pytest

import support

SERVICE = """bookend: 1
destinations:
  out: {{ format: json, url: "{url}"{more} }}
services:
  app:
    match: {{ exe: {exe} }}
    {sender}
    to: out
    consent: [ allow: always ]
    events:
      began: {{ when: start }}
      ended: {{ when: stop, properties: {{ code: "${{exit.code}}", how: "${{exit.how}}" }} }}
"""


def policy_text(url, exe="sleep", sender="", more=""):
    return SERVICE.format(url=url, exe=exe, sender=sender, more=more)


def threads(pid):
    """The names of a process's threads but its first."""
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        if int(task.name) != pid:
            found.append((task / "comm").read_text().strip())
    return sorted(found)


def loaded(pid, what):
    return what in pathlib.Path(f"/proc/{pid}/maps").read_text()


class Service:
    def __init__(self, state, policy, start):
        self.state, self.policy, self.begin = state, policy, start
        self.env = support.environment(state)

    def start(self, *command, text, **more):
        env = support.preload(self.state, "app", self.policy(text), **more)
        return self.begin(*command, env=env)

    def status(self):
        return support.status(self.env)


@pytest.fixture
def service(state, policy, start):
    return Service(state, policy, start)


def test_a_start_is_delivered_while_the_process_runs_and_the_thread_leaves(service, receiver):
    process = service.start("sleep", "60", text=policy_text(receiver.url))
    begun = receiver.wait(1)
    assert [(event["event"], event["pid"]) for event in begun] == [("began", process.pid)]
    support.wait_until(lambda: not threads(process.pid), 5, "the end of the thread")
    assert service.status()["counts"]["no_thread"] == 0
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    ended = receiver.wait(2)[1]
    assert (ended["event"], ended["session"]) == ("ended", begun[0]["session"])


@pytest.mark.parametrize("sender", ["helper", "later"])
def test_another_sender_has_no_thread(service, receiver, sender):
    process = service.start("sleep", "1", text=policy_text(receiver.url, sender=f"sender: {sender}"))
    while process.poll() is None:
        assert not threads(process.pid) and not loaded(process.pid, "libbookend-sender")
        time.sleep(0.02)
