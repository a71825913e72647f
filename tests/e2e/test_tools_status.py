"""`bookend status`, `flush` and `tail`: what they say, and that nothing they find can break them."""

import json
import os
import random

import pytest

import support


@pytest.fixture
def tool(run, bookend):
    return lambda *words, **more: run(bookend.tool, *words, **more)


@pytest.fixture
def status(tool):
    def read(**more):
        """Both forms must work; the JSON one is returned."""
        assert tool("status", **more).returncode in (0, 1)
        return json.loads(tool("status", "--json", **more).stdout)

    return read


@pytest.fixture
def policy_file(tmp_path):
    def write(url):
        file = tmp_path / "policy.yaml"
        file.write_text(support.plain_policy(url, match="{ exe: [sh, dash, sleep] }"))
        return file

    return write


def test_before_anything_happened_nothing_is_made(status, state):
    seen = status()
    assert seen["state"]["directory"] == str(state)
    assert seen["state"]["usable"] is True
    assert seen["pool"]["usable"] is False
    assert "not made yet" in seen["pool"]["why"]
    assert list(state.iterdir()) == []
    assert not os.path.exists(seen["pool"]["path"])


def test_a_running_program_is_listed_until_delivered(tool, status, start, bookend, receiver, policy_file, wait_until):
    file = policy_file(f"{receiver.url}/events")
    process = start(bookend.tool, "run", "--policy", file, "--", "sleep", "300")
    row = wait_until(lambda: status()["lifecycles"], 10, "the lifecycle")[0]
    assert (row["service"], row["state"]) == ("app", "runs")
    assert row["pid"] != process.pid
    process.terminate()
    process.wait(10)
    wait_until(lambda: tool("flush").returncode == 0 and not status()["lifecycles"], 10, "delivery")
    assert [event["event"] for event in receiver.wait(2)] == ["start", "stop"]
    seen = status()
    assert seen["counts"]["starts"] == 1
    assert seen["delivery"]["acknowledged"] == seen["delivery"]["recorded"] == 2
    assert seen["destinations"][0]["name"] == "out"
    assert seen["destinations"][0]["failures"] == 0


def test_an_unreachable_destination_is_said_and_nothing_is_lost(tool, status, bookend, receiver, policy_file):
    receiver.answer(503)
    tool("run", "--policy", policy_file(f"{receiver.url}/events"), "--", "sh", "-c", "exit 3")
    done = tool("flush", "--timeout", "2s")
    assert done.returncode == 75
    seen = status()
    assert seen["state"]["segments"] >= 1
    assert seen["destinations"][0]["failures"] >= 1
    assert "503" in seen["destinations"][0]["error"]
    receiver.answer(200)
    support.wait_until(lambda: tool("flush", "--timeout", "20s").returncode == 0, 60, "delivery")
    assert len({event["id"] for event in receiver.events()}) == 2


def test_tail_shows_what_waits_and_changes_nothing(tool, bookend, receiver, policy_file):
    receiver.answer(503)
    tool("run", "--policy", policy_file(f"{receiver.url}/events"), "--", "sh", "-c", "exit 3")
    support.wait_until(lambda: len(tool("tail").stdout.splitlines()) == 2, 10, "both events")
    first, second = (support.json_lines(tool("tail").stdout) for _ in range(2))
    assert first == second
    assert [event["event"] for event in first] == ["start", "stop"]
    assert tool("tail", "--service", "other").stdout == ""
    assert len(tool("tail", "--service", "app").stdout.splitlines()) == 2


def test_flush_counts_what_it_did(tool, receiver, policy_file, env):
    file = policy_file(f"{receiver.url}/events")
    tool("compile", file, check=True)
    # Without the launcher nobody is left behind that would deliver first.
    support.run("sh", "-c", "exit 0", env=support.preload(env["BOOKEND_STATE"], "app", file), check=True)
    done = tool("flush", "--json")
    counts = json.loads(done.stdout)
    assert done.returncode == 0
    assert (counts["recorded"], counts["acknowledged"], counts["waiting"]) == (2, 2, 0)


