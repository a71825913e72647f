"""`bookend tail --sent`: the requests as they were made, without what is secret, bounded."""

import json
import os
import signal
import subprocess

import pytest

import support

POLICY = """bookend: 1
values: {{ who: {{ env: WHO, secret: true }} }}
destinations:
  out:
    format: json
    url: "{url}/in?a=b"
    key: {{ env: KEY }}
{more}
services:
  app:
    match: {{ exe: 'true' }}
    sender: later
    consent: [{{ allow: always }}]
    to: out
    user: ${{who}}
    properties: {{ plain: visible, hidden: "x-${{who}}-y", pin: {{ env: PIN, secret: true }}, again: "${{who}}", fill: {{ env: FILL }} }}
    events:
      begun: {{ when: start }}
      ended: {{ when: stop }}
"""
MORE = "    auth: {auth}\n    headers: {{ User-Agent: acme, X-Who: '${{who}}' }}"


class Sent:
    def __init__(self, state, policy):
        self.state, self.policy, self.env = state, policy, support.environment(state)

    def use(self, receiver, auth="bearer", more=""):
        self.file = self.policy(POLICY.format(url=receiver.url, more=MORE.format(auth=auth) + more))
        return self

    def record(self, **more):
        more = {"KEY": "k-e-y", "WHO": 'me"1', "PIN": "12", **more}
        support.run("/bin/true", env=support.preload(self.state, "app", self.file, **more), check=True)
        return self

    def lines(self):
        support.flush(self.env)
        return support.json_lines(support.run(support.Bookend.tool, "tail", "--sent", env=self.env, check=True).stdout)


@pytest.fixture
def sent(state, policy, bookend):
    return Sent(state, policy)


def test_a_request_is_shown_as_it_was_made(sent, receiver):
    receiver.answer({"status": 201, "body": b"thank\nyou"})
    line, = sent.use(receiver).record(WHO="", PIN="").lines()
    request, = receiver.requests
    assert line["body"] == request.json() and line["bytes"] == len(request.raw)
    assert (line["method"], line["url"]) == (request.method, receiver.url + request.path)
    assert (line["destination"], line["events"], line["try"], line["status"], line["answer"]) == ("out", 2, 1, 201, "thank you")
    assert {name: request.headers[name] for name in line["headers"] if name != "Authorization"} == {
        name: value for name, value in line["headers"].items() if name != "Authorization"}
    assert set(line["headers"]) == {"Content-Type", "User-Agent", "Authorization"}


@pytest.mark.parametrize("auth, header", [
    ("bearer", ("Authorization", "Bearer (secret)")), ("basic", ("Authorization", "Basic (secret)")), ("raw", ("Authorization", "(secret)")),
    ("{ header: X-Key }", ("X-Key", "(secret)")), ("{ scheme: Splunk }", ("Authorization", "Splunk (secret)")), ("{ query: t }", None),
    ("{ body: token }", None)])
def test_nothing_secret_is_shown(sent, receiver, auth, header):
    more = '\n    body: { object: { events: "${events}" } }' if "body" in auth else ""
    line, = sent.use(receiver, auth, more).record().lines()
    kept = (sent.state / "sent").read_text()
    assert "k-e-y" not in kept and 'me"1' not in kept and 'me\\"1' not in kept and '"12"' not in kept
    assert (sent.state / "sent").stat().st_mode & 0o777 == 0o600
    body = line["body"]["events"] if "body" in auth else line["body"]
    assert body[0]["properties"] == {"plain": "visible", "hidden": "x-(secret)-y", "pin": "(secret)", "again": "(secret)"}
    assert body[0]["user"] == "(secret)" and line["headers"]["X-Who"] == "(secret)"
    if header:
        assert line["headers"][header[0]] == header[1]
    if "query" in auth:
        assert line["url"].endswith("?a=b&t=(secret)")
    if "body" in auth:
        assert line["body"]["token"] == "(secret)"
    sent_for_real = receiver.requests[0].json()
    sent_for_real = sent_for_real["events"] if "body" in auth else sent_for_real
    assert sent_for_real[0]["user"] == 'me"1' and sent_for_real[0]["properties"]["pin"] == "12"


def test_tries_and_failures_are_shown(sent, receiver):
    receiver.answer(503, 200)
    lines = sent.use(receiver, more="\n    retry: { wait: 1ms, tries: 2 }\n    gzip: true").record().lines()
    assert [(line["status"], line["try"]) for line in lines] == [(503, 1), (200, 2)]
    assert lines[0]["headers"]["Content-Encoding"] == "gzip"
    receiver.close()
    line = sent.record().lines()[2]
    assert line["status"] is None and line["answer"]


def test_it_is_bounded_and_the_newest_stay(sent, receiver):
    sent.use(receiver, more="\n    send: { batch: 1 }")
    for _ in range(40):
        sent.record(FILL="x" * 1500)
    support.deliver(sent.env)
    (sent.state / "sent").write_text((sent.state / "sent").read_text() * 8)
    sent.record()
    lines = sent.lines()
    assert 100_000 < (sent.state / "sent").stat().st_size <= 1 << 20
    assert lines[-1]["body"]["event"] == "ended"


def test_following(sent, receiver, start, bookend):
    sent.use(receiver).record().lines()
    follower = start(bookend.tool, "tail", "--sent", "-f", env=sent.env, stdout=subprocess.PIPE, text=True)
    assert json.loads(follower.stdout.readline())["events"] == 2
    sent.record().lines()
    assert json.loads(follower.stdout.readline())["events"] == 2
    os.kill(follower.pid, signal.SIGTERM)
    assert follower.wait(10) == 0 and follower.stdout.read() == ""


def test_nothing_was_sent(state, run, bookend):
    done = run(bookend.tool, "tail", "--sent")
    assert (done.returncode, done.stdout) == (0, "")
    assert run(bookend.tool, "tail", "--sent", "--service", "x").returncode == 2
