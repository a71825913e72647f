"""What the tests of calls share: a service whose policy is about calls, and what was recorded of it."""

import support

POLICY = """
bookend: 1
destinations:
  out: {{ format: ndjson, url: "file:{out}" }}
services:
  s:
    match: {{ exe: [{exes}] }}
    to: out
    sender: {sender}
    consent: [ {{ allow: always }} ]
{rest}
"""


class Called:
    """A service whose policy is about calls, and what was recorded of it."""

    def __init__(self, folder, state, exes, rest, sender="later"):
        self.state, self.out, self.policy = state, folder / "calls.ndjson", folder / "calls.yaml"
        self.policy.write_text(POLICY.format(out=self.out, exes=", ".join(exes), rest=rest, sender=sender))
        self.tool_env = support.environment(state)
        support.run(support.Bookend.tool, "compile", self.policy, env=self.tool_env, check=True)

    def env(self, **more):
        return support.preload(self.state, "s", self.policy, **more)

    def flush(self):
        support.run(support.Bookend.tool, "flush", "--once", env=self.tool_env)

    def events(self, name=None):
        found = support.json_lines(self.out.read_text()) if self.out.exists() else []
        assert len({event["id"] for event in found}) == len(found), "an event is there twice"
        return [event for event in found if name in (None, event["event"])]

    def ended(self, services=1, deadline=20):
        """The properties of the stops, once so many have been delivered and the pool is empty."""

        def empty():
            self.flush()
            status = support.run(support.Bookend.tool, "status", "--json", env=self.tool_env)
            return not support.json_lines(status.stdout)[0]["lifecycles"] and len(self.events("ended")) == services

        support.wait_until(empty, deadline, f"{services} stops and an empty pool")
        return [event["properties"] for event in self.events("ended")]

    def counts(self):
        status = support.run(support.Bookend.tool, "status", "--json", env=self.tool_env)
        return support.json_lines(status.stdout)[0]["counts"]
