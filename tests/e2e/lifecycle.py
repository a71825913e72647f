"""What the lifecycle tests share: a policy whose services are small, and what was recorded, read back as lifecycles."""

import collections

import support

def policy_text(out, services):
    """services: name → executables it matches, or None: without match. A name that begins with `command` is a command."""
    text = [
        "bookend: 1", "name: Lifecycles", "destinations:", f'  out: {{ format: ndjson, url: "file:{out}" }}', "defaults:",
        "  to: out", "  consent: [ { deny: { env: TEST_REFUSES, is: true } }, { allow: always } ]", "services:",
    ]
    for name, exes in services.items():
        text.append(f"  {name}:")
        if exes is not None:
            text.append(f"    match: {{ exe: [{', '.join(exes)}] }}")
        if name.startswith("command"):
            text += ["    events:", "      ran:", "        when: command", *PROPERTIES]
            continue
        sender = "helper" if name.startswith("helped") else "later"
        text += [f"    sender: {sender}", *PROPERTIES, "    events:", "      began: { when: start }", "      ended: { when: stop }"]
    return "\n".join(text) + "\n"


PROPERTIES = [
    "    properties:", "      exe: ${process.exe}", "      reason: ${exit.reason}", "      code: ${exit.code}",
    "      signal: ${exit.signal}", "      after: ${exit.after_signal}",
]


class Lifecycle:
    """One lifecycle as it was delivered: .service .exe .pid .starts .stops, and of the stop .reason .code .signal .after"""

    def __init__(self, events):
        first = events[0]
        self.service, self.pid = first["service"], first["pid"]
        self.exe = first["properties"].get("exe")
        self.starts = sum(event["kind"] == "start" for event in events)
        self.stops = sum(event["kind"] in ("stop", "command") for event in events)
        last = next((event["properties"] for event in events if event["kind"] != "start"), {})
        self.reason, self.code = last.get("reason"), last.get("code")
        self.signal, self.after = last.get("signal", 0), last.get("after", 0)
        self.end = (self.reason, self.code, self.signal)

    def __repr__(self):
        return f"<{self.service} {self.exe} {self.pid} {self.starts}/{self.stops} {self.end} after {self.after}>"


class Measured:
    """A policy in a state of its own; run programs with env() and read lifecycles() back."""

    def __init__(self, folder, state, services, name="lifecycles"):
        self.state = state
        self.out = folder / f"{name}.ndjson"
        self.policy = folder / f"{name}.yaml"
        self.policy.write_text(policy_text(self.out, services))
        self.tool_env = support.environment(state)
        support.run(support.Bookend.tool, "compile", self.policy, env=self.tool_env, check=True)

    def env(self, service="alpha", **more):
        return support.preload(self.state, service, self.policy, **more)

    def flush(self):
        support.run(support.Bookend.tool, "flush", "--once", env=self.tool_env)

    def events(self):
        """Every event, from the file that they are delivered to. None may be there twice."""
        events = support.json_lines(self.out.read_text()) if self.out.exists() else []
        assert len({event["id"] for event in events}) == len(events), "an event is there twice"
        return events

    def lifecycles(self, count=1, deadline=20):
        """Waits until `count` lifecycles have their stop and returns all, in the order of their first event."""

        def settled():
            self.flush()
            found = self.found()
            return found if sum(one.stops for one in found) >= count else None

        found = support.wait_until(settled, deadline, f"{count} stops in {self.out}")
        assert len(found) == count, found
        return found

    def found(self):
        sessions = collections.OrderedDict()
        for event in self.events():
            sessions.setdefault(event["session"], []).append(event)
        return [Lifecycle(events) for events in sessions.values()]

    def one(self):
        """The only lifecycle, with exactly one start and one stop."""
        (one,) = self.lifecycles(1)
        assert (one.starts, one.stops) == (1, 1), one
        return one


def plain(env):
    """The same environment without Bookend."""
    return {name: value for name, value in env.items() if name != "LD_PRELOAD" and not name.startswith("BOOKEND_")}


def same_behaviour(command, env, cwd, **more):
    """Runs a command without and with Bookend; asserts that nobody can tell, and returns the second run."""
    without = support.run(*command, env=plain(env), cwd=cwd, **more)
    measured = support.run(*command, env=env, cwd=cwd, **more)
    assert (measured.returncode, measured.stdout, measured.stderr) == (
        without.returncode, without.stdout, without.stderr), f"{command} behaves differently"
    return measured


def descriptors():
    """A program's text: prints which descriptors are open at its start."""
    return "import os; print([fd for fd in range(64) if os.path.exists('/proc/self/fd/%d' % fd)])"


def pid_of(path, deadline=10):
    """The pid that a daemon wrote into a file."""
    return int(support.wait_until(lambda: path.exists() and path.read_text().strip(), deadline, f"a pid in {path}"))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def gone(pid, deadline=10):
    support.wait_until(lambda: not alive(pid), deadline, f"the end of process {pid}")
