"""Delivery by `bookend flush` to a real receiver: what is accepted goes once, what is refused stays or is kept aside, and a dead
network costs a bounded time."""

import contextlib
import json
import os
import socket
import time

import pytest

import support


def text_of(url, format="ndjson", destination="", events=1, properties=""):
    """A policy that makes `events` events at the start and one at the stop of /bin/true."""
    lines = [
        "bookend: 1",
        "destinations:",
        f'  out: {{ format: {format}, url: "{url}"{destination} }}',
        "services:",
        "  app:",
        "    match: { exe: 'true' }",
        "    sender: later",
        "    consent: [{ allow: always }]",
        "    to: out",
        "    events:",
    ]
    for number in range(events):
        lines += [f"      begun_{number}:", "        when: start", "        properties: { number: %d%s }" % (number, properties)]
    lines += ["      ended:", "        when: stop", "        properties: { code: '${exit.code}' }"]
    return "\n".join(lines) + "\n"


class Delivery:
    """One policy, its processes and its flushes."""

    def __init__(self, state, policy):
        self.state, self.policy, self.env = state, policy, support.environment(state)

    def use(self, text, name="policy"):
        self.file = self.policy(text, name)
        return self

    def record(self, times=1, **more):
        # `sender: later`: only a start may spawn a helper, and only when delivery is overdue.
        for _ in range(times):
            support.run("/bin/true", env=support.preload(self.state, "app", self.file, **more), check=True)
        return self

    def flush(self, *options, expect=None, timeout=60):
        done = support.run(support.Bookend.tool, "flush", "--json", *options, env=self.env, timeout=timeout)
        if expect is not None:
            assert done.returncode == expect, (done.stdout, done.stderr)
        report = json.loads(done.stdout)
        report["status"], report["stderr"] = done.returncode, done.stderr
        return report

    def poison(self):
        file = self.state / "spool" / "poison.ndjson"
        return support.json_lines(file.read_text()) if file.exists() else []

    def segments(self):
        return sorted((self.state / "spool").glob("*.spool"))


@pytest.fixture
def delivery(state, policy, bookend):
    return Delivery(state, policy)


FAST = ", retry: { wait: 10ms to 50ms, tries: 3 }, send: { give_up: 5s, timeout: 2s%s }"


def fast(more=""):
    return FAST % more


def test_events_go_once_and_nothing_stays(delivery, receiver):
    delivery.use(text_of(f"{receiver.url}/in")).record()
    report = delivery.flush(expect=0)
    assert (report["recorded"], report["acknowledged"], report["waiting"]) == (2, 2, 0)
    assert [event["event"] for event in receiver.events()] == ["begun_0", "ended"]
    assert delivery.flush(expect=0)["sent"] == 0
    assert delivery.segments() == []


def test_the_native_event_has_the_agreed_members(delivery, receiver):
    delivery.use(text_of(f"{receiver.url}/in")).record()
    delivery.flush(expect=0)
    start, stop = receiver.events()
    assert list(start) == ["id", "time", "service", "event", "kind", "session", "pid", "properties"]
    assert start["properties"] == {"number": 0}
    assert stop["properties"] == {"code": 0}
    assert start["session"] == stop["session"] and start["pid"] == stop["pid"]
    assert start["id"] != stop["id"]
    assert len(start["time"]) == len("2026-11-21T10:00:00.000000Z") and start["time"].endswith("Z")
    request = receiver.requests[0]
    assert request.headers["Content-Type"] == "application/x-ndjson"
    assert request.headers["User-Agent"].startswith("bookend/")


def test_segment_batches(delivery, receiver):
    delivery.use(text_of(receiver.url, "segment", ", key: KEY")).record()
    delivery.flush(expect=0)
    request = receiver.requests[0]
    assert request.path == "/v1/batch"
    assert request.headers["Authorization"] == "Basic S0VZOg=="
    body = request.json()
    assert set(body) == {"batch", "sentAt"}
    assert [event["type"] for event in body["batch"]] == ["track", "track"]
    assert "userId" not in body["batch"][0] and body["batch"][0]["anonymousId"]


def test_segment_track_is_one_event_a_request(delivery, receiver):
    delivery.use(text_of(receiver.url, "segment", ", key: KEY, send: { batch: 1 }")).record()
    delivery.flush(expect=0)
    assert [r.path for r in receiver.requests] == ["/v1/track", "/v1/track"]
    body = receiver.requests[0].json()
    assert body["event"] == "begun_0" and body["messageId"] and len(body["timestamp"]) == len("2026-11-21T10:00:00.000Z")


