"""node: a program with threads of its own, signal handling that re-raises, and children by posix_spawn-like means."""

import pytest

import support
from host import ended
from probe import probe

EXE = "node"


@pytest.mark.parametrize("text, status, end", [
    ("console.log('end')", 0, ended(EXE, code=0)),
    ("process.on('exit', c => console.log(c)); process.exit(3)", 3, ended(EXE, code=3)),
    ("process.exitCode = 4", 4, ended(EXE, code=4)),
    ("console.log('now'); process.reallyExit(5)", 5, ended(EXE, code=5)),
    ("process.abort()", -6, ended(EXE, reason="abort", signal=6)),
    ("throw 'up'", 1, ended(EXE, code=1)),
    ("new (require('worker_threads').Worker)('process.exit(0)', {eval: true}).on('exit', () => process.exit(6))", 6,
     ended(EXE, code=6)),
    ("process.kill(process.pid, 'SIGKILL')", -9, ended(EXE, reason="vanished")),
    ("process.on('SIGTERM', () => process.exit(7)); process.kill(process.pid, 'SIGTERM'); setTimeout(() => 0, 9000)", 7,
     ended(EXE, code=7, after=15)),
])
def test_ends(text, status, end, host):
    h = host(EXE)
    assert h.compare(["node", "-e", text])[0] == status
    h.expect(end)


@pytest.mark.parametrize("number", [15, 2, 1])
def test_a_signal(number, host):
    h = host(EXE)

    def scenario(world):
        process = world.start("node", "-e", "require('fs').writeFileSync('ready', ''); setInterval(() => 0, 1000)")
        support.wait_until((world.folder / "ready").exists, 10, "node")
        seen = world.settled(process.pid)
        process.send_signal(number)
        return seen, process.wait(10)

    assert h.both(scenario)[1] == -number
    own = number in (15, 2)  # a handler of node's, which raises it again
    h.expect(ended(EXE, reason="signal", signal=number, after=number if own else None))


def test_children(host, tmp_path):
    """By exec, spawn and fork; their signals, descriptors and environment are as without us."""
    program = probe(tmp_path)
    h = host(EXE)
    text = f"""
        const c = require('child_process');
        console.log(c.spawnSync('{program}', ['3']).stdout.toString());
        console.log(c.execFileSync('{program}').toString());
        try {{ c.execSync('exec {program} 4 | cat; exit 2'); }} catch (e) {{ console.log(e.status); }}
        console.log(c.spawnSync('/nonexistent').error.code);
        const f = c.fork('child.js');
        f.on('exit', (code, number) => console.log(code, number)).send(9);
    """
    h.compare(["node", "-e", text], lambda folder: (folder / "child.js").write_text("process.on('message', process.exit)"))
    h.expect(ended(EXE, code=0), ended(EXE, code=9))
