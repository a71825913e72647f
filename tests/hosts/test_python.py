"""python3, by its real name, like python3.11: every way out, forks that leave by os._exit, and children that must not notice."""

import signal

import pytest

import support
from host import ended
from probe import probe

EXE = support.PYTHON


@pytest.mark.parametrize("text, status, end", [
    ("print('end')", 0, ended(EXE, code=0)),
    ("import sys; sys.exit(3)", 3, ended(EXE, code=3)),
    ("import sys; sys.exit('why')", 1, ended(EXE, code=1)),
    ("import os; os._exit(4)", 4, ended(EXE, reason="_exit", code=4)),
    ("import os; os.abort()", -6, ended(EXE, reason="abort", signal=6)),
    ("raise KeyboardInterrupt", -2, ended(EXE, reason="signal", signal=2)),
    ("import os, signal; os.kill(0 or os.getpid(), signal.SIGINT)", -2, ended(EXE, reason="signal", signal=2, after=2)),
    ("import os; os.kill(os.getpid(), 15)", -15, ended(EXE, reason="signal", signal=15)),
    ("import os; os.kill(os.getpid(), 9)", -9, ended(EXE, reason="vanished")),
    ("import signal, os, sys; signal.signal(15, lambda *_: sys.exit(5)); os.kill(os.getpid(), 15)", 5, ended(EXE, code=5, after=15)),
    ("import signal; print(*(signal.getsignal(n) for n in range(1, 32)))", 0, ended(EXE, code=0)),
    ("import threading, os; threading.Thread(target=lambda: os._exit(6)).start()", 6, ended(EXE, reason="_exit", code=6)),
])
def test_ends(text, status, end, host):
    h = host(EXE)
    assert h.compare(["python3", "-c", text])[0] == status
    h.expect(end)


def test_control_c(host):
    h = host(EXE)

    def scenario(world):
        process = world.start("python3", "-c", "import time; open('ready', 'w'); time.sleep(60)")
        support.wait_until((world.folder / "ready").exists, 10, "python")
        seen = world.settled(process.pid)
        process.send_signal(signal.SIGINT)
        return seen, process.wait(10)

    assert h.both(scenario)[1] == -2
    h.expect(ended(EXE, reason="signal", signal=2, after=2))


def test_children(host, tmp_path):
    """fork and exec, vfork, posix_spawn, system, and a fork that leaves at once: all start as without us."""
    program = probe(tmp_path)
    h = host(EXE)
    text = f"""
import os, subprocess, sys
run = lambda *words, **more: print(subprocess.run(words, capture_output=True, text=True, **more))
run("{program}", "3")
run("{program}", "4", start_new_session=True, close_fds=False, preexec_fn=lambda: None)
run("{program}", "5", env={{}})
run("/bin/sh", "-c", "exec {program} 6")
run("env", "-i", "{program}", "7")
try:
    run("/nonexistent")
except FileNotFoundError as e:
    print(e)
sys.stdout.flush()
print(os.waitpid(os.posix_spawn("{program}", ["probe", "8"], os.environ), 0)[1] >> 8, flush=True)
print(os.system("{program} 9") >> 8, flush=True)
pid = os.fork()
if not pid:
    os._exit(11)
print(os.waitpid(pid, 0)[1] >> 8, flush=True)
pid = os.fork()
if not pid:
    os.execl("{program}", "probe", "12")
print(os.waitpid(pid, 0)[1] >> 8, flush=True)
os.execlp("{program}", "probe", "13")
"""
    assert h.compare(["python3", "-c", text])[0] == 13
    h.expect(ended(EXE, reason="exec"))


@pytest.mark.parametrize("method, more", [("fork", 0), ("spawn", 3), ("forkserver", 2)])
def test_multiprocessing(method, more, host):
    """Workers of fork are part of the life; those of spawn and the fork server are programs of their own."""
    h = host(EXE)

    def prepare(folder):
        (folder / "main.py").write_text(
            "import multiprocessing as m\n"
            "def double(n): return 2 * n\n"
            "if __name__ == '__main__':\n"
            f"    with m.get_context('{method}').Pool(2) as pool:\n"
            "        print(pool.map(double, range(20)))\n"
            "        pool.close(); pool.join()\n")

    assert h.compare(["python3", "main.py"], prepare)[0] == 0
    h.expect(*[ended(EXE, code=0)] * (1 + more))


def test_through_env_and_bash(host):
    """exec after exec into a service is one run of it, beginning where it was first measured."""
    h = host(EXE)
    text = "import os, sys; print(os.environ.get(chr(65)), os.environ.get(chr(66))); sys.exit(3)"
    words = ["env", "A=1", "bash", "-c", f"exec env B=2 sh -c 'exec python3 -c \"{text}\"'"]
    assert h.compare(words)[0] == 3
    h.expect(ended(EXE, code=3))


def test_exec_of_itself(host):
    h = host(EXE)
    text = "import os, sys; n = int(sys.argv[1]); n or sys.exit(4); os.execv(sys.executable, [sys.executable, __file__, str(n - 1)])"
    assert h.compare(["python3", "again.py", "3"], lambda folder: (folder / "again.py").write_text(text))[0] == 4
    h.expect(ended(EXE, code=4))
