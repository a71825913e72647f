"""Chains of programs that replace and leave each other: each life once, whoever it becomes and whoever stays behind."""

import os
import signal

import pytest

import support
from host import descendants, ended, wait_gone

PYTHON, PERL = support.PYTHON, "perl"
CHAIN = ["env", "A=1", "bash", "-c", "echo bash; exec env B=2 dash -c 'echo dash; exec python3 -c \"print(1); raise SystemExit(3)\"'"]


def services(out, *exes):
    """A policy with one service for each of them: app0, app1 and so on."""
    text = support.plain_policy(f"file:{out}")
    head, service = text[:text.index("  app:")], text[text.index("  app:"):]
    return head + "".join(service.replace("app:", f"app{n}:\n    match: {{ exe: {exe} }}") for n, exe in enumerate(exes))


def test_one_service(host):
    """It becomes what it is already: one run, named after what it was first."""
    h = host("env", "bash", "dash", PYTHON)
    assert h.compare(CHAIN)[0] == 3
    h.expect(ended("env", code=3))


def test_one_service_with_a_gap(host):
    h = host("bash", PYTHON)
    assert h.compare(CHAIN)[0] == 3
    h.expect(ended("bash", reason="exec"), ended(PYTHON, code=3))


def test_as_many_services(host):
    """Each becomes another: exec ends it."""
    h = host("env")
    h.policy.write_text(services(h.out, "env", "bash", "dash", PYTHON))
    h.tool("compile", h.policy)
    env = {"BOOKEND_SERVICE": "app0,app1,app2,app3"}
    assert h.compare(CHAIN, env=env)[0] == 3
    h.expect(*[ended(name, reason="exec") for name in ("env", "env", "bash", "dash")], ended(PYTHON, code=3))


@pytest.mark.parametrize("shell", ["bash", "dash"])
@pytest.mark.parametrize("left", ["(sleep 0.4; echo late) &", "sleep 0.4 & (sleep 0.2; exit 3) &", "nohup sleep 0.4 >/dev/null &",
                                  "setsid sleep 0.4 &", "(exec setsid dash -c 'sleep 0.4; exit 5') &"])
def test_what_a_shell_leaves_behind(left, shell, host):
    """Background jobs without a session of their own are no daemons: the shell's life ends with itself."""
    h = host(shell)
    assert h.compare([shell, "-c", f"{left} echo gone; exit 0"])[0] == 0
    inner = [ended("dash", reason="_exit", code=5)] if shell == "dash" and "exit 5" in left else []
    h.expect(ended(shell, reason="_exit" if shell == "dash" else "exit", code=0), *inner)


@pytest.mark.parametrize("program, text, code", [
    ("bash", "for i in 1 2 3; do (sleep 0.$i; exit $i) & done; while wait -n; echo $?; [ $(jobs -r | wc -l) -gt 0 ]; do :; done; exit 7", 7),
    ("bash", "coproc { cat; }; echo a >&${COPROC[1]}; read l <&${COPROC[0]}; echo $l; eval \"exec ${COPROC[1]}>&-\"; wait; exit 8", 8),
    ("bash", "cat <(echo a; (exit 4)); shopt -s lastpipe; echo b | read x; echo $x; exit 9", 9),
    (PERL, "$SIG{CHLD} = sub { 1 while waitpid(-1, 1) > 0; $n++ }; for (1..3) { my $p = fork; exit $_ if !$p } sleep 1 while $n < 1; "
           "1 while wait > 0; print qq(ok\\n); exit 10", 10),
    (PERL, "$SIG{CHLD} = 'IGNORE'; system('true'); my $p = fork; exit 2 if !$p; print waitpid($p, 0), qq( $!\\n); exit 11", 11),
    (PYTHON, "import asyncio, sys\nasync def one(n):\n p = await asyncio.create_subprocess_exec('sh', '-c', f'exit {n}')\n return await p.wait()\n"
             "async def all():\n print(await asyncio.gather(*map(one, range(5))))\nasyncio.run(all())\nsys.exit(12)", 12),
    (PYTHON, "import pty, os, sys\nos.write(1, str(pty.spawn(['sh', '-c', 'test -t 0 && echo terminal; exit 3'])).encode())\nsys.exit(13)", 13),
    (PYTHON, "import os, sys\np = os.fork()\nif not p: os.execlp('sleep', 'sleep', '9')\nf = os.pidfd_open(p)\nimport signal\n"
             "signal.pidfd_send_signal(f, 9)\nprint(os.waitid(os.P_PIDFD, f, os.WEXITED).si_status)\nsys.exit(14)", 14),
])
def test_ways_to_wait(program, text, code, host):
    h = host(program)
    option = "-e" if program == PERL else "-c"
    done = h.compare(["python3" if program == PYTHON else program, option, text.replace("$p, 0), qq( $!", "$p, 0) == -1, qq( $!")])
    assert done[0] == code, done
    h.expect(ended(program, code=code))


@pytest.mark.parametrize("sender", ["later", "helper"])
def test_many_short_ones(sender, host):
    h = host("true", "false", "bash", sender=sender)
    text = ("for i in $(seq 60); do /bin/true & /bin/false & done; wait; "
            "seq 40 | xargs -P 8 -n 1 sh -c '/bin/true; exec /bin/false'; exit 3")
    assert h.compare(["bash", "-c", text])[0] == 3
    h.expect(ended("bash", code=3), *[ended("true", code=0)] * 100, *[ended("false", code=1)] * 100, flush=sender == "later")


def test_a_pipe_whose_reader_leaves(host):
    """Three die of SIGPIPE, one of them after its exit handlers may have spoken; the shell that waits knows."""
    h = host("yes", "cat", "tee", "head", "bash")
    done = h.compare(["bash", "-c", "yes | cat | tee /dev/null | head -n 2; echo ${PIPESTATUS[@]}"])
    assert done[1] == "y\ny\n141 141 141 0\n"
    h.expect(*[ended(name, reason="signal", signal=13) for name in ("yes", "cat", "tee")], ended("head", code=0), ended("bash", code=0))


def test_a_group_that_is_told_to_end(host):
    h = host("bash", "dash", "sleep", PERL)

    def scenario(world):
        process = world.start("bash", "-c", "dash -c 'perl -e \"sleep 9\" & : > ready; sleep 9; echo x'; echo y")
        support.wait_until((world.folder / "ready").exists, 5, "dash")
        seen = world.settled(process.pid, ready=lambda seen: "'perl'" in str(seen) and "'sleep'" in str(seen))
        below = descendants(process.pid)
        os.killpg(process.pid, signal.SIGTERM)
        status = process.wait(5)
        wait_gone(*below)  # else the end of this world kills those that have not come to it yet
        return seen, status

    assert h.both(scenario)[1] == -15
    h.expect(*[ended(name, reason="signal", signal=15) for name in ("bash", "dash", "sleep", PERL)])
