"""`bookend run` is invisible: whoever starts it, or is started by it, sees what a plain start would show."""

import json
import os
import shutil
import signal
import subprocess

import pytest

PYTHON = "/usr/bin/python3"

LOOK = """
import json, os, signal, sys
print(json.dumps({
    "argv": sys.argv, "cmdline": open("/proc/self/cmdline").read(), "cwd": os.getcwd(), "umask": os.umask(0),
    "descriptors": {fd: os.readlink("/proc/self/fd/" + fd) for fd in os.listdir("/proc/self/fd")
                    if os.path.exists("/proc/self/fd/" + fd)},
    "signals": {l.split(":")[0]: int(l.split()[1], 16) for l in open("/proc/self/status") if l[:6] in ("SigBlk", "SigIgn", "SigCgt")},
    "nice": os.nice(0), "group": os.getpgrp(), "session": os.getsid(0),
    "environment": dict(os.environ)}))
"""
OURS = ("BOOKEND_POLICY", "BOOKEND_SERVICE", "BOOKEND_STATE", "LD_PRELOAD")


@pytest.fixture
def measured(bookend, tmp_path):
    """measured("program", ...): the words that run it with the built-in policy."""
    return lambda *words: (bookend.tool, "run", "--to", f"file:{tmp_path}/events.ndjson", "--", *words)


@pytest.fixture
def events(tmp_path, wait_until):
    """events(count): that many events of the file, when they have come."""

    def read():
        file = tmp_path / "events.ndjson"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    return lambda count: wait_until(lambda: len(read()) >= count and read(), 10, f"{count} events in the file")


def look(run, words, **more):
    seen = json.loads(run(*words, PYTHON, "-c", LOOK, "one", "two three", check=True, **more).stdout)
    # The shim of a service hears HUP and TERM that are left to their default; sigaction(2) does not show it.
    seen["signals"]["SigCgt"] &= ~(1 << (signal.SIGHUP - 1) | 1 << (signal.SIGTERM - 1))
    return seen


