"""What a destination gets: formats, their own form of events and requests, where the key travels, what it does not get, and when it
is left alone. The conformance payloads that these came from are in tests/unit/data and in the policies' own tests."""

import json
import socket
import threading
import time

import pytest

import support

EVENTS = """
services:
  app:
    match: {{ exe: 'true' }}
    sender: later
    consent: [{{ allow: always }}]
    to: [{to}]
    user: {{ env: WHO }}
    context: {{ app: cli, os: {{ value: "${{os.node_name}}" }} }}
    properties: {{ secret: hidden, deep: {{ object: {{ a: 1, b: 2 }} }} }}
    events:
      begun: {{ when: start, properties: {{ value: 1 }} }}
      ended: {{ when: stop, properties: {{ value: "${{exit.code}}" }} }}
"""


class Delivery:
    def __init__(self, state, policy):
        self.state, self.policy, self.env = state, policy, support.environment(state)

    def use(self, **destinations):
        lines = ["bookend: 1", "destinations:"]
        for name, text in destinations.items():
            lines += [f"  {name}:"] + ["    " + line for line in text.strip().splitlines()]
        self.file = self.policy("\n".join(lines) + EVENTS.format(to=", ".join(destinations)))
        return self

    def record(self, **more):
        support.run("/bin/true", env=support.preload(self.state, "app", self.file, **more), check=True)
        return self

    def flush(self, expect=0):
        done = support.run(support.Bookend.tool, "flush", "--json", env=self.env)
        assert done.returncode == expect, (done.stdout, done.stderr)
        return json.loads(done.stdout)

    def counts(self):
        return support.status(self.env)["delivery"]


@pytest.fixture
def delivery(state, policy, bookend):
    return Delivery(state, policy)


def test_posthog_captures_one_event_a_request(delivery, receiver):
    delivery.use(d=f"format: posthog\nurl: {receiver.url}\nkey: phc_TEST\nsend: {{ batch: 1 }}").record(WHO="cluster:dev:CID").flush()
    assert [r.path for r in receiver.requests] == ["/capture/", "/capture/"]
    body = receiver.requests[0].json()
    assert set(body) == {"api_key", "uuid", "event", "distinct_id", "properties", "timestamp"}
    assert (body["api_key"], body["event"], body["distinct_id"]) == ("phc_TEST", "begun", "cluster:dev:CID")
    assert body["properties"] == {"app": "cli", "os": "linux", "secret": "hidden", "deep": {"a": 1, "b": 2}, "value": 1}
    assert len(body["timestamp"]) == len("2026-11-21T10:00:00.000Z")
    assert "Authorization" not in receiver.requests[0].headers


def test_posthog_batches(delivery, receiver):
    delivery.use(d=f"format: posthog\nurl: {receiver.url}\nkey: KEY\ntime: rfc3339_ns\n"
                   "headers: { User-Agent: 'posthog-go (version: 1.0.2)' }\n"
                   "each: { object: { type: capture, library: posthog-go, properties: { object: { lib: x } } } }").record().flush()
    request, = receiver.requests
    body = request.json()
    assert request.path == "/batch/" and request.headers["User-Agent"] == "posthog-go (version: 1.0.2)"
    assert set(body) == {"api_key", "batch"} and body["api_key"] == "KEY"
    first, second = body["batch"]
    assert (first["type"], first["library"], first["event"], second["event"]) == ("capture", "posthog-go", "begun", "ended")
    assert first["properties"]["lib"] == "x" and first["properties"]["value"] == 1
    assert len(first["timestamp"]) == len("2021-06-29T07:33:02.001372393Z")
    # Without a user the session stands in.
    assert first["distinct_id"] == second["distinct_id"] and len(first["distinct_id"]) == 36


