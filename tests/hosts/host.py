"""One program without and with Bookend, under the same conditions, compared; and its events, expected one by one.

    h = host("redis-server", "redis-check-rdb")
    h.both(scenario)                    # scenario(world) returns what must be the same in both worlds
    h.compare(["bash", "-c", "exit 3"]) # for a command: status, output, and what it left in its folder
    h.expect(ended(code=0, after=15))   # every lifecycle: one start, one stop, and how it ended
"""

import collections
import contextlib
import ctypes
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import subprocess
import tempfile

import support

# Signals whose default action a service's record notes: the kernel's view has a handler more (shim/signals.def).
NOTED = {signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM}
SETXID = 33  # what libc installs with a process's first thread

Ended = collections.namedtuple("Ended", "exe how reason code signal after")


def ended(exe=None, how=None, reason="exit", code=None, signal=None, after=None):  # pylint: disable=redefined-outer-name
    """How a lifecycle ended; exe None: whatever the program is called."""
    if how is None:
        how = {"signal": "crashed", "abort": "crashed", "vanished": "vanished"}.get(reason, "failed" if code else "clean")
    return Ended(exe, how, reason, code, *(number and int(number) for number in (signal, after)))


def process_state(pid):
    """The letter in /proc, or None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return None


def is_gone(pid):
    return process_state(pid) in (None, "Z", "X")


def wait_gone(*pids, deadline=10):
    """Reaps orphans that have become ours (adopt_orphans()); then they are gone without a trace, as init leaves them."""

    def all_gone():
        for pid in pids:
            reap(pid)
        return all(map(is_gone, pids))

    support.wait_until(all_gone, deadline, f"the end of {pids}")


def reap(pid):
    """The exit status of a dead child (minus the signal), None when it lives, or is none of ours."""
    with contextlib.suppress(ChildProcessError):
        found, status = os.waitpid(pid, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if found else None
    return None


def daemon_status(pid, deadline=10):
    """The exit status (minus the signal) of a daemon that was left to us, when it has ended and is reaped."""
    status = []

    def reaped():
        status.append(reap(pid))
        return status[-1] is not None

    support.wait_until(reaped, deadline, f"the end of daemon {pid}")
    return status[-1]


def adopt_orphans():
    """From now on daemons are children of this process: their status can be seen, and none stays a zombie."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def pid_in(path, deadline=10):
    """The pid that a daemon writes into the first line of a file."""
    path = pathlib.Path(path)
    return int(support.wait_until(lambda: path.exists() and path.read_text().strip(), deadline, f"a pid in {path}").split()[0])


def children(pid):
    found = []
    with contextlib.suppress(OSError):
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            found += [int(word) for word in (task / "children").read_text().split()]
    return sorted(found)


def descendants(pid):
    return [one for child in children(pid) for one in (child, *descendants(child))]


def descriptors(pid, passing):
    """What each open descriptor is, without the numbers of inodes and processes; and without those that come and go."""
    found = {}
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            found[int(link.name)] = re.sub(r"\d+", "N", os.readlink(link))
    return {number: what for number, what in found.items() if not (passing and re.search(passing, what))}


def signals(pid):
    """What is blocked, ignored and caught, but for the handlers of ours that the host can not see."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as status:
        fields = dict(line.split(":\t", 1) for line in status.read().splitlines() if ":\t" in line)
    sets = {name: int(fields[name], 16) for name in ("SigBlk", "SigIgn", "SigCgt")}
    sets["SigCgt"] &= ~sum(1 << (number - 1) for number in {*NOTED, SETXID})
    return sets


def threads(pid):
    """How many, but for the sender's."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum((task / "comm").read_text() != "bookend\n" for task in tasks)


def look(pid, passing=None):
    """A process and all below it as one comparable value. passing: a pattern of files that are open now and then."""
    with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
        name = stat.read().split("(", 1)[1].rsplit(")", 1)[0]
    return {
        "name": name, "descriptors": descriptors(pid, passing), "signals": signals(pid),
        "threads": threads(pid),
        "children": sorted((look(child, passing) for child in children(pid)), key=str),
    }


