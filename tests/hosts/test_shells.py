"""bash and dash: subshells, pipes, substitutions and background jobs are forks of one life; exec, traps and signals as without us."""

import pytest

import support
from host import ended
from probe import probe

SHELLS = ["bash", "dash"]


def leaves(shell, code, **more):
    """dash goes by _exit, always; so does bash from a signal that it was told to die of."""
    return ended(shell, reason="_exit" if shell == "dash" else "exit", code=code, **more)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return probe(tmp_path_factory.mktemp("probe"))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("text, status, after", [
    ("echo end", 0, None),
    ("exit 3", 3, None),
    ("(exit 4); echo $?; (echo a; (echo b; exit 1)) | cat; exit 5", 5, None),
    ("x=$(echo a; exit 6); exit $?", 6, None),
    ("false | true; echo $?; seq 3 | while read n; do echo $n; done; set -e; false; echo never", 1, None),
    ("sleep 0.1 & p=$!; (exit 7) & wait $!; echo $?; wait $p; exit 8", 8, None),
    ("trap 'echo out; exit 9' EXIT; exit 1", 9, None),
    ("trap 'echo term' TERM; kill -TERM $$; echo on; exit 10", 10, 15),
    ("trap 'exit 11' INT; kill -INT $$; sleep 5", 11, 2),
    ("trap '' HUP; kill -HUP $$; exit 12", 12, None),
    # Whether dash says "Terminated" is a race that it runs without us, too.
    ("sleep 5 & kill $!; wait $! 2>/dev/null; exit 13", 13, None),
    ("/nonexistent; echo $?; exec 3<&1; eval 'exit 14'", 14, None),
    ("trap 'echo term' TERM; (trap - TERM; kill -TERM $(exec sh -c 'echo $PPID'); sleep 5); echo $?; exit 15", 15, None),
    ("set -m; sleep 0.1 & wait; trap; exit 16", 16, None),
])
def test_ends(text, status, after, shell, host):
    h = host(shell)
    assert h.compare([shell, "-c", text])[0] == status
    sh = [leaves("dash", 0)] if shell == "dash" and "exec sh" in text else []
    h.expect(leaves(shell, status, after=after), *sh)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("number", [15, 2, 1, 9])
def test_dies_of_a_signal(number, shell, host):
    h = host(shell)
    assert h.compare([shell, "-c", f"kill -{number} $$; sleep 5; echo never"])[0] == -number
    own = shell == "dash" and number == 2  # its own handler raises it again
    h.expect(ended(shell, reason="vanished") if number == 9 else
             ended(shell, reason="signal", signal=number, after=number if own else None))


@pytest.mark.parametrize("shell", SHELLS)
def test_dies_of_a_signal_while_it_waits(shell, host):
    h = host(shell)

    def scenario(world):
        process = world.start(shell, "-c", ": > ready; sleep 3; echo never")
        support.wait_until((world.folder / "ready").exists, 10, shell)
        seen = world.settled(process.pid, ready=lambda seen: [child["name"] for child in seen["children"]] == ["sleep"])
        process.terminate()
        return seen, process.wait(10)

    assert h.both(scenario)[1] == -15
    h.expect(ended(shell, reason="signal", signal=15))


@pytest.mark.parametrize("shell", SHELLS)
def test_children(shell, host, program):
    """What a command starts with: in front, behind, in a pipe, after traps, ignored signals and redirections."""
    h = host(shell)
    text = f"""
{program} 1; echo $?
{program} 2 & wait $!; echo $?
{program} 3 | cat; (exec {program} 4); echo "$({program} 5)"
trap 'echo term' TERM; trap '' HUP; {program} 6; ({program} 7)
set -m; {program} 8; {program} 9 & wait; set +m
exec 5</dev/null; {program} 10 6<&5
trap '' TERM; PATH=/bin {program} 11
env -i {program} 12
nice -n 3 nohup {program} 13
exec {program} 14
"""
    assert h.compare([shell, "-c", text])[0] == 14
    h.expect(ended(shell, reason="exec"))


@pytest.mark.parametrize("shell", SHELLS)
def test_execs_in_a_chain(shell, host):
    """A shell that becomes itself goes on; through another program and back is another run of it."""
    h = host(shell)
    text = f"exec {shell} -c 'exec {shell} -c \"exit 3\"'"
    assert h.compare([shell, "-c", text])[0] == 3
    h.expect(leaves(shell, 3))
    assert h.compare([shell, "-c", f"exec env A=1 {shell} -c 'exit 4'"])[0] == 4
    h.expect(leaves(shell, 3), ended(shell, reason="exec"), leaves(shell, 4))


@pytest.mark.parametrize("shell", SHELLS)
def test_a_respawn_loop(shell, host):
    """Every run of what fails is a run; the loop is one life."""
    h = host(shell, support.PYTHON)
    text = 'n=0; until python3 -S -c "import sys; sys.exit($n < 5)"; do n=$((n + 1)); echo again; done'
    assert h.compare([shell, "-c", text])[:2] == (0, "again\n" * 5)
    h.expect(leaves(shell, 0), *[ended(support.PYTHON, code=1)] * 5, ended(support.PYTHON, code=0))