def test_json_with_a_form_of_its_own(delivery, receiver):
    delivery.use(d=f"""
format: json
url: {receiver.url}/v1/events
key: dev
auth: raw
each:
  object:
    name: ${{event.name}}
    value: ${{event.properties.value}}
    tags: ${{event.context}}
    none: ${{event.properties.nothing}}
    timestamp: ${{event.time}}
body:
  object:
    events: ${{events}}
    sent: ${{send.time}}
""").record().flush()
    request, = receiver.requests
    body = request.json()
    assert request.path == "/v1/events" and request.headers["Authorization"] == "dev"
    assert set(body) == {"events", "sent"}
    assert [e["name"] for e in body["events"]] == ["begun", "ended"]
    assert [e["value"] for e in body["events"]] == [1, 0]
    assert set(body["events"][0]) == {"name", "value", "tags", "timestamp"}
    assert body["events"][0]["tags"] == {"app": "cli", "os": "linux"}


def test_json_single_with_the_key_in_the_body(delivery, receiver):
    delivery.use(d=f"format: json\nurl: {receiver.url}/v1/http\nkey: K\"1\nauth: {{ body: token }}\nsend: {{ batch: 1 }}\n"
                   "each: { object: { topic: '${event.name}', data: '${event.properties}' } }").record().flush()
    first = receiver.requests[0].json()
    assert first["token"] == 'K"1' and first["topic"] == "begun" and first["data"]["value"] == 1
    assert set(first) == {"topic", "data", "token"}


def test_segment_with_a_body_over_it(delivery, receiver):
    delivery.use(d=f"format: segment\nurl: {receiver.url}\nkey: WK\nauth: {{ body: writeKey }}\n"
                   "body: { object: { context: { object: { n: 1 } }, copy: '${events}' } }").record().flush()
    body = receiver.requests[0].json()
    assert body["writeKey"] == "WK" and body["context"] == {"n": 1}
    assert body["copy"] == body["batch"] and len(body["batch"]) == 2
    assert "Authorization" not in receiver.requests[0].headers


@pytest.mark.parametrize("auth, header, value", [
    ("none", "Authorization", None),
    ("bearer", "Authorization", "Bearer k y"),
    ("raw", "Authorization", "k y"),
    ("basic", "Authorization", "Basic ayB5Og=="),
    ("{ basic: me }", "Authorization", "Basic bWU6ayB5"),
    ("{ header: X-Key }", "X-Key", "k y"),
    ("{ scheme: Splunk }", "Authorization", "Splunk k y"),
])
def test_where_the_key_travels(delivery, receiver, auth, header, value):
    delivery.use(d=f"format: json\nurl: {receiver.url}/in\nkey: k y\nauth: {auth}").record().flush()
    request, = receiver.requests
    assert request.headers[header] == value and request.path == "/in"


def test_the_key_in_the_url_is_not_shown(delivery, receiver):
    receiver.answer(403)
    delivery.use(d=f"format: json\nurl: '{receiver.url}/in?a=b'\nkey: k&y\nauth: {{ query: api key }}").record().flush(expect=75)
    assert receiver.requests[0].path == "/in?a=b&api%20key=k%26y"
    shown = support.run(support.Bookend.tool, "status", env=delivery.env).stdout
    assert "403" in shown and "k&y" not in shown and "k%26y" not in shown


def test_headers_are_sources_of_the_process(delivery, receiver):
    delivery.use(d=f"format: json\nurl: {receiver.url}/in\nheaders: {{ X-Who: 'of ${{event.user}}', X-No: {{ env: NO }}, X-Bad: {{ env: BAD }} }}")
    delivery.record(WHO="a", BAD="x\r\nX-Injected: 1").record(WHO="b").flush()
    # A start may go out before its stop is there.
    told = {}
    for request in receiver.requests:
        told.setdefault(request.headers["X-Who"], []).extend((e["event"], e["user"]) for e in request.json())
    assert {who: sorted(events) for who, events in told.items()} == {
        "of a": [("begun", "a"), ("ended", "a")], "of b": [("begun", "b"), ("ended", "b")]}
    assert all("X-No" not in r.headers and "X-Bad" not in r.headers and "X-Injected" not in r.headers for r in receiver.requests)


def test_a_key_of_two_lines_switches_the_destination_off(delivery, receiver):
    delivery.use(d=f"format: json\nurl: {receiver.url}/in\nkey: {{ env: KEY }}\nauth: raw").record(KEY="a\nX-Injected: 1").flush()
    assert receiver.requests == []


