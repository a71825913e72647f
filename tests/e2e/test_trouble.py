"""Trouble with what Bookend itself needs: full, read-only and missing places, damaged and foreign files, no slot left.

Always the same claims: the host's output and status are what they are without Bookend, the loss is counted, and `bookend status`
says why. Tests that mount something run in a mount name space of their own, as root.
"""

import json
import os
import random
import shlex
import shutil
import struct

import pytest

import support

HOST = ["/bin/sh", "-c", "echo out; echo err >&2; exit 3"]
CLAIMS = 4096  # of the claim words in the pool (base/pool_format.h)
RUNNING = 2


@pytest.fixture
def measured(policy, receiver, state):
    """An environment that measures `sh`, and the receiver that its events go to."""
    file = policy(support.plain_policy(f"{receiver.url}/v1/ndjson", match="{ exe: [sh, dash] }"))
    return support.preload(state, "app", file)


def unaffected(done):
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


def losses(env):
    return {row["reason"]: int(row["count"]) for row in support.status(env)["losses"]}


def tools_env(env):
    """The same, for tools and shells of the test itself: not measured."""
    return {name: value for name, value in env.items() if name not in ("LD_PRELOAD", "BOOKEND_SERVICE")}


def in_namespace(env, folder, mounts, *steps):
    """Runs shell steps behind mounts that only they see; their output is one text."""
    script = folder / "steps.sh"
    script.write_text("set -e\n" + "\n".join([*mounts, "set +e", *steps]) + "\n")
    return support.run("unshare", "--mount", "--propagation", "private", "sh", script, env=tools_env(env))


def host_step(env):
    names = shlex.join(f"{name}={env[name]}" for name in ("LD_PRELOAD", "BOOKEND_SERVICE"))
    return f"env {names} {shlex.join(HOST)} 2>&1; echo status $?"


PLAIN = "out\nerr\nstatus 3\n"
TOOL = support.Bookend.tool


def last_json(text):
    return json.loads(text[text.index("{"):])


def test_a_full_tmpfs_costs_the_host_nothing_and_is_counted(root, measured, tmp_path):
    done = in_namespace(
        measured, tmp_path, ["mount -t tmpfs -o size=64k small /dev/shm", "[ ! -d /run/bookend ] || mount -t tmpfs -o size=64k s /run/bookend"],
        host_step(measured), host_step(measured), f"{TOOL} status --json")
    assert done.stdout.startswith(PLAIN + PLAIN), done.stdout
    seen = last_json(done.stdout)
    assert {row["reason"]: int(row["count"]) for row in seen["losses"]} == {"pool_full_tmpfs": 2}


def test_without_a_tmpfs_nothing_is_measured_and_status_says_so(root, measured, tmp_path):
    done = in_namespace(
        measured, tmp_path, ["mount -t tmpfs -o ro none /dev/shm", "[ ! -d /run/bookend ] || mount -t tmpfs -o ro n /run/bookend"],
        host_step(measured), f"{TOOL} status --json")
    assert done.stdout.startswith(PLAIN), done.stdout
    assert [row["reason"] for row in last_json(done.stdout)["losses"]] == ["no_pool_folder"]


def test_a_full_disk_under_the_state_delays_nothing_and_loses_nothing(root, measured, receiver, state, tmp_path):
    receiver.answer(503)
    done = in_namespace(
        measured, tmp_path, [f"mount -t tmpfs -o size=128k small {state}", f"dd if=/dev/zero of={state}/filler bs=1k 2>/dev/null || :"],
        host_step(measured), f"{TOOL} flush --timeout 1s >/dev/null 2>&1", f"{TOOL} status --json")
    assert done.stdout.startswith(PLAIN), done.stdout
    assert last_json(done.stdout)["state"]["usable"] is not True
    receiver.answer(200)
    support.deliver(measured)
    assert [event["event"] for event in receiver.events()] == ["start", "stop"]


def test_a_read_only_state_delays_nothing_and_loses_nothing(root, measured, receiver, state, tmp_path):
    done = in_namespace(
        measured, tmp_path, [f"mount --bind {state} {state}", f"mount -o remount,bind,ro {state}"],
        host_step(measured), f"{TOOL} flush --timeout 10s 2>&1", f"{TOOL} status --json")
    assert done.stdout.startswith(PLAIN), done.stdout
    assert last_json(done.stdout)["state"]["usable"] is not True
    assert [event["event"] for event in receiver.wait(2)] == ["start", "stop"]


def test_a_missing_state_directory_is_made_by_the_drainer(measured, receiver, state):
    shutil.rmtree(state)
    unaffected(support.run(*HOST, env=measured))
    support.deliver(measured)
    assert [event["event"] for event in receiver.wait(2)] == ["start", "stop"]
    assert state.is_dir() and state.stat().st_mode & 0o777 == 0o700


def test_an_unreachable_state_directory_costs_the_host_nothing(measured, tmp_path):
    (tmp_path / "file").write_text("")
    env = {**measured, "BOOKEND_STATE": str(tmp_path / "file" / "state")}
    try:
        unaffected(support.run(*HOST, env=env))
        assert support.status(env)["state"]["usable"] is not True
    finally:
        support.remove_pools(env["BOOKEND_STATE"])


