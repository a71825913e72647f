"""find -exec, xargs -P and timeout: what they start, how they wait, and what they make of its end."""

import pytest

from host import ended
from probe import probe


def files(folder):
    for n in range(10):
        (folder / f"file{n}").write_text(f"{n}\n")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    return probe(tmp_path_factory.mktemp("probe"))


def test_find(host, program):
    h = host("find", "true")
    assert h.compare(["find", ".", "-name", "file3", "-exec", program, "{}", "{}", ";"], files)[0] == 0
    assert h.compare(["find", ".", "-maxdepth", "0", "-execdir", program, "1", "{}", "+"], files)[0] == 1
    assert h.compare(["find", ".", "-type", "f", "-exec", "true", ";"], files)[0] == 0
    h.expect(ended("find", code=0), ended("find", code=1), ended("find", code=0), *[ended("true", code=0)] * 10)


def test_find_of_what_is_not_there(host):
    h = host("find")
    assert h.compare(["find", "none", ".", "-exec", "/nonexistent", ";"], files)[0] == 1
    h.expect(ended("find", code=1))


@pytest.mark.parametrize("text, status, runs", [
    ("ls file* | xargs -P 4 -n 1 test -s", 0, [0] * 10),
    ("ls file* | xargs -P 4 -n 1 test -d", 123, [1] * 10),
    ("ls | xargs -n 5 -P 2 /nonexistent", 127, []),
    ("echo 1 | xargs PROBE", 123, []),
    ("echo 255 | xargs PROBE", 124, []),
])
def test_xargs(text, status, runs, host, program):
    h = host("xargs", "test")
    assert h.compare(["bash", "-c", f"LC_ALL=C; {text.replace('PROBE', program)}"], files)[0] == status
    late = text == "echo 1 | xargs PROBE"  # its exit handler waits for the last one, and leaves with another status
    h.expect(ended("xargs", reason="_exit" if late else "exit", code=status), *[ended("test", code=code) for code in runs])


def test_timeout_starts(host, program):
    h = host("timeout")
    assert h.compare(["timeout", "5", program, "3"])[0] == 3
    assert h.compare(["timeout", "--foreground", "-s", "INT", "5", program, "4"])[0] == 4
    assert h.compare(["timeout", "5", "/nonexistent"])[0] == 127
    h.expect(ended("timeout", code=3), ended("timeout", code=4), ended("timeout", code=127))


STUBBORN = "trap '' TERM; while :; do sleep 0.1; done"


@pytest.mark.parametrize("words, status, own, others", [
    (["0.3", "sleep", "5"], 124, ended("timeout", code=124), [ended("sleep", reason="signal", signal=15)]),
    (["--preserve-status", "0.3", "sleep", "5"], 143, ended("timeout", code=143), [ended("sleep", reason="signal", signal=15)]),
    (["-s", "KILL", "0.3", "sleep", "5"], -9, ended("timeout", reason="vanished"), [ended("sleep", reason="signal", signal=9)]),
    (["-k", "0.2", "0.3", "dash", "-c", STUBBORN], -9, ended("timeout", reason="vanished"),
     [ended("dash", reason="signal", signal=9)]),
])
def test_timeout_ends(words, status, own, others, host):
    """The killed child's signal is known from timeout, which waited for it, though timeout itself is killed by no one's wait."""
    h = host("timeout", *{end.exe for end in others})
    assert h.compare(["timeout", *words])[0] == status
    h.expect(own, *others)
