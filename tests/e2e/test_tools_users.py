"""Whose events are whose: other users, raised privileges, and root who delivers for them."""

import json
import os
import shutil
import tempfile

import pytest

import support

NOBODY = 65534
AS_NOBODY = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")


@pytest.fixture
def place(root):
    """A folder that everybody may enter, with copies of the build and a state directory of nobody's in it."""
    folder = tempfile.mkdtemp(prefix="bookend-users-")
    os.chmod(folder, 0o755)
    for part in ("bookend", "libbookend.so", "libbookend-sender.so"):
        shutil.copy(os.path.join(support.BUILD, part), folder)
    state = os.path.join(folder, "state")
    os.mkdir(state, 0o700)
    os.chown(state, NOBODY, NOBODY)
    yield folder
    support.remove_pools(state, NOBODY)
    shutil.rmtree(folder)


@pytest.fixture
def theirs(place):
    return support.environment(os.path.join(place, "state"), place)


def events_of(place):
    file = os.path.join(place, "state", "events.ndjson")
    if not os.path.exists(file):
        return []
    with open(file, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def run_as_nobody(place, theirs, *words):
    return support.run(*AS_NOBODY, f"{place}/bookend", "run", "--", *words, env=theirs, cwd="/")


def test_a_program_with_raised_privileges_is_recorded_from_outside(place, theirs, wait_until):
    program = os.path.join(place, "raised")
    shutil.copy("/usr/bin/id", program)
    os.chmod(program, 0o4755)
    done = run_as_nobody(place, theirs, program, "-u")
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", "")
    wait_until(lambda: len(events_of(place)) == 2, 10, "start and stop")
    begin, end = events_of(place)
    assert (begin["service"], end["properties"]["how"], end["properties"]["code"]) == ("raised", "clean", 0)


def test_root_delivers_for_a_user_as_that_user(place, theirs, receiver, wait_until):
    policy = os.path.join(place, "policy.yaml")
    with open(policy, "w", encoding="utf-8") as file:
        file.write(support.plain_policy(f"{receiver.url}/events", match="{ exe: [sh, dash] }", sender="later"))
    support.run(f"{place}/bookend", "compile", policy, env=support.environment(os.path.join(place, "roots"), place), check=True)
    preloaded = {**theirs, "LD_PRELOAD": f"{place}/libbookend.so", "BOOKEND_SERVICE": "app", "BOOKEND_POLICY": policy}
    support.run(*AS_NOBODY, "env", *(f"{n}={preloaded[n]}" for n in ("LD_PRELOAD", "BOOKEND_SERVICE", "BOOKEND_POLICY")),
                "sh", "-c", "exit 5", env=theirs, cwd="/")
    done = support.run(f"{place}/bookend", "flush", "--user", "nobody", "--timeout", "20s", env=theirs)
    assert done.returncode == 0, done.stderr
    assert [event["event"] for event in receiver.events()] == ["start", "stop"]
    owners = {entry.stat(follow_symlinks=False).st_uid for entry in os.scandir(os.path.join(place, "state"))}
    assert owners == {NOBODY}


def test_a_users_pool_and_state_are_private(place, theirs, wait_until):
    run_as_nobody(place, theirs, "sh", "-c", "exit 0")
    wait_until(lambda: len(events_of(place)) == 2, 10, "start and stop")
    pool, = support.pools_of(os.path.join(place, "state"), NOBODY)
    assert (pool.stat().st_uid, pool.stat().st_mode & 0o777) == (NOBODY, 0o600)
    assert (pool.parent.stat().st_uid, pool.parent.stat().st_mode & 0o777) == (NOBODY, 0o700)
    for folder, _, files in os.walk(os.path.join(place, "state")):
        for name in files:
            assert os.stat(os.path.join(folder, name)).st_mode & 0o077 == 0, name
