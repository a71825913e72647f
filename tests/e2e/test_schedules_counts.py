"""What an installation's schedule counts, whoever is killed or held up, and whichever policy a process has: nothing is lost, nothing is there twice."""

import fcntl
import os
import random
import signal
import time

import pytest

import support
from calls import Called, LOOPS

# What a drainer does to the schedule, the spool and the destination; it is killed at each of these calls, one after the other.
CALLS = ["flock", "pwrite64", "write", "fdatasync", "rename,renameat,renameat2", "unlink,unlinkat"]
PERIOD = 0.1
LATER = 75  # EX_TEMPFAIL: something waits
MOST = 100  # of one kind: more means that the drainer never came to its end

POLICY = """
    measures: {{ calls: {{ call: getpgid, count: calls }} }}
    events:
      shared: {{ when: {{ every: 100ms, per: installation }}{limit}, properties: {{ calls: "${{measure.calls}}" }} }}
      ended: {{ when: stop }}
"""


COUNTS = r"""
#include <unistd.h>
int main(void)
{
	for (int i = 0; i < 10; i++)
		getpgid(0);
	return 0;
}
"""


def flush_killed_at(called, call, number, last):
    """Once the turn is due: False when it has fewer of them."""
    support.wait_until(lambda: time.monotonic() > last + PERIOD, 10, "the next turn")
    drained = support.run("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}",
                          support.Bookend.tool, "flush", "--once", env=called.tool_env)
    assert drained.returncode in (0, LATER, -signal.SIGKILL), drained
    return drained.returncode != 0


def counted(called):
    """By id: what the events say; the same event may be sent again, under the same id."""
    found = {}
    for event in support.json_lines(called.out.read_text()) if called.out.exists() else []:
        if event["event"] == "shared":
            assert found.setdefault(event["id"], event) == event
    return [event["properties"]["calls"] for event in found.values()]


@pytest.fixture
def all_in_turns(compile_c, run):
    """all_in_turns(called, so many): waits until they all are in turns, with what the processes count that make those turns."""
    program = compile_c(COUNTS, name="counts")

    def wait(called, made):
        lives = 0

        def all_there():
            nonlocal lives
            run(program, env=called.env(), check=True)
            lives += 1
            called.flush()
            return sum(counted(called)) == made + 10 * lives

        try:
            support.wait_until(all_there, 15, "turns with everything")
        except AssertionError:
            assert sum(counted(called)) == made + 10 * lives  # says by how many they differ
            raise

    return wait


@pytest.mark.parametrize("limit", ["", ", limit: 100000 per 1h"])
@pytest.mark.parametrize("call", CALLS)
def test_a_drainer_killed_in_a_turn_loses_no_count_and_none_is_there_twice(tmp_path, state, compile_c, start, all_in_turns, call, limit):
    program = compile_c(LOOPS, name="loops")
    called = Called(tmp_path, state, ["loops", "counts"], POLICY.format(limit=limit))
    process = start(program, env=called.env(), stdout=-1, text=True)
    assert process.stdout.readline() == "ready\n"
    support.wait_until(lambda: called.flush() is None and counted(called), 20, "the first turn")
    number = 1
    while number < MOST and flush_killed_at(called, call, number, time.monotonic()):
        number += 1
        if number % 3 == 0:  # one that lives after two that were killed
            called.flush()
    assert 1 < number < MOST
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    made = int(process.stdout.read())
    all_in_turns(called, made)


def test_a_stop_waits_while_another_drainer_holds_the_sums(tmp_path, state, compile_c, start, all_in_turns):
    program = compile_c(LOOPS, name="loops")
    called = Called(tmp_path, state, ["loops", "counts"], POLICY.format(limit=""))
    process = start(program, env=called.env(), stdout=-1, text=True)
    assert process.stdout.readline() == "ready\n"
    support.wait_until(lambda: called.flush() is None and counted(called), 20, "the first turn")
    folder = os.open(state / "schedules", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    called.flush()
    assert not called.events("ended")
    os.close(folder)
    assert called.ended() == [{}]
    made = int(process.stdout.read())
    all_in_turns(called, made)


def test_processes_of_an_older_policy_count_too(tmp_path, state, compile_c, start, all_in_turns):
    program = compile_c(LOOPS, name="loops")
    called = Called(tmp_path, state, ["loops", "counts"], POLICY.format(limit=""))

    def loops():
        process = start(program, env=called.env(), stdout=-1, text=True)
        assert process.stdout.readline() == "ready\n"
        return process

    older = loops()
    called.flush()
    called.policy.write_text(called.policy.read_text().replace("measures: {", "measures: { naps: { call: usleep, count: calls },"))
    support.run(support.Bookend.tool, "compile", called.policy, env=called.tool_env, check=True)
    newer = loops()
    turns = len(counted(called))
    support.wait_until(lambda: called.flush() is None and len(counted(called)) > turns + 3, 20, "turns with both")
    made = 0
    for process in (older, newer):
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        made += int(process.stdout.read())
        called.flush()
    all_in_turns(called, made)


def test_drainers_killed_at_random_lose_no_count_of_short_lives(tmp_path, state, compile_c, start, run, all_in_turns):
    """Two at a time: what one left is adopted by one that is killed in turn."""
    program = compile_c(COUNTS, name="counts")
    called = Called(tmp_path, state, ["counts"], POLICY.format(limit=""))
    chance = random.Random(5)
    lives, drainers = 0, []
    for _ in range(40):
        drainers.append(start(support.Bookend.tool, "flush", "--follow", env=called.tool_env))
        for _ in range(chance.randrange(1, 30)):
            run(program, env=called.env(), check=True)
            lives += 1
        if len(drainers) == 2:
            drainers.pop(0).kill()
    drainers.pop().kill()
    all_in_turns(called, 10 * lives)
