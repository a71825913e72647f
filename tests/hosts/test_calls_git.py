"""git: inflate() counted as often as ltrace sees it called, and twenty hot symbols without a difference."""

import re

import support
from hot import policy, stopped
from test_git import IDENTITY, make_repository

MEASURES = """
      inflates: { call: inflate, count: calls }
      results: { call: "int inflate(z_stream *stream, int flush)", count: calls, if: { value: "${call.result}", is: 1 } }
"""


def test_inflate_is_counted(host, tmp_path):
    """An object a time, so that it is known how often: each ends with one Z_STREAM_END."""
    make_repository(tmp_path)
    h = host(policy=policy(["git"], MEASURES))
    world = h.world(True)
    objects = support.run("git", "-C", tmp_path / "bare.git", "rev-list", "--objects", "--all", env=support.environment()).stdout
    names = [line.split()[0] for line in objects.splitlines()]
    done = world.run("git", "-C", tmp_path / "work", "cat-file", "--batch-all-objects", "--batch", env=IDENTITY)
    assert done.returncode == 0 and all(name in done.stdout for name in names)
    (stop,) = stopped(h)
    assert stop["results"] >= len(names) and stop["inflates"] >= stop["results"]
    seen = support.run("ltrace", "-c", "-e", "inflate", "git", "-C", tmp_path / "work", "cat-file", "--batch-all-objects",
                       "--batch", env=support.environment(**IDENTITY))
    counted = re.search(r"(\d+) +inflate$", seen.stderr, re.MULTILINE)
    # ltrace can not see into a program whose calls do not go through a PLT.
    assert counted is None or int(counted.group(1)) == stop["inflates"]


def test_hot_symbols_make_no_difference(host, tmp_path):
    make_repository(tmp_path)
    h = host(policy=policy(["git"]))

    def scenario(world):
        said = [world.run("git", "clone", "-q", tmp_path / "bare.git", "copy", env=IDENTITY)]
        for words in (["log", "--stat", "--format=%H %s"], ["fsck", "--full"], ["gc", "-q"], ["diff", "HEAD~2"], ["grep", "1"]):
            said.append(world.run("git", "-C", "copy", *words, env=IDENTITY))
        files = sorted(str(path.relative_to(world.folder)) for path in world.folder.rglob("*") if "/objects/" not in str(path))
        return [(done.returncode, done.stdout, done.stderr) for done in said], files

    said, _ = h.both(scenario)
    assert all(status == 0 for status, _, _ in said)
    stops = stopped(h)
    assert sum(stop["malloc"] for stop in stops) > 1000
    assert all(stop["malloc"] == stop["malloced"] and stop["write"] == stop["writes"] for stop in stops)