def test_json_takes_an_object_or_an_array(delivery, receiver):
    delivery.use(text_of(f"{receiver.url}/a", "json", ", key: sesame")).record()
    delivery.flush(expect=0)
    assert [type(r.json()) for r in receiver.requests] == [list]
    assert receiver.requests[0].headers["Authorization"] == "Bearer sesame"
    delivery.use(text_of(f"{receiver.url}/a", "json", ", send: { batch: 1 }"), "other").record()
    delivery.flush(expect=0)
    assert [type(r.json()) for r in receiver.requests[1:]] == [dict, dict]


def test_batches_share_a_connection(delivery, receiver):
    delivery.use(text_of(f"{receiver.url}/in", destination=", send: { batch: 1 }", events=9)).record()
    assert delivery.flush(expect=0)["acknowledged"] == 10
    assert len(receiver.requests) == 10
    assert receiver.connections == 1


def test_gzip_and_headers(delivery, receiver):
    delivery.use(text_of(f"{receiver.url}/in", destination=", gzip: true, headers: { X-Team: ours, User-Agent: theirs }")).record()
    delivery.flush(expect=0)
    request = receiver.requests[0]
    assert request.headers["Content-Encoding"] == "gzip"
    assert request.headers["X-Team"] == "ours" and request.headers.get_all("User-Agent") == ["theirs"]
    assert len(receiver.events()) == 2


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_a_passing_trouble_is_tried_again(delivery, receiver, status):
    receiver.answer(status, status, 200)
    delivery.use(text_of(f"{receiver.url}/in", destination=fast())).record()
    report = delivery.flush(expect=0)
    assert (report["sent"], report["retried"], report["acknowledged"]) == (6, 4, 2)
    assert len({r.raw for r in receiver.requests}) == 1


@pytest.mark.parametrize("trouble", ["garbage", "close", "reset"])
def test_no_sensible_answer_is_tried_again(delivery, receiver, trouble):
    receiver.answer(trouble, 200)
    delivery.use(text_of(f"{receiver.url}/in", destination=fast())).record()
    report = delivery.flush(expect=0)
    assert (report["acknowledged"], report["waiting"]) == (2, 0)


def test_retry_after_is_waited_for(delivery, receiver):
    receiver.answer({"status": 429, "headers": {"Retry-After": 1}}, 200)
    delivery.use(text_of(f"{receiver.url}/in", destination=fast())).record()
    delivery.flush(expect=0)
    first, second = receiver.requests
    assert second.time - first.time >= 0.95


def test_retry_after_beyond_the_budget_puts_it_off(delivery, receiver):
    receiver.answer({"status": 503, "headers": {"Retry-After": 3600}}, 200)
    delivery.use(text_of(f"{receiver.url}/in", destination=fast())).record()
    begun = time.monotonic()
    assert delivery.flush(expect=75)["waiting"] == 2
    assert time.monotonic() - begun < 4
    assert delivery.flush(expect=0)["acknowledged"] == 2


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 410, 418])
def test_a_refusal_of_us_loses_nothing(delivery, receiver, status):
    receiver.answer({"status": status, "headers": {"Location": "http://127.0.0.1:1/"}})
    delivery.use(text_of(f"{receiver.url}/in", destination=", key: hush" + fast())).record()
    report = delivery.flush(expect=75)
    assert (report["waiting"], report["poisoned"], len(receiver.requests)) == (2, 0, 1)
    assert f"{status} from {receiver.url}/in" in report["stderr"]
    assert "hush" not in report["stderr"]
    receiver.answer(200)
    assert delivery.flush(expect=0)["acknowledged"] == 2
    assert delivery.poison() == []


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_bad_event_is_kept_aside_and_the_others_go(delivery, receiver, status):
    def picky(request):
        bad = any(event["event"] == "begun_5" for event in request.events())
        return {"status": status, "body": b"begun_5 is no good"} if bad else 200

    receiver.answer(picky)
    delivery.use(text_of(f"{receiver.url}/in", destination=fast(), events=12)).record()
    report = delivery.flush(expect=0)
    assert (report["acknowledged"], report["poisoned"], report["waiting"]) == (12, 1, 0)
    names = [event["event"] for event in receiver.events()]
    assert sorted(names) == sorted(["ended"] + [f"begun_{n}" for n in range(12) if n != 5])
    (kept,) = delivery.poison()
    assert (kept["status"], kept["destination"], kept["event"]["event"]) == (status, "out", "begun_5")
    assert "begun_5 is no good" in kept["answer"]
    assert len(receiver.requests) < 12


