"""One of the five systems: its policy from policy/examples, its stand-in programs, and what its receiver got."""

import contextlib
import json
import pathlib
import re
import signal
import subprocess

import support

HERE = pathlib.Path(__file__).resolve().parent
EXPECTED = HERE / "expected"
EXAMPLES = support.ROOT / "policy/examples"
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")

# program: (source, what --version prints)
PROGRAMS = {
    "readyset": ("server.c", "readyset 1.2.3"),
    "readyset-server": ("server.c", "readyset-server 1.2.3 (release)"),
    "readyset-installer": ("runner.c", ""),
    "bolt": ("runner.c", ""),
    "telemetry-beacon": ("server.c", "telemetry-beacon 1.0.0"),
    "hasura": ("worker.c", "v0.4.27"),
    "graphql-engine": ("server.c", "v1.0.0-alpha36"),
    "hasura-console": ("worker.c", "v1.0.0-alpha36"),
    "salto": ("worker.c", "version 0.3.1 (commit 8696742)"),
    "inception": ("worker.c", "inception 1.0.0"),
    "orchestrator": ("worker.c", "orchestrator 1.0.0"),
}


def build_program(folder, name, source, version):
    parts = [folder / "libwork.so", f"-Wl,-rpath,{folder}"] if source == "worker.c" else []
    support.run("cc", "-O1", "-D_GNU_SOURCE", f'-DSYSTEM_VERSION="{version}"', "-o", folder / name, HERE / "programs" / source,
                *parts, check=True, env=support.environment())


def build_programs(folder):
    """Unmodified programs: built with a plain compiler, linked with nothing of ours."""
    support.run("cc", "-shared", "-fPIC", "-O1", "-o", folder / "libwork.so", HERE / "programs/work.c", check=True,
                env=support.environment())
    for name, (source, version) in PROGRAMS.items():
        build_program(folder, name, source, version)
    return folder


def script(path, text):
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def expected(name):
    return json.loads((EXPECTED / f"{name}.json").read_text())