def test_what_is_dropped_reaches_the_other_destination_only(delivery, receiver, tmp_path):
    file = tmp_path / "out.ndjson"
    each = "each: { object: { all: '${event.properties}', who: { value: '${event.user}', else: nobody }, os: '${event.context.os}' } }"
    drop = "drop: [user, session, pid, context.os, properties.secret, properties.deep.a]"
    delivery.use(a=f"format: json\nurl: {receiver.url}/a\n{drop}", b=f"format: json\nurl: {receiver.url}/b\n{drop}\n{each}",
                 c=f"format: ndjson\nurl: file:{file}").record(WHO="me").flush()
    got = {r.path: r.json() for r in receiver.requests}
    assert set(got["/a"][0]) == {"id", "time", "service", "event", "kind", "context", "properties"}
    assert got["/a"][0]["context"] == {"app": "cli"} and got["/a"][0]["properties"] == {"deep": {"b": 2}, "value": 1}
    assert got["/b"][0] == {"all": {"deep": {"b": 2}, "value": 1}, "who": "nobody"}
    whole = support.json_lines(file.read_text())[0]
    assert whole["user"] == "me" and whole["properties"]["secret"] == "hidden" and whole["pid"]


def test_numbers_for_times_in_lines(delivery, tmp_path):
    file = tmp_path / "out.ndjson"
    delivery.use(d=f"format: ndjson\nurl: file:{file}\ntime: unix_ms\neach: {{ object: {{ extra: 1 }} }}").record().flush()
    line = support.json_lines(file.read_text())[0]
    assert isinstance(line["time"], int) and line["time"] > 1_600_000_000_000 and line["extra"] == 1 and line["event"] == "begun"


def test_a_refused_process_sends_nothing_more(delivery, receiver):
    delivery.use(d=f"format: json\nurl: {receiver.url}/in\nstop: {{ after: [4xx] }}\nsend: {{ batch: 1 }}")
    receiver.answer(400, 200)
    delivery.record().flush()
    assert len(receiver.requests) == 1, "its stop was sent after its start was refused"
    delivery.record().flush()
    assert len(receiver.requests) == 3, "another process is none of theirs"
    assert delivery.counts()["stopped"] == 2 and delivery.counts()["poisoned"] == 0


def test_a_stopped_process_stays_stopped_for_later_drainers(delivery, receiver, start):
    delivery.use(d=f"format: json\nurl: {receiver.url}/in\nstop: {{ after: [429] }}")
    text = delivery.file.read_text().replace("exe: 'true'", "exe: sleep")
    delivery.file = delivery.policy(text)
    receiver.answer(429, 200)
    sleeper = start("/bin/sleep", "60", env=support.preload(delivery.state, "app", delivery.file))
    support.wait_until(lambda: delivery.flush()["recorded"] == 1, what="the start")
    assert len(receiver.requests) == 1
    sleeper.kill()
    sleeper.wait()
    support.wait_until(lambda: delivery.flush()["recorded"] == 1 or delivery.counts()["stopped"] == 2, what="the stop")
    assert len(receiver.requests) == 1 and delivery.counts()["stopped"] == 2


def test_so_many_failures_stop_a_process(delivery, receiver):
    delivery.use(d=f"format: json\nurl: {receiver.url}/in\nretry: {{ wait: 1ms }}\nstop: {{ failures: 3 }}")
    receiver.answer(503)
    delivery.record().flush()
    assert len(receiver.requests) == 3 and delivery.counts()["stopped"] == 2
    receiver.answer(200)
    delivery.record().flush()
    assert len(receiver.requests) == 4


class Socket:
    """A stream socket that keeps what it is sent."""

    def __init__(self, path):
        self.data = b""
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            with client:
                while more := client.recv(65536):
                    self.data += more

    def lines(self):
        return support.json_lines(self.data.decode()) if self.data.endswith(b"\n") else []