def test_when_every_event_is_bad_all_are_kept_aside(delivery, receiver):
    receiver.answer(400)
    delivery.use(text_of(f"{receiver.url}/in", destination=fast(), events=5)).record()
    assert delivery.flush(expect=0)["poisoned"] == 6
    assert len(delivery.poison()) == 6
    assert delivery.segments() == []


def test_an_event_over_the_receivers_limit_is_kept_aside(delivery, receiver):
    big = "x" * 40000
    delivery.use(text_of(receiver.url, "segment", properties=", big: ${env.BIG}").replace("${env.BIG}", "{ env: BIG }")).record(BIG=big)
    report = delivery.flush()
    assert report["acknowledged"] + report["poisoned"] == 2


def test_a_closed_port_costs_little_and_loses_nothing(delivery, receiver):
    port = support.free_port()
    delivery.use(text_of(f"http://127.0.0.1:{port}/in", destination=fast())).record()
    begun = time.monotonic()
    report = delivery.flush(expect=75)
    assert time.monotonic() - begun < 3
    assert (report["recorded"], report["waiting"]) == (2, 2)
    assert len(delivery.segments()) == 1


def test_a_silent_server_is_given_up_in_time(delivery, receiver):
    receiver.answer("silent")
    delivery.use(text_of(f"{receiver.url}/in", destination=", send: { timeout: 300ms, give_up: 1s }, retry: { tries: 2, wait: 10ms to 20ms }")).record()
    begun = time.monotonic()
    assert delivery.flush(expect=75)["waiting"] == 2
    assert 0.6 < time.monotonic() - begun < 3


def test_the_flush_has_its_own_deadline(delivery, receiver):
    receiver.answer("silent")
    delivery.use(text_of(f"{receiver.url}/in")).record()
    begun = time.monotonic()
    assert delivery.flush("--timeout", "500ms", expect=75)["waiting"] == 2
    assert time.monotonic() - begun < 2


