"""`bookend off` and `on`: nothing more is recorded or sent, at once, and what waited is gone."""

import pytest

import support

TWO = """bookend: 1
destinations:
  out: {{ format: ndjson, url: "{url}" }}
defaults:
  to: [out]
  consent: [ allow: always ]
services:
  one:
    sender: later
    match: {{ exe: sleep }}
    events: {{ start: {{ when: start }}, stop: {{ when: stop }} }}
  two:
    sender: later
    match: {{ exe: sh }}
    events: {{ start: {{ when: start }}, stop: {{ when: stop }} }}
"""


@pytest.fixture
def tool(run, bookend):
    return lambda *words, **more: run(bookend.tool, *words, **more)


@pytest.fixture
def app(tmp_path, receiver):
    file = tmp_path / "two.yaml"
    file.write_text(TWO.format(url=f"{receiver.url}/events"))
    return file


def test_off_records_nothing_and_on_records_again(tool, app, env, receiver, state):
    assert tool("off").returncode == 0
    assert tool("run", "--policy", app, "--", "sh", "-c", "exit 3").returncode == 3
    assert support.status(env)["counts"]["starts"] == 0
    assert support.status(env)["pool"]["control"] == "off"
    assert tool("on").returncode == 0
    assert tool("run", "--policy", app, "--", "sh", "-c", "exit 4").returncode == 4
    support.deliver(env)
    assert [e["event"] for e in receiver.events()] == ["start", "stop"]
    assert not (state / "off").exists()


def test_one_service_is_off_the_other_is_not(tool, app, env, receiver):
    assert tool("off", "one").returncode == 0
    tool("run", "--policy", app, "--", "sleep", "0")
    tool("run", "--policy", app, "--", "sh", "-c", ":")
    support.deliver(env)
    assert {e["service"] for e in receiver.events()} == {"two"}
    assert support.status(env)["pool"]["control"] == "off for some services"
    assert tool("off", "oen").returncode == 0
    assert support.status(env)["state"]["off"] == "one, oen"
    assert tool("off").returncode == 0
    assert support.status(env)["state"]["off"] == "one, oen, everything"
    assert tool("on").returncode == 0
    assert "off" not in support.status(env)["state"]


def test_a_program_that_runs_is_off_at_once(tool, app, env, receiver, start, bookend, wait_until):
    process = start(bookend.tool, "run", "--policy", app, "--", "sleep", "300")
    wait_until(lambda: support.status(env)["lifecycles"], 10, "the lifecycle")
    assert tool("off", "one").returncode == 0
    process.terminate()
    process.wait(10)
    wait_until(lambda: tool("flush").returncode == 0 and not support.status(env)["lifecycles"], 10, "its end")
    assert [e["event"] for e in receiver.events() if e["event"] == "stop"] == []
    assert support.status(env)["delivery"]["discarded"] >= 1


def test_what_waited_for_delivery_is_discarded_and_does_not_come_back(tool, app, env, receiver):
    receiver.answer(503)
    tool("run", "--policy", app, "--", "sleep", "0")
    tool("run", "--policy", app, "--", "sh", "-c", ":")
    assert tool("flush", "--timeout", "1s").returncode == 75
    assert tool("off", "one").returncode == 0
    receiver.answer(200)
    support.deliver(env)
    assert tool("on").returncode == 0
    support.deliver(env)
    assert {e["service"] for e in receiver.events()} == {"two"}
    assert support.status(env)["delivery"]["discarded"] == 2


def test_off_outlives_the_pool(tool, app, env, receiver, state):
    assert tool("off", "two").returncode == 0
    tool("run", "--policy", app, "--", "sleep", "0")
    support.deliver(env)
    support.remove_pools(state)
    tool("run", "--policy", app, "--", "sh", "-c", ":")
    tool("run", "--policy", app, "--", "sleep", "0")
    support.deliver(env)
    assert {e["service"] for e in receiver.events()} == {"one"}


def test_a_service_can_not_be_on_while_everything_is_off(tool, env):
    assert tool("off").returncode == 0
    done = tool("on", "one")
    assert done.returncode == 1
    assert "first `bookend on`" in done.stderr


def test_status_says_of_each_service_whether_it_is_allowed_and_why(tool, env, policy, receiver):
    file = policy(TWO.format(url=f"{receiver.url}/events").replace("[ allow: always ]", "[ deny: { env: NO_THANKS, is: true }, allow: always ]"))

    def consent(**more):
        rows = support.status({**env, "BOOKEND_POLICY": str(file), **more})["consent"]
        return {row["service"]: (row["allowed"], row["why"]) for row in rows}

    assert consent()["one"] == ("yes", "consent rule 2 allows")
    assert consent(NO_THANKS="1")["two"] == ("no", "consent rule 1 denies")
    assert consent(NO_THANKS="perhaps")["two"] == ("no", "consent rule 1 can not be evaluated (NO_THANKS): denied")
    assert tool("off", "two").returncode == 0
    assert consent()["two"] == ("no", "bookend off")
    assert consent()["one"][0] == "yes"
    assert consent(DO_NOT_TRACK="1")["one"] == ("no", "DO_NOT_TRACK is set")


def test_explain_and_doctor_know_of_it(tool, policy, env, receiver, start, bookend, wait_until):
    file = policy(TWO.format(url=f"{receiver.url}/events"))
    more = {"env": {**env, "BOOKEND_POLICY": str(file), "BOOKEND_SERVICE": "one"}}
    process = start(bookend.tool, "run", "--policy", file, "--", "sleep", "300")
    wait_until(lambda: support.status(env)["lifecycles"], 10, "the lifecycle")
    running = str(support.status(env)["lifecycles"][0]["pid"])
    questions = (("explain", file, "--", "sleep", "0"), ("doctor", "sleep", "0"), ("doctor", running))
    for words in questions:
        assert tool(*words, **more).returncode == 0, words
    for what in ((), ("one",)):
        assert tool("off", *what).returncode == 0
        for words in questions:
            done = tool(*words, **more)
            assert done.returncode == 1, words
            assert "switched off by `bookend off`" in done.stdout, words
        assert tool("on").returncode == 0
    process.terminate()


def test_names_that_are_none_are_refused(tool):
    for name in ("", "*", "a\nb", "x" * 64):
        assert tool("off", name).returncode == 2