def installed(command):
    """The words of a command as text; its program is there, or the test has failed."""
    words = [str(word) for word in command]
    if not shutil.which(words[0], path=support.PATH):
        raise AssertionError(f"{words[0]} is not there: tests/setup/need.sh test installs it")
    return words


def differences(plain, measured, where=""):
    """The places at which two values differ, one a line."""
    if isinstance(plain, dict) and isinstance(measured, dict):
        keys = sorted({*plain, *measured}, key=str)
        return [line for key in keys for line in differences(plain.get(key), measured.get(key), f"{where}.{key}")]
    if isinstance(plain, (list, tuple)) and isinstance(measured, (list, tuple)) and len(plain) == len(measured):
        return [line for i, (a, b) in enumerate(zip(plain, measured)) for line in differences(a, b, f"{where}[{i}]")]
    return [] if plain == measured else [f"{where}: {measured!r} with Bookend, {plain!r} without"]


class World:
    """Where a scenario runs, once plain and once measured: .folder (fresh, the same path in both), .env, .measured"""

    def __init__(self, host, env, measured):
        self.host, self.env, self.measured = host, env, measured
        self.folder = host.folder / "work"
        self.started = []
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(mode=0o755)
        self.host.give(self.folder)

    def run(self, *command, env=None, **more):
        """A command to its end, measured or not as the world is: a CompletedProcess."""
        return support.run(*installed(command), env={**self.env, **(env or {})}, cwd=self.folder,
                           **{**self.host.identity(), **more})

    def start(self, *command, env=None, **more):
        """A command in the background, leader of a group of its own."""
        for stream in ("stdin", "stdout", "stderr"):
            more.setdefault(stream, subprocess.DEVNULL)
        process = subprocess.Popen(installed(command), env={**self.env, **(env or {})}, cwd=self.folder,
                                   start_new_session=True, **{**self.host.identity(), **more})
        self.started.append(process)
        return process

    def settled(self, pid, passing=None, ready=lambda seen: True, deadline=5):
        """look(pid, passing), as soon as it is ready() and stands still."""
        last = []

        def still():
            try:
                seen = look(pid, passing)
            except (OSError, ValueError):
                return None
            last.append(seen)
            return seen if len(last) > 2 and last[-3] == last[-2] == seen and ready(seen) else None

        return support.wait_until(still, deadline, f"process {pid} standing still")

    def close(self):
        for process in self.started:
            support.kill_group(process)


