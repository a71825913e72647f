"""`bookend explain`: each decision with its reason, what would be recorded, the very requests; and nothing is sent or kept."""

import json
import os

import pytest

import support

POLICY = """bookend: 1
destinations:
  out: {{ format: segment, url: "{url}", key: k3y }}
services:
  other:
    match: {{ exe: nosuch }}
    consent: [ allow: always ]
    to: [out]
    events: {{ began: {{ when: start }} }}
  app:
    match: {{ exe: [sh, dash] }}
    sender: later
    consent: [ deny: {{ env: APP_OFF, is: true }}, allow: always ]
    to: [out]
    events:
      began: {{ when: start, properties: {{ id: {{ id: installation }}, first: {{ arg: 1 }} }} }}
      ended: {{ when: stop, properties: {{ how: "${{exit.how}}", code: "${{exit.code}}" }} }}
"""


@pytest.fixture
def app(tmp_path, receiver):
    file = tmp_path / "app.yaml"
    file.write_text(POLICY.format(url=receiver.url))
    return file


@pytest.fixture
def explain(run, bookend, env, tmp_path):
    (tmp_path / "t").mkdir()

    def go(*words, **more):
        return run(bookend.tool, "explain", *words, env={**env, "TMPDIR": str(tmp_path / "t"), **more})

    return go


def test_decisions_events_and_requests_are_those_of_the_real_run(explain, app, run, bookend, env, receiver):
    said = json.loads(explain("--json", app, "--", "sh", "-c", "exit 0").stdout)
    assert [(s["name"], s["measured"]) for s in said["services"]] == [("other", False), ("app", True)]
    assert "consent rule 2 allows" in said["services"][1]["detail"]
    assert [e["event"] for e in said["events"]] == ["began", "ended"]
    assert receiver.requests == []
    run(bookend.tool, "run", "--policy", app, "--", "sh", "-c", "exit 0")
    support.deliver(env)
    sent = [e for r in receiver.requests for e in r.events()]
    shown = [e for r in said["requests"] for e in r["body"]["batch"]]
    alike = [{k: v for k, v in e.items() if k not in ("messageId", "anonymousId", "timestamp")} for e in sent]
    assert [{k: v for k, v in e.items() if k not in ("messageId", "anonymousId", "timestamp")} for e in shown][1] == alike[1]
    assert said["requests"][0]["url"] == f"{receiver.url}/v1/batch"
    assert "k3y" not in json.dumps(said)


def test_it_leaves_nothing_behind(explain, app, state, tmp_path, receiver):
    before = {folder: sorted(os.listdir(folder)) for folder in support.pool_folders() if folder.is_dir()}
    assert explain(app, "--", "sh", "-c", "true").returncode == 0
    after = {folder: sorted(os.listdir(folder)) for folder in support.pool_folders() if folder.is_dir()}
    mine = str(tmp_path)
    assert list((tmp_path / "t").iterdir()) == []
    assert list(state.iterdir()) == []
    assert support.pools_of(state) == []
    assert receiver.requests == [] and mine and set(before) <= set(after)


def test_the_ids_are_those_that_would_be_sent(explain, app, run, bookend, env, receiver):
    run(bookend.tool, "run", "--policy", app, "--", "sh", "-c", ":")
    support.deliver(env)
    sent = [e for e in receiver.events() if e["event"] == "began"][0]
    said = json.loads(explain("--json", app, "--", "sh", "-c", "true").stdout)
    assert said["events"][0]["properties"]["id"] == sent["properties"]["id"]


def test_a_refusal_says_which_rule(explain, app):
    done = explain(app, "--", "sh", "-c", "true", APP_OFF="1")
    assert done.returncode == 1
    assert "consent rule 1 denies" in done.stdout
    assert "Would be sent" not in done.stdout


def test_where_nothing_is_recorded_or_sent_it_says_so(explain, policy, receiver):
    text = POLICY.format(url=receiver.url).replace("key: k3y", "key: { env: APP_KEY }")
    done = explain(policy(text), "--", "sh", "-c", "true", APP_KEY="one\ntwo")
    assert done.returncode == 0
    assert "nothing: there is no event, or its destinations are off" in done.stdout.split("Would be sent:\n")[1]
    text = text.replace("when: start", "when: { stop: crashed }").replace("when: stop", "when: { stop: failed }")
    done = explain(policy(text), "--", "sh", "-c", "true", APP_KEY="k")
    assert done.stdout.split("status 0:\n")[1].startswith("nothing: no event is made of such a run\n")


def test_a_test_that_can_not_be_read_is_said(explain, app):
    assert "can not be evaluated (APP_OFF): denied" in explain(app, "--", "sh", "-c", "true", APP_OFF="perhaps").stdout


def test_without_a_command_it_says_what_consent_says_here(explain, app):
    done = explain(app)
    assert done.returncode == 0
    assert "app: measured (consent rule 2 allows)" in done.stdout
    assert "app: " in explain("--service", "app", app, APP_OFF="true").stdout


def test_wrong_words_are_said(explain, app):
    assert explain().returncode == 2
    assert explain(app, "sh").returncode == 2
    unknown = explain("--service", "none", app, "--", "sh")
    assert unknown.returncode == 1 and 'no service "none"' in unknown.stderr
    assert explain(app, "--", "no-such-program-anywhere").returncode == 1