def test_lines_to_a_unix_socket(delivery, tmp_path):
    path = tmp_path / "in.sock"
    delivery.use(d=f"format: ndjson\nurl: unix:{path}\nretry: {{ wait: 1ms, tries: 2 }}").record().flush(expect=75)
    listener = Socket(path)
    assert delivery.flush()["acknowledged"] == 2
    support.wait_until(lambda: len(listener.lines()) == 2, what="two lines")
    assert [line["event"] for line in listener.lines()] == ["begun", "ended"]
    listener.server.close()


def test_a_socket_that_nobody_reads_costs_its_timeout(delivery, receiver, tmp_path):
    path = tmp_path / "in.sock"
    server = socket.socket(socket.AF_UNIX)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    server.bind(str(path))
    server.listen()
    delivery.use(d=f"format: ndjson\nurl: unix:{path}\nretry: {{ tries: 1 }}\nsend: {{ timeout: 300ms, bytes: 4MiB }}\n"
                   f"each: {{ object: {{ fill: {'x' * 40000} }} }}",
                 e=f"format: json\nurl: {receiver.url}/in")
    for _ in range(8):
        delivery.record()
    begun = time.monotonic()
    delivery.flush(expect=75)
    assert time.monotonic() - begun < 5
    receiver.wait(16)
    server.close()


def asking(receiver, path, more=""):
    """A destination that asks the receiver before it sends."""
    return (f"format: json\nurl: {receiver.url}/in\nretry: {{ after: [] }}\nconsent:\n"
            f'  - deny: {{ get: "{receiver.url}/opt-out/{path}", is: "out"{more}, timeout: 500ms }}\n  - allow: always')


def answers(receiver, opt_out, status=200):
    receiver.answer(lambda r: {"body": opt_out} if isinstance(opt_out, bytes) and r.method == "GET" else opt_out if r.method == "GET" else status)


def sent(receiver):
    return [event["event"] for r in receiver.requests if r.path == "/in" for event in r.json()]


def test_a_destination_asks_first(delivery, receiver):
    delivery.use(d=asking(receiver, "${event.user}"))
    answers(receiver, b"in")
    delivery.record(WHO="me").flush()
    assert sent(receiver) == ["begun", "ended"]
    assert {r.path for r in receiver.requests} == {"/opt-out/me", "/in"}
    answers(receiver, b"out")
    delivery.record(WHO="me").flush()
    assert sent(receiver) == ["begun", "ended"] and delivery.counts()["refused"] == 2


@pytest.mark.parametrize("answer", [404, 503, "silent", "reset", "garbage", "close", {"body": b"x" * 70000}])
def test_no_answer_is_a_no(delivery, receiver, answer):
    delivery.use(d=asking(receiver, "me"))
    answers(receiver, answer)
    delivery.record().flush()
    assert sent(receiver) == [] and delivery.counts()["refused"] == 2 and delivery.counts()["recorded"] == 0


def test_what_waits_is_erased_with_a_no(delivery, receiver, tmp_path):
    file = tmp_path / "out.ndjson"
    delivery.use(d=asking(receiver, "me"), e=f"format: ndjson\nurl: file:{file}")
    answers(receiver, b"in", status=401)
    delivery.record().flush(expect=75)
    answers(receiver, b"out")
    assert delivery.record().flush()["waiting"] == 0
    assert len(sent(receiver)) == 2, "once, and refused then"
    assert delivery.counts()["refused"] == 4
    assert len(support.json_lines(file.read_text())) == 4, "another destination is none of theirs"
    answers(receiver, b"in")
    delivery.record().flush()
    assert len(sent(receiver)) == 4, "a new yes is a yes"


def test_other_sources_speak_of_their_event_only(delivery, receiver):
    delivery.use(d=f"format: json\nurl: {receiver.url}/in\nretry: {{ after: [] }}\nconsent:\n  - allow: {{ value: '${{event.kind}}', is: stop }}")
    receiver.answer(401, 200)
    delivery.record().flush(expect=75)
    delivery.record().flush()
    assert sent(receiver) == ["ended", "ended", "ended"], "the first one twice, since it was refused by the receiver"
    assert delivery.counts()["refused"] == 2