def test_a_relative_state_directory_is_refused_and_said(measured):
    env = {**measured, "BOOKEND_STATE": "not/absolute"}
    unaffected(support.run(*HOST, env=env))
    assert support.status(env)["state"]["usable"] is not True


def the_pool(state):
    pools = support.pools_of(state)
    assert len(pools) == 1
    return pools[0]


def patch(path, offset, data):
    with open(path, "r+b") as file:
        file.seek(offset)
        file.write(data)


def test_a_pool_of_a_newer_version_is_left_alone_and_counted(measured, state):
    unaffected(support.run(*HOST, env=measured))
    pool = the_pool(state)
    patch(pool, 8, struct.pack("<I", 2))
    before = pool.read_bytes()
    unaffected(support.run(*HOST, env=measured))
    assert losses(measured) == {"pool_bad": 1}
    assert pool.read_bytes() == before
    assert support.status(measured)["pool"]["usable"] is not True


@pytest.mark.parametrize("damage", ["empty", "short", "header", "foreign"])
def test_a_damaged_pool_costs_the_host_nothing_and_is_counted(measured, state, damage):
    unaffected(support.run(*HOST, env=measured))
    pool = the_pool(state)
    if damage == "empty":
        os.truncate(pool, 0)
    elif damage == "short":
        os.truncate(pool, 8192)
    elif damage == "header":
        patch(pool, 24, os.urandom(64))
    else:
        patch(pool, 0, b"\x7fELF" * 256)
    unaffected(support.run(*HOST, env=measured))
    assert losses(measured) == {"pool_bad": 1}
    pool.unlink()
    unaffected(support.run(*HOST, env=measured))
    assert losses(measured) == {"pool_bad": 1}


def test_random_bytes_in_the_pool_never_reach_the_host_or_stop_the_tools(measured, state):
    chance = random.Random(4711)
    unaffected(support.run(*HOST, env=measured))
    pool = the_pool(state)
    size = pool.stat().st_size
    for _ in range(12):
        for _ in range(40):
            start = chance.choice([1024, CLAIMS, CLAIMS, chance.randrange(CLAIMS, size - 4096)])
            patch(pool, start + chance.randrange(512), bytes(chance.randrange(256) for _ in range(chance.randrange(1, 64))))
        unaffected(support.run(*HOST, env=measured))
        for command in (["status"], ["status", "--json"], ["tail"], ["flush", "--once", "--timeout", "2s"]):
            done = support.run(support.Bookend.tool, *command, env=tools_env(measured), timeout=30)
            assert 0 <= done.returncode < 126, (command, done)


def test_no_slot_left_is_counted_and_costs_the_host_nothing(measured, state):
    unaffected(support.run(*HOST, env=measured))
    slots = support.status(measured)["pool"]["slots"]
    pool = the_pool(state)
    before = support.status(measured)["counts"]["starts"]
    taken = struct.pack("<Q", 7 << 26 | os.getpid() << 4 | RUNNING)
    patch(pool, CLAIMS, taken * int(slots))
    unaffected(support.run(*HOST, env=measured))
    unaffected(support.run(*HOST, env=measured))
    counts = support.status(measured)["counts"]
    assert (counts["no_slot"], counts["starts"]) == (2, before)


def test_a_damaged_image_means_not_measured_and_status_says_why(measured, state):
    image = measured["BOOKEND_POLICY"].replace(".yaml", ".bki")
    good = open(image, "rb").read()
    chance = random.Random(1)
    for _ in range(40):
        bad = bytearray(good)
        for _ in range(chance.randrange(1, 6)):
            bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        with open(image, "wb") as file:
            file.write(bad[:chance.randrange(len(bad))] if chance.random() < 0.3 else bad)
        unaffected(support.run(*HOST, env=measured))
    assert support.status(measured)["policy"]["usable"] is not True


def test_an_image_that_others_may_write_is_not_used(measured, state):
    image = measured["BOOKEND_POLICY"].replace(".yaml", ".bki")
    os.chmod(image, 0o666)
    unaffected(support.run(*HOST, env=measured))
    assert support.pools_of(state) == []
    assert "others may write" in json.dumps(support.status(measured)["policy"])


def test_a_damaged_spool_is_said_and_what_is_whole_is_delivered(measured, receiver, state):
    receiver.answer(503)
    for _ in range(3):
        unaffected(support.run(*HOST, env=measured))
        assert support.flush(measured, "1s").returncode == 75
    segments = sorted((state / "spool").glob("*.spool"))
    assert segments
    whole = segments[-1].read_bytes()
    (state / "spool" / f"{'0' * (len(segments[0].stem))}.spool").write_bytes(os.urandom(5000))
    (state / "spool" / f"{'1' * (len(segments[0].stem))}.spool").write_bytes(whole[:len(whole) // 2])
    receiver.answer(200)
    support.deliver(measured)
    assert len({event["id"] for event in receiver.events()}) == 6
