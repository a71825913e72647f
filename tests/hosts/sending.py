"""A host whose sender thread is at work over HTTPS all the while: the receiver says "later" to everything until the scenario is
over, and closes each connection, so that it connects, shakes hands, sends and waits over and over.

    s = sending("redis-check-rdb")
    s.both(scenario)               # scenario(world, at_work); at_work() returns when some requests have come; plain: at once
    s.delivered(ended(code=0))     # then all is delivered: one start and one stop of each
"""

import json
import os

import support
from host import Host

POLICY = """bookend: 1
destinations:
  far:
    format: json
    url: {url}
    tls: {{ ca: {ca} }}
    send: {{ batch: 1, timeout: 5s, give_up: 10m }}
    retry: {{ after: [503, network, timeout], wait: 1ms to 20ms }}
  near: {{ format: ndjson, url: "file:{out}" }}
services:
  app:
    match: {{ {match} }}
    sender: {sender}
    consent: [ allow: always ]
    to: [far, near]
    events:
      start: {{ when: start, properties: {{ exe: "${{process.exe}}" }} }}
      stop:
        when: stop
        properties:
          how: ${{exit.how}}
          reason: ${{exit.reason}}
          code: ${{exit.code}}
          signal: ${{exit.signal}}
          after_signal: ${{exit.after_signal}}
"""

LATER = {"status": 503, "headers": {"Connection": "close"}}
ENOUGH = 3  # requests that show that it is at work


class Sending(Host):
    """by: how the slot's word must read while the scenario runs; None: whatever it is."""

    def __init__(self, receiver, executables, by="at_work", sender="thread", user=None):
        self.receiver, self.by = receiver, by
        super().__init__(executables, sender=sender, user=user, policy="")

    def write_policy(self, executables, sender, policy):
        ca = self.folder / "ca.pem"
        ca.write_bytes(open(self.receiver.authority, "rb").read())
        return POLICY.format(url=self.receiver.url, ca=ca, out=self.out, sender=sender,
                             match=f"exe: [{', '.join(executables)}]")

    def ways(self):
        said = json.loads(self.tool("status", "--json").stdout)
        return {row["pid"]: (row["sender"], row["why"]) for row in said["lifecycles"] if row["state"] == "runs"}

    def one(self, scenario, measured, *more):
        """In the measured world the receiver has been asked ENOUGH times when at_work() returns."""
        self.receiver.answer(LATER)

        def at_work(deadline=15):
            begun = len(self.receiver.requests)
            if measured and self.by:
                support.wait_until(lambda: len(self.receiver.requests) >= begun + ENOUGH, deadline, "a sender at work")

        try:
            return super().one(lambda world: scenario(world, at_work, *more), measured)
        finally:
            self.receiver.answer(200)

    def delivered(self, *expected):
        """To the file, and to the receiver: the same events, each accepted once or more."""
        self.receiver.answer(200)
        self.expect(*expected)
        near = {event["id"] for event in self.events()}

        def all_there():
            self.tool("flush", "--once")
            return near <= {event["id"] for event in self.receiver.events()}

        support.wait_until(all_there, 15, "every event at the receiver")
        assert {event["id"] for event in self.receiver.events()} == near


def run_at_work(world, at_work, *command, input=b"go\n", timeout=60, **more):
    """A program that waits for a line on its standard input: (status, output, errors) of what it does behind it."""
    process = world.start(*command, stdin=-1, stdout=-1, stderr=-1, **more)
    at_work()
    out, errors = process.communicate(input, timeout=timeout)
    return process.returncode, out.decode(errors="replace"), errors.decode(errors="replace")


def as_root():
    return os.geteuid() == 0
