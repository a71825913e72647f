"""Lifecycles whose pool was lost: by a reset of the machine, and within one boot."""

import contextlib
import os
import random
import signal
import subprocess
import threading

import pytest

import support
from lifecycle import Measured, alive, gone

BOOT_ID = 16  # sender/open_format.h


@pytest.fixture
def measured(tmp_path, state):
    return Measured(tmp_path, state, {"alpha": ["sleep"]})


def kept(state):
    folder = state / "open"
    return sorted(folder.iterdir()) if folder.is_dir() else []


def begin(measured, start, count=1):
    """Services whose starts are delivered."""
    running = [start("/bin/sleep", "100", env=measured.env()) for _ in range(count)]

    def all_there():
        measured.flush()
        return len(measured.found()) == count

    support.wait_until(all_there, 20, f"{count} starts")
    return running


def end(process):
    process.kill()
    process.wait()
    gone(process.pid)


def lose_the_machine(state):
    """What is left after a reset: the disk, on which another boot's id stands."""
    support.remove_pools(state)
    for file in kept(state):
        with open(file, "r+b") as f:
            f.seek(BOOT_ID)
            f.write(bytes(range(16)))


def test_a_reset_of_the_machine_ends_what_was_open(measured, state, start):
    """With the session of its start, once, also when many drainers come."""
    running = begin(measured, start, 20)
    assert len(kept(state)) == 20
    for process in running:
        end(process)
    lose_the_machine(state)
    drainers = [threading.Thread(target=measured.flush) for _ in range(4)]
    for drainer in drainers:
        drainer.start()
    for drainer in drainers:
        drainer.join()
    found = measured.lifecycles(20)
    assert [(one.starts, one.stops, one.end) for one in found] == [(1, 1, ("host_reset", None, 0))] * 20
    assert {one.pid for one in found} == {process.pid for process in running}
    assert not kept(state)
    measured.flush()
    assert len(measured.events()) == 40


def test_drainers_killed_after_a_reset_change_nothing(measured, state, start):
    running = begin(measured, start, 40)
    for process in running:
        process.kill()
        process.wait()
    lose_the_machine(state)
    chance = random.Random()
    killed = 0
    while kept(state) and killed < 200:
        drainers = [subprocess.Popen([support.Bookend.tool, "flush", "--once"], env=measured.tool_env, stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL) for _ in range(2)]
        for drainer in drainers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                drainer.wait(chance.uniform(0.001, 0.003 + killed * 0.0003))
            killed += drainer.poll() is None
            drainer.kill()
            drainer.wait()
    # One that was killed between the file and its acknowledgement repeats an event, with its id.
    measured.flush()
    events = {event["id"]: event for event in support.json_lines(measured.out.read_text())}.values()
    stops = [event["properties"]["reason"] for event in events if event["kind"] == "stop"]
    assert stops == ["host_reset"] * 40 and len(events) == 80 and len({event["session"] for event in events}) == 40
    assert not kept(state) and killed > 0


def test_a_new_life_after_a_reset_is_another_one(measured, state, start):
    end(begin(measured, start)[0])
    lose_the_machine(state)
    again = start("/bin/sleep", "100", env=measured.env())
    support.wait_until(lambda: support.pools_of(state), 10, "a new pool")
    measured.flush()
    again.kill()
    again.wait()
    first, second = measured.lifecycles(2)
    assert first.end == ("host_reset", None, 0) and second.end[0] in ("vanished", "signal")
    assert not kept(state)


def test_what_ends_as_it_should_leaves_nothing_behind(measured, state, start):
    (process,) = begin(measured, start)
    assert len(kept(state)) == 1
    process.send_signal(signal.SIGTERM)
    process.wait()
    assert measured.one().end == ("signal", None, 15)
    assert not kept(state)


def test_a_lost_pool_within_a_boot_waits_for_the_death(measured, state, start):
    """Its process may run on, with nobody to hear it; nothing is said of it before it is dead."""
    (process,) = begin(measured, start)
    support.remove_pools(state)
    measured.flush()
    assert alive(process.pid) and len(kept(state)) == 1 and len(measured.events()) == 1
    end(process)
    assert measured.one().end == ("vanished", None, 0)
    assert not kept(state)


@pytest.mark.parametrize("damage", ["empty", "torn", "other"])
def test_a_damaged_file_makes_no_event(damage, measured, state, start):
    end(begin(measured, start)[0])
    lose_the_machine(state)
    (file,) = kept(state)
    whole = file.read_bytes()
    file.write_bytes({"empty": b"", "torn": whole[:-1], "other": whole[:-1] + bytes([whole[-1] ^ 1])}[damage])
    os.utime(file, (0, 0))
    measured.flush()
    assert len(measured.events()) == 1
    assert not kept(state)


def test_a_killed_drainer_s_rest_is_not_told_twice(measured, state, start):
    """The file of a lifecycle that has ended goes with the next drainer, before any reset."""
    (process,) = begin(measured, start)
    (file,) = kept(state)
    whole = file.read_bytes()
    end(process)
    measured.one()
    file.write_bytes(whole)
    measured.flush()
    assert not kept(state)
    lose_the_machine(state)
    measured.flush()
    assert len(measured.events()) == 2
