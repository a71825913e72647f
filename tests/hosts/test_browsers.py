"""Browsers: some ten processes each, with zygotes that insist on being alone, user namespaces, filters of system calls, allocators of
their own; as services whose senders are at work, with hot symbols hooked, with the sandbox and without."""

import subprocess

import pytest

import support
from hot import policy
from sending import as_root

PAGE = """<html><body><p id="told"></p><script>
const numbers = JSON.parse(JSON.stringify([...Array(100000).keys()].reverse())).sort((a, b) => a - b);
document.getElementById("told").textContent = "sum " + numbers.reduce((a, b) => a + b);
</script></body></html>
"""
SYMBOLS = """
      malloc: { call: malloc, count: calls }
      free: { call: free, count: calls, if: { parameter: 1, as: pointer, above: 0 } }
      read: { call: "ssize_t read(int fd, void *into, size_t n)", sum: "${call.result}", if: { value: "${call.result}", above: 0 } }
      write: { call: [write, writev, send, sendmsg], count: calls }
      wait: { call: [poll, epoll_wait], histogram: duration_ms }
      lock: { call: pthread_mutex_lock, histogram: duration_ms }
      clock: { call: clock_gettime, count: calls }
"""

CHROMIUM = ["chromium", "--headless", "--disable-gpu", "--user-data-dir=profile", "--dump-dom", "page.html"]


def may_have_namespaces(host):
    return subprocess.run(["unshare", "-U", "true"], check=False, capture_output=True, **host.identity()).returncode == 0


def check_pairs(host, at_least):
    """One start and one stop of every life. Those in a pid namespace of their own are known to be gone when that is."""
    lives = {}

    def whole():
        host.tool("flush", "--once")
        lives.clear()
        for event in host.events():
            lives.setdefault(event["session"], []).append(event["kind"])
        return len(lives) >= at_least and all(sorted(kinds) == ["start", "stop"] for kinds in lives.values())

    try:
        support.wait_until(whole, 60, "a start and a stop of each")
    except AssertionError:
        raise AssertionError(f"of {lives} and {host.ends()}") from None
    assert not host.trouble(), host.trouble()


def run(world, *command):
    (world.folder / "page.html").write_text(PAGE)
    done = world.run(*command, env={"XDG_CONFIG_HOME": world.folder, "XDG_CACHE_HOME": world.folder}, timeout=60)
    return done.returncode, done.stdout


@pytest.mark.parametrize("sandbox", [True, False], ids=["sandboxed", "bare"])
@pytest.mark.parametrize("measures", ["{}", SYMBOLS], ids=["plain", "hooked"])
def test_chromium(host, sandbox, measures):
    """Each of its processes that is executed has one start and one stop."""
    h = host("chromium", user="nobody" if sandbox else None, policy=policy(["chromium"], measures, sender="thread"))
    if sandbox and not may_have_namespaces(h):
        pytest.skip("users may not make user namespaces here, and chromium has no other sandbox")
    words = CHROMIUM if sandbox or not as_root() else [*CHROMIUM, "--no-sandbox"]
    status, out = h.both(run, *words)
    assert status == 0 and "sum 4999950000" in out, out
    check_pairs(h, 3)
    if measures != "{}":
        stops = [event["properties"] for event in h.events() if event["kind"] == "stop"]
        assert max(stop["malloc"] for stop in stops) > 1000 and max(stop["wait"] for stop in stops) > 10, stops


@pytest.mark.parametrize("measures", ["{}", SYMBOLS], ids=["plain", "hooked"])
def test_firefox(host, measures):
    h = host("firefox-esr", user="nobody", policy=policy(["firefox-esr"], measures, sender="thread"))

    def scenario(world):
        (world.folder / "profile").mkdir()
        h.give(world.folder / "profile")
        status = run(world, "firefox-esr", "--headless", "--profile", world.folder / "profile", "--screenshot", world.folder / "shot.png",
                     "file://" + str(world.folder / "page.html"))
        return status, (world.folder / "shot.png").read_bytes()[:8]

    (status, _), shot = h.both(scenario)
    assert status == 0 and shot == b"\x89PNG\r\n\x1a\n"
    check_pairs(h, 1)
