"""make: twenty targets at once, one of which fails; its job server's descriptors, its children's signals, and its events."""

import pytest

import support
from host import ended
from probe import probe


def makefile(folder, recipe):
    names = [f"t{n:02}" for n in range(20)]
    rules = [f"{name}:\n\t@{recipe.replace('NAME', name)}\n" for name in names]
    (folder / "Makefile").write_text("all: " + " ".join(names) + "\n" + "".join(rules))


@pytest.mark.parametrize("jobs", ["-j1", "-j4"])
def test_one_of_twenty_fails(jobs, host):
    """Simple lines are executed by make itself, others by a shell."""
    h = host("make", "touch", "dash")

    def prepare(folder):
        makefile(folder, "touch NAME && if [ NAME = t07 ]; then exit 3; fi")

    def scenario(world):
        prepare(world.folder)
        done = world.run("make", "-k", jobs)
        return done.returncode, sorted(done.stdout.splitlines()), sorted(done.stderr.splitlines()), len(list(world.folder.iterdir()))

    assert h.both(scenario)[0::3] == (2, 21)
    shells = [ended("dash", reason="_exit", code=0)] * 19 + [ended("dash", reason="_exit", code=3)]
    h.expect(ended("make", code=2), *shells, *[ended("touch", code=0)] * 20)


def test_children(host, tmp_path):
    program = probe(tmp_path)
    h = host("make")

    def prepare(folder):
        (folder / "Makefile").write_text(
            f"all: one two\n\t-{program} 3\none:\n\t+$(MAKE) -s inner\n\techo $(shell {program})\n"
            f"two:\n\texec {program}\ninner:\n\t{program}\n")

    assert h.compare(["make", "-j1"], prepare)[0] == 0
    assert h.compare(["make"], prepare)[0] == 0
    h.expect(*[ended("make", code=0)] * 4)


@pytest.mark.parametrize("number", [15, 2, 1])
def test_a_signal(number, host):
    """It ends its children, or waits for them, removes the target and dies of the signal that it handled."""
    h = host("make")

    def scenario(world):
        (world.folder / "Makefile").write_text("target:\n\t@trap '' HUP INT; echo > target; echo > ready; sleep 0.5\n")
        process = world.start("make")
        support.wait_until((world.folder / "ready").exists, 10, "make")
        process.send_signal(number)
        return process.wait(10), (world.folder / "target").exists()

    assert h.both(scenario) == (-number, False)
    h.expect(ended("make", reason="signal", signal=number, after=number))