@pytest.fixture
def black_hole():
    """A listener whose queue is full: connections are neither accepted nor refused."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = []
        for _ in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect(listener.getsockname())
            fillers.append(filler)
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()


def test_a_black_hole_is_given_up_in_time(delivery, black_hole):
    delivery.use(text_of(f"http://127.0.0.1:{black_hole}/in", destination=", send: { timeout: 400ms }, retry: { tries: 1 }")).record()
    begun = time.monotonic()
    assert delivery.flush(expect=75)["waiting"] == 2
    assert time.monotonic() - begun < 3


def test_an_endless_answer_is_not_read_to_its_end(delivery, receiver):
    receiver.answer("endless")
    delivery.use(text_of(f"{receiver.url}/in", destination=fast())).record()
    begun = time.monotonic()
    assert delivery.flush(expect=0)["acknowledged"] == 2
    assert time.monotonic() - begun < 2


def test_https_with_a_private_authority(delivery, https_receiver):
    trust = f", tls: {{ ca: {https_receiver.authority} }}"
    delivery.use(text_of(f"{https_receiver.url}/in", destination=trust)).record()
    assert delivery.flush(expect=0)["acknowledged"] == 2


def test_https_of_an_unknown_authority_is_refused_and_loses_nothing(delivery, https_receiver):
    delivery.use(text_of(f"{https_receiver.url}/in", destination=fast())).record()
    report = delivery.flush(expect=75)
    assert (report["waiting"], report["poisoned"]) == (2, 0)
    assert "certificate" in report["stderr"]
    assert https_receiver.requests == []


@pytest.mark.parametrize("secure", [False, True])
def test_a_proxy_of_the_policy_is_used(delivery, receiver, https_receiver, proxy, secure):
    to = https_receiver if secure else receiver
    trust = f", tls: {{ ca: {https_receiver.authority} }}" if secure else ""
    delivery.use(text_of(f"{to.url}/in", destination=f", proxy: '{proxy.url}'{trust}")).record()
    assert delivery.flush(expect=0)["acknowledged"] == 2
    assert proxy.targets == ([f"127.0.0.1:{to.port}"] if secure else [f"{to.url}/in"])


def test_a_proxy_of_the_environment_is_not_used(delivery, receiver, proxy):
    delivery.env.update(http_proxy=proxy.url, ALL_PROXY=proxy.url)
    delivery.use(text_of(f"{receiver.url}/in")).record()
    assert delivery.flush(expect=0)["acknowledged"] == 2
    assert proxy.targets == []


def test_two_destinations_do_not_wait_for_each_other(delivery, receiver):
    dead = support.free_port()
    both = text_of(f"{receiver.url}/in").replace(
        "services:", f'  dead: {{ format: json, url: "http://127.0.0.1:{dead}/"{fast()} }}\nservices:').replace("to: out", "to: [out, dead]")
    delivery.use(both).record()
    report = delivery.flush(expect=75)
    assert (report["acknowledged"], report["waiting"]) == (2, 2)
    assert len(receiver.events()) == 2
    assert delivery.flush(expect=75)["acknowledged"] == 0
    assert len(receiver.events()) == 2


def test_a_receiver_that_comes_late_gets_everything_in_order(delivery, receiver):
    receiver.answer(503)
    delivery.use(text_of(f"{receiver.url}/in", destination=", retry: { tries: 1 }"))
    for _ in range(5):
        delivery.record().flush(expect=75)
    receiver.answer(200)
    delivery.flush(expect=0)
    assert [event["event"] for event in receiver.events()] == ["begun_0", "ended"] * 5
    assert len({event["id"] for event in receiver.events()}) == 10


def test_what_waits_of_one_policy_lies_in_one_segment(delivery):
    delivery.use(text_of(f"http://127.0.0.1:{support.free_port()}/", destination=", retry: { tries: 1 }"))
    for _ in range(4):
        delivery.record().flush(expect=75)
    assert len(delivery.segments()) == 1


def test_a_file_takes_lines(delivery, tmp_path):
    out = tmp_path / "out.ndjson"
    delivery.use(text_of(f"file:{out}")).record(2)
    delivery.flush(expect=0)
    assert len(support.json_lines(out.read_text())) == 4
    assert out.stat().st_mode & 0o777 == 0o600


def test_libcurl_is_loaded_only_for_http(delivery, receiver, tmp_path):
    delivery.env["LD_DEBUG"] = "libs"
    delivery.use(text_of(f"file:{tmp_path}/out.ndjson")).record()
    assert "libcurl" not in delivery.flush(expect=0)["stderr"]
    delivery.use(text_of(f"{receiver.url}/in"), "other").record()
    assert "libcurl" in delivery.flush(expect=0)["stderr"]


def test_without_libcurl_nothing_is_lost(delivery, receiver, tmp_path):
    (tmp_path / "libcurl.so.4").touch()
    delivery.use(text_of(f"{receiver.url}/in")).record()
    delivery.env["LD_LIBRARY_PATH"] = str(tmp_path)
    assert "libcurl.so.4 can not be loaded" in delivery.flush(expect=75)["stderr"]
    del delivery.env["LD_LIBRARY_PATH"]
    delivery.flush(expect=0)
    assert len(receiver.events()) == 2


def test_a_half_line_in_the_file_is_ended_first(delivery, tmp_path):
    out = tmp_path / "out.ndjson"
    out.write_text('{"half": ')
    delivery.use(text_of(f"file:{out}")).record()
    delivery.flush(expect=0)
    lines = out.read_text().splitlines()
    assert lines[0] == '{"half": ' and len(lines) == 3
    json.loads(lines[1])


def test_a_file_that_can_not_be_opened_loses_nothing(delivery, tmp_path):
    delivery.use(text_of(f"file:{tmp_path}/nowhere/out.ndjson")).record()
    report = delivery.flush(expect=75)
    assert report["waiting"] == 2 and "No such file or directory" in report["stderr"]
    (tmp_path / "nowhere").mkdir()
    assert delivery.flush(expect=0)["acknowledged"] == 2


def test_a_missing_image_is_said_and_loses_nothing(delivery, receiver, state):
    delivery.use(text_of(f"{receiver.url}/in")).record()
    away = delivery.file.parent / "away"
    away.mkdir()
    images = [p for p in delivery.file.parent.rglob("*.bki")]
    assert images
    for number, image in enumerate(images):
        image.rename(away / f"{number}")
    report = delivery.flush(expect=75)
    assert ".bki is not in" in report["stderr"] and report["recorded"] == 0
    for number, image in enumerate(images):
        (away / f"{number}").rename(image)
    assert delivery.flush(expect=0)["acknowledged"] == 2


def test_events_outlive_the_policy_they_were_made_under(delivery, receiver):
    receiver.answer(503)
    delivery.use(text_of(f"{receiver.url}/in", destination=", retry: { tries: 1 }")).record()
    delivery.flush(expect=75)
    for image in delivery.file.parent.rglob("policy*.bki"):
        image.unlink()
    receiver.answer(200)
    assert delivery.flush(expect=0)["acknowledged"] == 2


def test_follow_delivers_what_comes(delivery, receiver, start):
    delivery.use(text_of(f"{receiver.url}/in")).record()
    follower = start(support.Bookend.tool, "flush", "--follow", env=delivery.env)
    receiver.wait(2)
    delivery.record(3)
    receiver.wait(8)
    follower.terminate()
    assert follower.wait(5) in (0, 75)
    assert len({event["id"] for event in receiver.events()}) == len(receiver.events()) == 8


def test_follow_waits_for_a_full_batch_as_long_as_it_may(delivery, receiver, start):
    delivery.use(text_of(f"{receiver.url}/in", destination=", send: { batch: 6, wait: 60s }")).record()
    start(support.Bookend.tool, "flush", "--follow", env=delivery.env)
    support.wait_until(lambda: delivery.segments(), 10, "a segment")
    delivery.record(2)
    receiver.wait(6)
    assert len(receiver.requests) == 1


def test_bounds_drop_the_oldest_and_count(delivery, receiver):
    delivery.use(text_of(f"http://127.0.0.1:{support.free_port()}/", destination=", retry: { tries: 1 }, spool: { age: 1ms }")).record()
    delivery.flush()
    report = delivery.flush(expect=0)
    total = report["dropped"] + json.loads(support.run(support.Bookend.tool, "status", "--json", env=delivery.env).stdout)["delivery"]["dropped"]
    assert total >= 2 and report["waiting"] == 0


def test_a_name_server_that_never_answers_costs_a_bounded_time(root, delivery, tmp_path):
    delivery.use(text_of("http://nowhere.example/in", destination=", send: { timeout: 500ms }, retry: { tries: 1 }")).record()
    (tmp_path / "resolv.conf").write_text("nameserver 127.0.0.1\n")
    silent = ("import fcntl, socket, struct, subprocess, sys\n"
              "up = struct.pack('16sh14x', b'lo', 1)\n"
              "fcntl.ioctl(socket.socket(), 0x8914, up)\n"
              "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\ns.bind(('127.0.0.1', 53))\n"
              "sys.exit(subprocess.call(sys.argv[1:]))\n")
    (tmp_path / "silent.py").write_text(silent)
    script = (f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf && "
              f"exec /usr/bin/python3 {tmp_path}/silent.py {support.Bookend.tool} flush --json")
    begun = time.monotonic()
    done = support.run("unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", script, env=delivery.env)
    assert time.monotonic() - begun < 4
    assert json.loads(done.stdout)["waiting"] == 2, done.stderr
    assert "timed out" in done.stderr


def test_a_refused_size_halves_the_batches(delivery, receiver):
    receiver.answer(lambda request: 413 if len(request.events()) > 4 else 200)
    delivery.use(text_of(f"{receiver.url}/in", destination=fast(), events=31)).record()
    report = delivery.flush(expect=0)
    assert (report["acknowledged"], report["poisoned"]) == (32, 0)
    refused = [r for r in receiver.requests if r.answered == 413]
    assert len(refused) <= 4


def test_tail_shows_what_waits_and_takes_nothing(delivery, receiver):
    receiver.answer(503)
    delivery.use(text_of(f"{receiver.url}/in", destination=", retry: { tries: 1 }")).record()
    delivery.flush(expect=75)
    delivery.record()
    tail = lambda: support.json_lines(support.run(support.Bookend.tool, "tail", env=delivery.env, check=True).stdout)  # noqa: E731
    seen = tail()
    assert [event["event"] for event in seen] == ["begun_0", "ended"] * 2
    assert tail() == seen
    receiver.answer(200)
    delivery.flush(expect=0)
    assert sorted(event["id"] for event in receiver.events()) == sorted(event["id"] for event in seen)


def test_tail_follows(delivery, start, tmp_path):
    delivery.use(text_of(f"http://127.0.0.1:{support.free_port()}/")).record()
    out = tmp_path / "tail"
    with open(out, "w") as file:
        start(support.Bookend.tool, "tail", "-f", env=delivery.env, stdout=file)
    support.wait_until(lambda: len(out.read_text().splitlines()) == 2, 10, "two lines")
    delivery.record(2)
    support.wait_until(lambda: len(out.read_text().splitlines()) == 6, 10, "six lines")
    ids = [json.loads(line)["id"] for line in out.read_text().splitlines()]
    assert len(set(ids)) == 6
