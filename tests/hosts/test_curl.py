"""curl: answers, refusals, a reader that goes away, and a time limit."""

import pytest

import support
from host import ended
from web import served


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    (folder / "file").write_text("a line\n" * 100000)
    with served(folder) as base:
        yield base


@pytest.mark.parametrize("words, status", [
    (["URL/file"], 0),
    (["-f", "URL/none"], 22),
    (["-O", "URL/file", "-o", "again", "URL/file"], 0),
    (["nothing://127.0.0.1/"], 1),
    (["http://127.0.0.1:1/"], 7),
    (["--parallel", "--no-progress-meter", "-fO", "URL/file", "-O", "URL/none"], 22),
    (["--no-such-option"], 2),
])
def test_ends(words, status, url, host):
    h = host("curl")
    assert h.compare(["curl", "-sS", *(word.replace("URL", url) for word in words)])[0] == status
    h.expect(ended("curl", code=status))


def test_a_reader_goes_away(url, host):
    """It ignores SIGPIPE and fails by itself."""
    h = host("curl")
    assert h.compare(["bash", "-c", f"set -o pipefail; curl -sS {url}/file | head -n 1"])[0] == 23
    h.expect(ended("curl", code=23))


@pytest.mark.parametrize("number", [15, 2])
def test_a_signal(number, host):
    """A receiver that says nothing."""
    h = host("curl")

    def scenario(world):
        with support.socket.create_server(("127.0.0.1", 0)) as server:
            process = world.start("curl", "-sS", f"http://127.0.0.1:{server.getsockname()[1]}/")
            with server.accept()[0] as connection:
                connection.recv(64)
                seen = world.settled(process.pid)
                process.send_signal(number)
                return seen, process.wait(10)

    assert h.both(scenario)[1] == -number
    h.expect(ended("curl", reason="signal", signal=number))
