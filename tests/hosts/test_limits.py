"""Under limits, masks and closed descriptors, from before the start, that Bookend's own work would meet: the host never does."""

import re

import pytest

import support
from host import ended
from probe import probe

EXES = ("dash", support.PYTHON, "probe")
ENDS = [ended("dash", reason="_exit", code=4), ended("probe", code=3), ended("probe", code=5),
        ended(support.PYTHON, reason="_exit", code=6)]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return probe(tmp_path_factory.mktemp("probe"))


@pytest.mark.parametrize("before, measured", [
    ("ulimit -f 0", False),  # no pool can be made
    ("trap '' XFSZ; ulimit -f 1", False),
    ("ulimit -n 4", False),  # and none be opened
    ("ulimit -n 8", True), ("umask 777", True), ("ulimit -v 60000 -s 200 -l 0 -i 0 -c 0", True),
    ("trap '' TERM INT HUP QUIT PIPE USR1 CHLD", True), ("exec <&-", True), ("exec 2>&-", True),
])
@pytest.mark.parametrize("sender", ["later", "helper"])
def test_before_the_start(before, measured, sender, host, program):
    h = host(*EXES, sender=sender)
    text = (f"{before}; dash -c '{program} 3; exit 4'; {program} 5; echo $?; "
            "exec python3 -S -c 'import os; print(os.listdir(\"/proc/self/fd\"), flush=True); os._exit(6)'")

    def scenario(world):
        done = world.run("bash", "-c", text)
        return done.returncode, re.sub("SigCgt:.*", "", done.stdout), done.stderr

    assert h.both(scenario)[0] == 6
    if measured:
        h.expect(*ENDS, flush=sender == "later")
    else:
        h.tool("flush", "--once")
        assert not h.events()
