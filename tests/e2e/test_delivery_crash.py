"""Drainers killed at random instants, and places that can not be written: nothing committed is lost, and the receiver's set of ids
has no repeats once it looks at ids."""

import json
import os
import random
import signal
import subprocess
import time

import pytest

import support
from test_delivery import Delivery, text_of



@pytest.fixture
def delivery(state, policy, bookend):
    return Delivery(state, policy)


def kill_after(process, seconds):
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait(10)


def storm(delivery, rounds, each):
    """Records and drains, each drainer killed after a random moment. The number of lifecycles."""
    dice = random.Random(7)
    for number in range(rounds):
        delivery.record(each)
        drainers = [
            subprocess.Popen([support.Bookend.tool, "flush", "--helper"], env=delivery.env, stdin=subprocess.DEVNULL,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for _ in range(1 + number % 2)
        ]
        for drainer in drainers:
            kill_after(drainer, dice.uniform(0.002, 0.03))
    return rounds * each


def whole(events, lifecycles):
    """Every lifecycle with its start and its stop; repeats only with the same id."""
    by_id = {}
    for event in events:
        assert by_id.setdefault(event["id"], event) == event
    sessions = {}
    for event in by_id.values():
        sessions.setdefault(event["session"], []).append(event["event"])
    assert all(sorted(names) == ["begun_0", "ended"] for names in sessions.values())
    assert len(sessions) == lifecycles


def settle(delivery):
    """Flushes until nothing waits: a drainer that was killed may have left a lease."""
    support.wait_until(lambda: delivery.flush()["status"] == 0, 45, "a flush that leaves nothing")


def test_killed_drainers_lose_nothing_over_http(delivery, receiver):
    delivery.use(text_of(f"{receiver.url}/in", destination=", send: { batch: 3 }"))
    count = storm(delivery, 25, 4)
    settle(delivery)
    whole(receiver.events(), count)
    assert delivery.segments() == []


def test_killed_drainers_lose_and_repeat_nothing_in_a_file(delivery, tmp_path):
    out = tmp_path / "out.ndjson"
    delivery.use(text_of(f"file:{out}"))
    count = storm(delivery, 25, 4)
    settle(delivery)
    events = support.json_lines(out.read_text())
    whole(events, count)


def test_a_killed_drainers_claims_do_not_wait_for_their_lease(delivery, receiver):
    delivery.use(text_of(f"{receiver.url}/in"))
    storm(delivery, 10, 6)
    begun = time.monotonic()
    settle(delivery)
    assert time.monotonic() - begun < 10
    whole(receiver.events(), 60)


def test_a_paused_drainer_repeats_no_id(delivery, receiver):
    delivery.use(text_of(f"{receiver.url}/in")).record(5)
    receiver.hold()
    slow = subprocess.Popen([support.Bookend.tool, "flush", "--helper"], env=delivery.env, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    support.wait_until(lambda: receiver.requests, 10, "a request")
    slow.send_signal(signal.SIGSTOP)
    receiver.go_on()
    delivery.record(2)
    delivery.flush("--timeout", "1s")
    slow.send_signal(signal.SIGCONT)
    slow.wait(20)
    settle(delivery)
    whole(receiver.events(), 7)


def test_a_read_only_state_directory_puts_the_spool_on_tmpfs(root, delivery, receiver, state, tmp_path):
    receiver.answer(503)
    delivery.use(text_of(f"{receiver.url}/in", destination=", retry: { tries: 1 }")).record()
    script = f"mount --bind {state} {state} && mount -o remount,ro,bind {state} && exec {support.Bookend.tool} flush --json"
    done = support.run("unshare", "--mount", "--propagation", "private", "sh", "-c", script, env=delivery.env)
    assert done.returncode == 75, done.stderr
    assert json.loads(done.stdout)["waiting"] == 2
    assert "can not be written (Read-only file system)" in done.stderr
    assert delivery.segments() == []
    receiver.answer(200)
    assert delivery.flush(expect=0)["acknowledged"] == 2
    whole(receiver.events(), 1)


def test_trouble_is_not_said_again_by_each_look_at_what_another_drainer_holds(root, delivery, receiver, state, tmp_path):
    delivery.use(text_of(f"{receiver.url}/in")).record()
    receiver.hold()
    script = (f"mount --bind {state} {state} && mount -o remount,ro,bind {state} || exit 1; {support.Bookend.tool} flush --helper & "
              f"until [ -e {tmp_path}/held ]; do sleep 0.05; done; {support.Bookend.tool} flush --timeout 1s; kill $!")
    both = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", script], env=delivery.env,
                            stderr=subprocess.PIPE, text=True)
    support.wait_until(lambda: receiver.requests, 10, "a request")
    (tmp_path / "held").touch()
    said = both.communicate(timeout=20)[1]
    receiver.go_on()
    assert said.count("can not be written (Read-only file system)") == 1, said


def test_a_full_state_directory_puts_the_spool_on_tmpfs(root, delivery, receiver, state):
    receiver.answer(503)
    delivery.use(text_of(f"{receiver.url}/in", destination=", retry: { tries: 1 }")).record()
    script = (f"mount -t tmpfs -o size=256k full {state} && head -c 1M /dev/zero > {state}/fill; "
              f"exec {support.Bookend.tool} flush --json")
    done = support.run("unshare", "--mount", "--propagation", "private", "sh", "-c", script, env=delivery.env)
    assert done.returncode == 75, done.stderr
    assert json.loads(done.stdout)["waiting"] == 2
    assert "No space left on device" in done.stderr
    receiver.answer(200)
    assert delivery.flush(expect=0)["acknowledged"] == 2


def test_a_disk_that_fills_up_meanwhile_loses_nothing(root, delivery, receiver, state):
    """Room for a beginning, not for all: what does not fit goes to tmpfs."""
    receiver.answer(503)
    delivery.use(text_of(f"{receiver.url}/in", destination=", retry: { tries: 1 }", events=200)).record()
    delivery.flush(expect=75)  # so that nothing is overdue, and no helper comes in between
    delivery.record(20)
    script = (f"mount -t tmpfs -o size=400k small {state} && {support.Bookend.tool} flush --json; "
              f"ls {state}/spool; mkdir -p {state}/keep; exec sleep 0")
    done = support.run("unshare", "--mount", "--propagation", "private", "sh", "-c", script, env=delivery.env)
    report = json.loads(done.stdout.splitlines()[0])
    assert report["recorded"] == 20 * 201, (report, done.stdout, done.stderr)
    assert report["waiting"] == 20 * 201
    assert "No space left on device" in done.stderr


def test_a_damaged_segment_is_put_aside_and_the_others_go(delivery, receiver, state):
    receiver.answer(503)
    delivery.use(text_of(f"{receiver.url}/in", destination=", retry: { tries: 1 }")).record()
    delivery.flush(expect=75)
    bad = state / "spool" / "00000000-1-1.spool"
    bad.write_bytes(os.urandom(5000))
    receiver.answer(200)
    report = delivery.flush(expect=0)
    assert report["acknowledged"] == 2
    assert "put aside" in report["stderr"]
    assert (state / "spool" / "00000000-1-1.spool.damaged").exists()


def test_the_reason_of_a_refusal_is_in_status(delivery, receiver):
    receiver.answer(401)
    delivery.use(text_of(f"{receiver.url}/in", destination=", key: hush")).record()
    delivery.flush(expect=75)
    done = support.run(support.Bookend.tool, "status", "--json", env=delivery.env)
    (row,) = json.loads(done.stdout)["destinations"]
    assert row["name"] == "out" and row["error"].startswith(f"401 from {receiver.url}/in: check the key")
    assert "hush" not in done.stdout


def test_switched_off_nothing_leaves_and_what_was_recorded_is_discarded(delivery, receiver):
    receiver.answer(503)
    delivery.use(text_of(f"{receiver.url}/in", destination=", retry: { tries: 1 }")).record()
    delivery.flush(expect=75)
    seen = len(receiver.requests)
    delivery.record()
    receiver.answer(200)
    support.run(support.Bookend.tool, "off", env=delivery.env, check=True)
    assert delivery.flush()["recorded"] == 0
    assert len(receiver.requests) == seen
    support.run(support.Bookend.tool, "on", env=delivery.env, check=True)
    assert delivery.flush(expect=0)["acknowledged"] == 0
    assert len(receiver.requests) == seen