def test_a_state_directory_that_is_a_file_is_said(tool, status, env, tmp_path):
    (tmp_path / "file").write_text("")
    seen = status(env={**env, "BOOKEND_STATE": str(tmp_path / "file")})
    assert seen["state"]["usable"] is False
    assert "Not a directory" in seen["state"]["why"]
    assert "BOOKEND_STATE" in seen["state"]["advice"]


@pytest.mark.parametrize("how, why, advice", [
    ("missing", "can not be read", "bookend compile"),
    ("stale", "is not the one that was compiled", "compile it again"),
    ("unsafe", "others may write", "chmod"),
    ("bad", "truncated, damaged", "bookend compile"),
])
def test_a_policy_that_can_not_be_used_is_said_with_what_to_do(tool, status, env, policy_file, how, why, advice):
    file = policy_file("http://127.0.0.1:9/events")
    image = file.with_suffix(".bki")
    tool("compile", file, check=True)
    if how == "missing":
        image.unlink()
    elif how == "stale":
        file.write_text(file.read_text() + "\n# changed\n")
    elif how == "unsafe":
        image.chmod(0o666)
    else:
        image.write_bytes(image.read_bytes()[:500])
    seen = status(env={**env, "BOOKEND_POLICY": str(file)})["policy"]
    assert seen["usable"] is False
    assert why in seen["why"]
    assert advice in seen["advice"]


def test_a_usable_policy_is_shown_with_its_services(tool, status, env, policy_file):
    file = policy_file("http://127.0.0.1:9/events")
    tool("compile", file, check=True)
    seen = status(env={**env, "BOOKEND_POLICY": str(file)})["policy"]
    assert seen["usable"] is True
    assert seen["services"] == "app"
    assert seen["image"] == str(file.with_suffix(".bki"))


def test_damaged_files_break_nothing(tool, status, state, bookend, policy_file, receiver):
    receiver.answer(503)
    tool("run", "--policy", policy_file(f"{receiver.url}/events"), "--", "sh", "-c", "exit 3")
    tool("flush", "--timeout", "1s")
    files = [p for p in state.rglob("*") if p.is_file()] + support.pools_of(state)
    assert files
    rng = random.Random(7)
    for file in files:
        whole = file.read_bytes()[:1 << 20]
        for _ in range(4):
            damaged = bytearray(whole)
            for _ in range(20):
                if damaged:
                    damaged[rng.randrange(len(damaged))] = rng.randrange(256)
            with open(file, "r+b") as f:
                f.write(damaged)
            status()
            assert tool("tail").returncode in (0, 1)
        with open(file, "r+b") as f:
            f.write(whole)


def test_what_is_no_segment_is_told_apart(status, state):
    (state / "spool").mkdir(mode=0o700)
    for name in ("0a1b2c3d-7-1.spool", "stranger.spool", "0a1b2c3d-7-0.spool.damaged"):
        (state / "spool" / name).write_bytes(b"12345")
    seen = status()["state"]
    assert (seen["segments"], seen["spool_bytes"], seen["damaged"]) == (1, 5, 2)


def test_losses_are_told_by_their_reason(status, state):
    (state / "losses").write_bytes(bytes([16, 16, 17, 255]))  # base/reasons.def
    rows = {row["reason"]: row["count"] for row in status()["losses"]}
    assert rows == {"pool_full_tmpfs": 2, "pool_bad": 1}


def test_pools_of_other_versions_are_listed(status, bookend, run):
    run(bookend.tool, "run", "--", "true", check=True)
    folder = os.path.dirname(status()["pool"]["path"])
    other = os.path.join(folder, f"pool-9-{os.getpid():016x}")
    with open(other, "w"):
        pass
    try:
        assert os.path.basename(other) in [row["name"] for row in status()["other_pools"]]
    finally:
        os.unlink(other)