class System:
    """replace: texts of the policy and what stands for them here (paths of an installation, for instance)."""

    def __init__(self, name, programs, receiver, folder, state, replace=None):
        self.name, self.programs, self.receiver, self.state = name, programs, receiver, state
        self.home = folder / "home"
        self.work = folder / "work"
        self.bin = folder / "bin"
        for one in (self.home, self.work, self.bin):
            one.mkdir(exist_ok=True)
        self.env = support.environment(state, self.home, PATH=f"{self.bin}:{programs}:{support.PATH}")
        self.policy = folder / f"{name}.yaml"
        text = (EXAMPLES / f"{name}.yaml").read_text()
        text, count = re.subn(r"https://[a-z0-9.-]+\.(?:io|com|ai)", receiver.url, text)
        assert count or name == "salto", "the policy names no receiver"
        for old, new in (replace or {}).items():
            assert old in text, f"{old} is not in {name}.yaml"
            text = text.replace(old, str(new))
        self.policy.write_text(text)
        self.started = []
        support.run(support.Bookend.tool, "compile", self.policy, env=self.env, check=True)

    def close(self):
        for process in self.started:
            support.kill_group(process)

    def _environment(self, service, more):
        env = {**self.env, "LD_PRELOAD": support.Bookend.shim, "BOOKEND_SERVICE": service, "BOOKEND_POLICY": str(self.policy)}
        return {**env, **{key: str(value) for key, value in more.items()}}

    def run(self, service, *command, status=0, prefix=(), cwd=None, **environment):
        """Runs a stand-in to its end as that service; its output is what it is without us."""
        env = self._environment(service, environment)
        done = support.run(*prefix, *command, env=env, cwd=cwd or self.work)
        assert done.returncode == status, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def compile(self, old, new):
        """Puts another text into the policy here (a shorter period, for instance) and compiles it."""
        text = self.policy.read_text()
        assert old in text, f"{old} is not in {self.name}.yaml"
        self.policy.write_text(text.replace(old, new))
        support.run(support.Bookend.tool, "compile", self.policy, env=self.env, check=True)

    def start(self, service, *command, cwd=None, ready="ready", prefix=(), **environment):
        """Starts a stand-in and waits until it says `ready`."""
        process = subprocess.Popen(
            [str(word) for word in (*prefix, *command)], env=self._environment(service, environment), cwd=cwd or self.work,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        self.started.append(process)
        if ready:
            assert process.stdout.readline().strip() == ready
        return process

    @staticmethod
    def stop(process, number=signal.SIGTERM, status=0):
        process.send_signal(number)
        with contextlib.suppress(OSError):
            process.stdin.close()
        assert process.wait(10) == status

    def deliver(self):
        support.deliver(self.env)

    def requests(self, path=None):
        """What the receiver accepted, posts only."""
        return [r for r in list(self.receiver.requests) if r.method == "POST" and path in (None, r.path)]

    def recorded(self):
        """How many starts the pool counted: 0 when nothing was recorded."""
        return support.status(self.env)["counts"]["starts"]


def check_time(text):
    assert TIME.fullmatch(text), text


def check_uuid4(text):
    assert UUID4.fullmatch(text), text


def check_request(request, want):
    """Method, path and headers are those of a file of expected/."""
    assert (request.method, request.path) == (want["method"], want["path"])
    got = {name: request.headers[name] for name in want.get("headers", {})}
    assert got == want.get("headers", {})


# The tracer is nobody's parent (-D): a traced program is the child of the test, as ever.
TRACER = ("strace", "-D", "-f", "-q", "-e", "trace=network", "-o")


def sockets(lines):
    """The calls among the lines of a trace that make a socket of any kind, or reach somebody by one."""
    return [line for line in lines if re.search(r"\b(socket|connect|sendto|sendmsg|sendmmsg)\(", line)]


def trace_of(trace, process):
    """The lines of a trace, once that process is at its end in it."""
    support.wait_until(lambda: re.search(rf"^{process.pid} +\+\+\+ ", trace.read_text(), re.M), what="the end of the trace")
    return trace.read_text().splitlines()


def check_silent(system, service, *command, **environment):
    """An opt-out: the program runs as ever, nothing is recorded, and no process of it opens a socket or looks a name up."""
    trace = system.work.parent / "trace"
    before = len(system.receiver.requests)
    starts = system.recorded()
    system.run(service, *command, prefix=("strace", "-f", "-qq", "-e", "trace=network", "-o", trace), **environment)
    system.deliver()
    assert sockets(trace.read_text().splitlines()) == []
    assert system.recorded() == starts
    assert len(system.receiver.requests) == before


def check_silent_server(system, service, *command, **environment):
    """The same of a server, from where it listens to its end: the socket that it listens on is its only one."""
    trace = system.work.parent / "trace"
    before = len(system.receiver.requests)
    starts = system.recorded()
    process = system.start(service, *command, prefix=(*TRACER, trace), **environment)
    system.stop(process)
    system.deliver()
    assert len(sockets(trace_of(trace, process))) == 1
    assert system.recorded() == starts
    assert len(system.receiver.requests) == before


def check_silenced(system, opt_out, service, *command, go_on, status=0, **environment):
    """
    An opt-out during a run: opt_out() is called while the program waits, go_on(process) lets it work on and end. After
    opt_out() no process of it opens a socket, and nothing more arrives, not even what was recorded before.
    """
    trace = system.work.parent / "trace"
    process = system.start(service, *command, prefix=(*TRACER, trace), **environment)
    opt_out()
    lines, requests = len(trace.read_text().splitlines()), len(system.receiver.requests)
    go_on(process)
    assert process.wait(10) == status
    system.deliver()
    assert sockets(trace_of(trace, process)[lines:]) == []
    assert len(system.receiver.requests) == requests


def go_on(process):
    """Gives a stand-in the line that it waits for."""
    with process.stdin as line:
        line.write("\n")


def switch_off(system, service):
    support.run(support.Bookend.tool, "off", service, env=system.env, check=True)