def state_of(pid):
    """The letter of /proc/PID/stat; None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(") ")[2][0]
    except FileNotFoundError:
        return None


def test_a_program_sees_what_a_plain_start_shows_it(run, measured):
    plain, seen = look(run, ()), look(run, measured())
    for name in OURS:
        plain["environment"].pop(name, None)
        seen["environment"].pop(name, None)
    # Pipes of two runs have two numbers.
    for one in (plain, seen):
        one["descriptors"] = {fd: to.split(":")[0] for fd, to in one["descriptors"].items()}
    assert seen == {**plain, "group": seen["group"], "session": seen["session"]}


def test_group_and_session_are_those_of_the_start(run, measured):
    seen = look(run, measured(), start_new_session=True)
    assert seen["group"] == seen["session"] != os.getsid(0)


def test_inherited_descriptors_and_ignored_signals_arrive(run, measured, tmp_path):
    with open(tmp_path / "kept", "w") as kept:
        os.set_inheritable(kept.fileno(), True)

        def ignore():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])

        number = str(kept.fileno())
        how = {"pass_fds": [kept.fileno()], "preexec_fn": ignore}
        plain, seen = look(run, (), **how), look(run, measured(), **how)
    assert seen["signals"] == plain["signals"]
    assert seen["descriptors"][number] == str(tmp_path / "kept")
    assert seen["descriptors"].keys() == plain["descriptors"].keys()


def test_closed_standard_streams_stay_closed(run, measured, tmp_path):
    for name, words in (("plain", ""), ("seen", " ".join(measured()))):
        run("sh", "-c", f"exec {words} sh -c 'ls /proc/self/fd' > {tmp_path}/{name} <&- 2>&-")
    assert (tmp_path / "seen").read_text() == (tmp_path / "plain").read_text()


@pytest.mark.parametrize("code", [0, 1, 7, 127, 255])
def test_the_exit_status_is_the_commands_own(run, measured, code):
    assert run(*measured("sh", "-c", f"exit {code}")).returncode == code


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT, signal.SIGINT,
                                    signal.SIGPIPE])
def test_a_signal_that_ends_the_command_ends_run(run, measured, number, tmp_path):
    done = run(*measured("sh", "-c", f"kill -{number.value} $$"))
    assert done.returncode == -number
    assert not list(tmp_path.glob("core*"))


def test_streams_flow_unchanged(env, measured):
    data = "".join(f"line {i}\n" for i in range(20000))
    done = subprocess.run(measured("sh", "-c", "cat; echo problem >&2"), input=data, capture_output=True, text=True,
                          timeout=60, env=env)
    assert (done.stdout, done.stderr, done.returncode) == (data, "problem\n", 0)


def test_a_pipe_ends_when_the_command_ends(run, measured, tmp_path):
    """What delivers in the background holds nothing open."""
    done = run("sh", "-c", " ".join(measured("echo", "hello")) + " | cat", timeout=20)
    assert done.stdout == "hello\n"


@pytest.mark.parametrize("words, status, part", [
    (["no-such-program"], 127, "no-such-program is not found: install it, or check PATH"),
    (["/no/such/program"], 127, "/no/such/program is not there: check the path"),
    (["/tmp"], 126, "/tmp can not be executed: Permission denied"),
    (["/etc/passwd"], 126, "/etc/passwd can not be executed: Permission denied"),
])
def test_what_can_not_be_run_is_said_and_not_recorded(run, measured, state, words, status, part, tmp_path):
    done = run(*measured(*words))
    assert done.returncode == status
    assert done.stdout == ""
    assert done.stderr == f"bookend run: {part}\n"
    assert not (tmp_path / "events.ndjson").exists()


def test_a_script_whose_interpreter_is_missing_is_not_found(run, measured, tmp_path):
    script = tmp_path / "script"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    assert run(*measured(script)).returncode == 127


def test_scripts_run_with_and_without_a_first_line(run, measured, tmp_path):
    for name, text in (("first", f"#!{PYTHON} -u\nimport sys; print(sys.argv[1:])\n"), ("none", "echo \"['$1']\"\n")):
        script = tmp_path / name
        script.write_text(text)
        script.chmod(0o755)
        assert run(*measured(script, "a b")).stdout == "['a b']\n"


def test_path_is_searched_as_a_shell_does(run, measured, env, tmp_path):
    good, bad = tmp_path / "good", tmp_path / "bad"
    for folder, mode in ((bad, 0o644), (good, 0o755)):
        folder.mkdir()
        (folder / "tool").write_text("#!/bin/sh\necho found\n")
        (folder / "tool").chmod(mode)
    assert run(*measured("tool"), env={**env, "PATH": f"{bad}:{good}:/bin"}).stdout == "found\n"
    assert run(*measured("tool"), env={**env, "PATH": f"{bad}:/bin"}).returncode == 126


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT,
                                    signal.SIGWINCH, signal.SIGRTMIN + 3])
def test_a_signal_for_run_reaches_the_command(start, measured, number, tmp_path, wait_until):
    waiting = tmp_path / "waiting"
    # Not pause(): python may look for signals just before it, and not again.
    code = (f"import signal, sys, time\nsignal.signal({int(number)}, lambda *_: sys.exit(42))\n"
            f"open('{waiting}', 'w').close()\nwhile True: time.sleep(0.01)")
    process = start(*measured(PYTHON, "-c", code))
    wait_until(waiting.exists, 10, "the command")
    process.send_signal(number)
    assert process.wait(10) == 42


def test_killing_run_kills_the_command(start, measured, wait_until, tmp_path):
    process = start(*measured("sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 300"))
    pid = wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip(), 10, "the command")
    process.kill()
    process.wait(10)
    wait_until(lambda: state_of(pid) in (None, "Z"), 10, "the end of the command")


def test_a_stopped_and_continued_program_goes_on_without_a_terminal(start, measured, wait_until, tmp_path):
    """Nobody would wake the launcher: it must not stop with the program."""
    process = start(*measured("sh", "-c", f"echo $$ > {tmp_path}/pid; read x; exit 5"), stdin=subprocess.PIPE)
    pid = int(wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text(), 10, "the command"))
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: state_of(pid) == "T", 10, "the stop")
    os.kill(pid, signal.SIGCONT)
    process.communicate(b"x\n")
    assert process.returncode == 5


class Terminal:
    """An interactive shell on a terminal of its own."""

    def __init__(self, env, cwd):
        import pty

        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "-i"], {**env, "PS1": "$ ", "TERM": "dumb"})
        os.set_blocking(self.fd, False)
        self.text = ""

    def type(self, text):
        os.write(self.fd, text.encode())

    def read(self):
        try:
            self.text += os.read(self.fd, 65536).decode(errors="replace")
        except (BlockingIOError, OSError):
            pass
        return self.text

    def close(self):
        os.close(self.fd)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)


@pytest.fixture
def terminal(env, tmp_path):
    one = Terminal(env, tmp_path)
    yield one
    one.close()


def test_job_control_stops_and_continues_the_command(terminal, measured, wait_until, tmp_path):
    code = f"import signal; open('{tmp_path}/up', 'w').close(); signal.pause()"
    (tmp_path / "wait.py").write_text(code)
    terminal.type(" ".join(measured(PYTHON, f"{tmp_path}/wait.py")) + "; echo status=$?\r")
    wait_until((tmp_path / "up").exists, 10, "the command")
    terminal.type("\x1a")
    wait_until(lambda: "Stopped" in terminal.read(), 10, "the shell's word of the stop")
    terminal.type("jobs -l; fg\r")
    wait_until(lambda: terminal.read().count("wait.py") >= 4, 10, "fg")
    terminal.type("\x03")
    wait_until(lambda: "KeyboardInterrupt" in terminal.read(), 10, "the interrupt")


def test_an_interrupt_of_the_terminal_arrives_once(terminal, measured, wait_until, tmp_path):
    (tmp_path / "count.py").write_text(
        "import signal, time\ncount = 0\ndef hear(*_):\n    global count\n    count += 1\n"
        "signal.signal(signal.SIGINT, hear)\n"
        f"open('{tmp_path}/up', 'w').close()\nend = None\n"
        "while end is None or time.monotonic() < end:\n    time.sleep(0.01)\n"
        "    if count and end is None: end = time.monotonic() + 0.3\nprint('heard', count)\n")
    terminal.type(" ".join(measured(PYTHON, f"{tmp_path}/count.py")) + "; echo status=$?\r")
    wait_until((tmp_path / "up").exists, 10, "the command")
    terminal.type("\x03")
    wait_until(lambda: "status=0" in terminal.read(), 10, "the end")
    assert "heard 1" in terminal.text


def test_a_sanitized_program_gets_its_runtime_first(run, measured, compile_c):
    program = compile_c("int main(void) { return 9; }", name="sanitized", flags=["-fsanitize=address"])
    done = run(*measured(program))
    assert (done.returncode, done.stderr) == (9, "")


@pytest.mark.parametrize("compiler", [["musl-gcc"], ["gcc", "-m32"]])
def test_a_program_of_another_libc_or_class_is_recorded_from_outside(run, measured, events, compiler, tmp_path):
    if not shutil.which(compiler[0]):
        pytest.skip(f"needs {compiler[0]}")
    (tmp_path / "foreign.c").write_text("int main(void) { return 9; }")
    built = run(*compiler, "-o", tmp_path / "foreign", tmp_path / "foreign.c")
    if built.returncode != 0:
        pytest.skip(f"needs a working {compiler}")
    done = run(*measured(tmp_path / "foreign"))
    assert (done.returncode, done.stderr) == (9, "")
    assert events(2)[1]["properties"]["code"] == 9


def test_what_was_preloaded_before_stays(run, measured, env, compile_c, bookend):
    library = compile_c("int marker(void) { return 1; }", name="libmarker.so", flags=["-shared", "-fPIC"])
    seen = run(*measured("sh", "-c", "echo $LD_PRELOAD; cat /proc/$$/maps"), env={**env, "LD_PRELOAD": library}).stdout
    assert seen.splitlines()[0] == f"{bookend.shim}:{library}"
    assert "libmarker.so" in seen.split("\n", 1)[1]


STATIC = "#include <stdlib.h>\nint main(int argc, char **argv) { return argc > 1 ? atoi(argv[1]) : 0; }"


@pytest.mark.parametrize("what", ["bash", "python", "static", "busybox"])
def test_the_built_in_policy_records_start_and_stop(run, measured, events, compile_c, what):
    if what == "busybox" and not os.path.exists("/bin/busybox"):
        pytest.skip("needs busybox")
    static = compile_c(STATIC, name="static", flags=["-static"]) if what == "static" else None
    words = {"bash": ["bash", "-c", "exit 3"], "python": [PYTHON, "-c", "import sys; sys.exit(3)"],
             "static": [static, "3"], "busybox": ["/bin/busybox", "sh", "-c", "exit 3"]}[what]
    assert run(*measured(*words)).returncode == 3
    begin, end = events(2)
    service = os.path.basename(words[0])
    assert [begin["kind"], end["kind"]] == ["start", "stop"]
    assert begin["service"] == end["service"] == service
    assert begin["pid"] == end["pid"]
    assert begin["session"] == end["session"]
    properties = end["properties"]
    assert (properties["how"], properties["reason"], properties["code"]) == ("failed", "exit", 3)


def test_a_destination_is_meant_from_where_run_was_started(run, bookend, tmp_path, events):
    run(bookend.tool, "run", "--to", "file:events.ndjson", "sh", "-c", "cd /; exit 0", check=True)
    assert len(events(2)) == 2


def test_a_static_program_that_is_killed_is_recorded_so(run, measured, events, compile_c):
    program = compile_c("#include <signal.h>\nint main(void) { raise(SIGKILL); }", name="killed", flags=["-static"])
    assert run(*measured(program)).returncode == -signal.SIGKILL
    end = events(2)[1]
    assert (end["properties"]["reason"], end["properties"]["signal"]) == ("signal", 9)


def test_a_start_is_delivered_while_the_command_runs(start, measured, events):
    start(*measured("sleep", "300"))
    assert events(1)[0]["kind"] == "start"


def test_without_consent_of_the_user_nothing_is_made(run, measured, env, state, tmp_path):
    for name in ("BOOKEND_DISABLE", "DO_NOT_TRACK"):
        assert run(*measured("sh", "-c", "echo $LD_PRELOAD"), env={**env, name: "1"}).stdout == "\n"
    assert list(state.iterdir()) == []


def test_an_end_as_process_1_is_delivered_before_it_is_over(run, measured, root, tmp_path):
    done = run("unshare", "--pid", "--fork", "--mount-proc", *measured("sh", "-c", "exit 4"))
    assert done.returncode == 4
    assert (tmp_path / "events.ndjson").read_text().count("\n") == 2
    done = run("unshare", "--pid", "--fork", "--mount-proc", *measured("sh", "-c", "kill -9 $$"))
    assert done.returncode == 128 + signal.SIGKILL




def test_a_launcher_in_a_command_names_its_own_command(run, bookend, state, wait_until):
    run(bookend.tool, "run", "--", "sh", "-c", f"{bookend.tool} run -- sleep 0", check=True)
    file = state / "events.ndjson"
    wait_until(lambda: file.exists() and file.read_text().count("\n") == 4, 10, "the events of both")
    services = sorted(json.loads(line)["service"] for line in file.read_text().splitlines())
    assert services == ["sh", "sh", "sleep", "sleep"]