class Host:
    """A policy for the executables, in folders of its own; user: who runs it when the tests run as root."""

    def __init__(self, executables, sender="later", user=None, policy=None):
        adopt_orphans()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bookend-host-"))
        self.folder.chmod(0o755)
        self.user = pwd.getpwnam(user) if user and os.geteuid() == 0 else None
        self.worlds = []
        self.build = self.folder / "bookend"
        self.build.mkdir()
        for part in (support.Bookend.tool, support.Bookend.shim, support.Bookend.sender):
            shutil.copy2(part, self.build)  # another user may not come into the checkout
        self.state = self.folder / "state"
        self.state.mkdir(mode=0o700)
        self.out = self.state / "out.ndjson"
        self.policy = self.folder / "policy.yaml"
        self.policy.write_text(self.write_policy(executables, sender, policy))
        support.run(self.build / "bookend", "compile", self.policy, check=True, env=support.environment(self.state))
        self.give(self.state)

    def write_policy(self, executables, sender, policy):
        if policy:
            return policy.replace("@OUT@", f"file:{self.out}")
        return support.plain_policy(f"file:{self.out}", match=f"{{ exe: [{', '.join(executables)}] }}", sender=sender)

    def give(self, path):
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def identity(self):
        """For subprocess: whose process it is."""
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def tool(self, *words):
        return support.run(self.build / "bookend", *words, env=support.environment(self.state), **self.identity())

    def world(self, measured):
        env = support.environment(home=self.folder)
        if measured:
            env = support.environment(self.state, self.folder, LD_PRELOAD=self.build / "libbookend.so", BOOKEND_SERVICE="app",
                                      BOOKEND_POLICY=self.policy)
        self.worlds.append(World(self, env, measured))
        return self.worlds[-1]

    def both(self, scenario, *more):
        """scenario(world, *more) without and with Bookend gives the same; returns that."""
        plain, measured = self.one(scenario, False, *more), self.one(scenario, True, *more)
        assert measured == plain, "\n".join(differences(plain, measured))
        return measured

    def one(self, scenario, measured, *more):
        world = self.world(measured)
        try:
            return scenario(world, *more)
        finally:
            world.close()

    def compare(self, command, prepare=lambda folder: None, **more):
        """Status, both outputs and the files left behind are the same; returns (status, stdout, stderr, files)."""

        def scenario(world):
            prepare(world.folder)
            done = world.run(*command, **more)
            files = sorted(str(path.relative_to(world.folder)) for path in world.folder.rglob("*") if ".git/" not in str(path))
            return done.returncode, done.stdout, done.stderr, files

        return self.both(scenario)

    def events(self):
        events = support.json_lines(self.out.read_text()) if self.out.exists() else []
        assert len({event["id"] for event in events}) == len(events), "an event is there twice"
        return events

    def ends(self):
        """The lifecycles that have been delivered: (starts, stops, Ended), in the order of their first event."""
        sessions = collections.OrderedDict()
        for event in self.events():
            sessions.setdefault(event["session"], []).append(event)
        found = []
        for events in sessions.values():
            last = next((event["properties"] for event in events if event["kind"] != "start"), {})
            exe = next((event["properties"]["exe"] for event in events if "exe" in event["properties"]), "?")
            found.append((sum(event["kind"] == "start" for event in events), sum(event["kind"] != "start" for event in events),
                          Ended(os.path.basename(exe), *(last.get(name) for name in (
                              "how", "reason", "code", "signal", "after_signal")))))
        return found

    def expect(self, *expected, flush=True, deadline=15):
        """These lifecycles and no other: of each exactly one start and one stop. flush False: a helper delivers."""

        def all_there():
            if flush:
                self.tool("flush", "--once")
            found = self.ends()
            starts, stops = (sum(one[i] for one in found) for i in (0, 1))
            return found if min(starts, stops) >= len(expected) else None

        try:
            support.wait_until(all_there, deadline, "every start and stop")
        except AssertionError:
            pass  # what is missing is shown below
        if flush:
            self.tool("flush", "--once")
        found = self.ends()
        got = sorted((starts, stops, str(end)) for starts, stops, end in found)
        anonymous = all(end.exe is None for end in expected)
        if anonymous:
            got = sorted((starts, stops, str(end._replace(exe=None))) for starts, stops, end in found)
        wanted = sorted((1, 1, str(end)) for end in expected)
        assert got == wanted, f"(starts, stops, end)\ngot:    {got}\nwanted: {wanted}"
        assert not self.trouble(), self.trouble()

    def trouble(self):
        """What `bookend status` counts and should not have had to."""
        said = json.loads(self.tool("status", "--json").stdout)
        counts = {**said["counts"], **said["delivery"]}
        bad = ("no_slot", "damaged", "truncated", "discarded", "helpers_failed", "poisoned", "dropped", "no_image")
        return said["losses"] + [f"{name}: {counts[name]}" for name in bad if counts[name]]

    def alive(self):
        """Processes that run in these folders or know of them: daemons of a test that failed, helpers at work."""
        found, want = [], os.fsencode(self.folder)
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                where = os.fsencode(os.readlink(process / "cwd"))
                if want in where + (process / "cmdline").read_bytes() + (process / "environ").read_bytes():
                    found.append(int(process.name))
        return found

    def close(self):
        for world in self.worlds:
            world.close()
        try:
            support.wait_until(lambda: not self.alive(), 5, "the end of all helpers")
        except AssertionError:
            for pid in self.alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        uids = {os.geteuid()} | ({self.user.pw_uid} if self.user else set())
        for uid in uids:
            support.remove_pools(self.state, uid)
        shutil.rmtree(self.folder, ignore_errors=True)
