"""What the collector refuses, and that it says why and where; that the page is safe against what strangers send."""

import gzip
import os
import socket
import zlib

import pytest

import posting
import support
from posting import lines, native


@pytest.fixture
def client(collector):
    one = posting.Client(collector)
    yield one
    one.close()


@pytest.fixture
def guarded(bookend, tmp_path, start):
    """A client of a collector with a key."""
    ready = tmp_path / "port"
    start(bookend.collector, "collect", "--listen", "127.0.0.1:0", "--db", tmp_path / "key.db", "--key", "secret",
          "--port-file", ready)
    support.wait_until(ready.exists, 10, "the port")

    class Place:
        port = int(ready.read_text())

    one = posting.Client(Place)
    yield one
    one.close()


@pytest.mark.parametrize("path, body, complaint", [
    ("/v1/events", '{"event":\n "a",}', {"line": 2, "column": 6}),
    ("/v1/events", '{"event":"a","event":"b"}', {"error": 'not JSON: duplicate object key near \'"event"\''}),
    ("/v1/events", "", {"line": 1}),
    ("/v1/events", "[" * 100000, {"line": 1}),
    ("/v1/events", '{"event":"\\u0000"}', {"line": 1}),
    ("/v1/events", b'{"event":"\xff"}', {"line": 1}),
    ("/v1/events", "3", {"line": 1}),
    ("/v1/events", [native(1), 3], {"error": "an event is an object", "where": "[1]"}),
    ("/v1/events", {"event": ""}, {"error": 'an event needs its name as "event"'}),
    ("/v1/events", native(1, event=7), {"error": "must be text", "where": "event"}),
    ("/v1/events", native(1, pid="7"), {"error": '"pid" must be a whole number'}),
    ("/v1/events", native(1, time="yesterday"), {"where": "time"}),
    ("/v1/events", native(1, time="2026-02-30T00:00:00Z"), {"where": "time"}),
    ("/v1/events", native(1, properties=[]), {"error": "must be an object", "where": "properties"}),
    ("/v1/events", native(1, service="x" * 5000), {"error": "too long", "where": "service"}),
    ("/v1/events", native(1, id="x" * 300), {"error": "too long", "where": "id"}),
    ("/v1/ndjson", lines(native(1)) + "\n{oops}\n", {"line": 3, "column": 5}),
    ("/v1/ndjson", lines(native(1)) + "\n" + lines({"event": "a", "user": 1}), {"line": 3, "where": "user"}),
    ("/v1/track", {"properties": {}}, {"error": "a track call needs the event's name", "where": "event"}),
    ("/v1/track", {"event": "a", "context": 3}, {"error": "must be an object", "where": "context"}),
    ("/v1/track", [], {"error": "must be an object"}),
    ("/v1/batch", {}, {"error": "must be a list of track calls", "where": "batch"}),
    ("/v1/batch", [], {"where": "batch"}),
    ("/v1/batch", {"batch": [{"type": "track", "event": "a"}, {"type": "page"}]},
     {"error": 'only "track" is taken here', "where": "batch[1].type"}),
    ("/v1/batch", {"batch": [{"type": "track", "event": "a", "timestamp": 3}]}, {"where": "batch[0].timestamp"}),
])
def test_a_bad_body_is_refused_whole_with_what_is_wrong_and_where(client, collector, path, body, complaint):
    reply = client.post(path, body)
    assert reply.status == 400, reply.text
    assert complaint.items() <= reply.json().items(), reply.text
    assert collector.rows("SELECT count(*) FROM events") == [(0,)]


@pytest.mark.parametrize("method, path, allow", [
    ("GET", "/v1/track", "POST"), ("PUT", "/v1/batch", "POST"), ("DELETE", "/", "GET, HEAD, POST"),
    ("OPTIONS", "/v1/events", "GET, HEAD, POST"), ("POST", "/healthz", "GET, HEAD")])
def test_a_wrong_method_is_told_the_right_ones(client, method, path, allow):
    reply = client.ask(method, path, b"{}" if method == "POST" else None)
    assert (reply.status, reply.headers["Allow"]) == (405, allow)


def test_an_unknown_path_is_not_found_also_with_a_body(client):
    assert client.get("/v1/nothing").status == 404
    assert client.post("/v1/batch/", {"batch": []}).status == 404
    assert client.get("/healthz").text == "ok\n"
    assert client.ask("HEAD", "/").status == 200


@pytest.mark.parametrize("path, more", [
    ("/v1/batch", {"Content-Type": "text/plain"}), ("/v1/batch", {"Content-Type": "application/x-ndjson"}),
    ("/v1/events", {"Content-Type": None}), ("/v1/events", {"Content-Type": "application/jsonx"}),
    ("/v1/events", {"Content-Encoding": "br"})])
def test_another_type_or_encoding_is_refused(client, path, more):
    assert client.post(path, "{}", more).status == 415


def raw(collector, request):
    with socket.create_connection(("127.0.0.1", collector.port), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(65536).split(b"\r\n")[0].decode()


def test_a_post_without_length_is_told_so(collector):
    request = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n"
    assert raw(collector, request) == "HTTP/1.1 411 Length Required"


def test_what_is_too_large_is_refused_at_once_where_the_client_waits_and_else_after_it_is_read(client, collector):
    head = b"POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    asking = head + b"Content-Length: 5000000\r\nExpect: 100-continue\r\n\r\n"
    assert raw(collector, asking).startswith("HTTP/1.1 413")
    assert raw(collector, head + b"Content-Length: 99999999999\r\n\r\n").startswith("HTTP/1.1 413")
    assert client.post("/v1/events", b" " * (5 << 20)).status == 413
    pieces = (b" " * (1 << 20) for _ in range(5))
    client.http.request("POST", "/v1/events", pieces, {"Content-Type": "application/json"}, encode_chunked=True)
    assert posting.Reply(client.http.getresponse()).status == 413
    assert client.post("/v1/events", native(1)).status == 200


def test_more_events_than_a_request_may_bring_are_refused(client):
    many = [{"event": "a"}] * 10001
    assert client.post("/v1/events", many).status == 413
    assert client.post("/v1/ndjson", lines(*many)).status == 413
    assert client.post("/v1/events", many[1:]).status == 200


def test_a_gzip_bomb_is_refused_before_it_fills_the_memory(client, collector):
    squeezer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(squeezer.compress(b" " * (1 << 20)) for _ in range(192)) + squeezer.flush()
    assert len(bomb) < 2 << 20
    assert client.post("/v1/events", bomb, {"Content-Encoding": "gzip"}).status == 413
    with open(f"/proc/{collector.process.pid}/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    assert peak < 128 << 10, f"{peak} kB"


@pytest.mark.parametrize("body", [b"", b"plain", gzip.compress(b'{"event":"a"}', mtime=0)[:-9],
                                  gzip.compress(b'{"event":"a"}', mtime=0)[:12] + b"\xff\xff\xff\xff\xff\xff"])
def test_gzip_that_is_none_or_cut_is_refused(client, body):
    reply = client.post("/v1/events", body, {"Content-Encoding": "gzip"})
    assert (reply.status, reply.json()["error"]) == (400, "the body is not gzip, or damaged, or cut")


BASIC = {"secret": "Basic c2VjcmV0Og==", "with password": "Basic c2VjcmV0OnBhc3M=", "secre": "Basic c2VjcmU6", "empty": "Basic Og=="}


def test_with_a_key_only_who_knows_it_may_write_and_read(guarded):
    for good in ("Bearer secret", BASIC["secret"], BASIC["with password"]):
        assert guarded.post("/v1/track", {"event": "a"}, {"Authorization": good}).status == 200
        assert guarded.get("/", {"Authorization": good}).status == 200
    for bad in (None, "", "Bearer", "Bearer secre", "Bearer secrets", "Bearer ", BASIC["secre"], BASIC["empty"], "Basic !",
                "secret"):
        for reply in (guarded.post("/v1/track", {"event": "b"}, {"Authorization": bad}),
                      guarded.get("/", {"Authorization": bad}), guarded.get("/v1/events", {"Authorization": bad})):
            assert reply.status == 401 and "Basic" in reply.headers["WWW-Authenticate"]
    assert guarded.get("/healthz").status == 200


def test_a_name_of_elsewhere_may_not_read(client, collector):
    client.post("/v1/events", native(1))
    for host in ("attacker.example", "localhost.attacker.example", "127.0.0.1.attacker.example:80"):
        assert client.get("/v1/events", {"Host": host}).status == 403
    for host in ("localhost", f"localhost:{collector.port}", "127.0.0.1", f"[::1]:{collector.port}"):
        assert client.get("/v1/events", {"Host": host}).status == 200


def test_the_page_shows_hostile_texts_as_text(client):
    nasty = "<script>alert(1)</script>\"'&\x1b"
    client.post("/v1/events", native(1, service=nasty, event=nasty, kind="start", properties={nasty: nasty, "exe": nasty}))
    client.post("/v1/track", {"event": nasty, "context": {"service": nasty}})
    for path in ("/", "/?service=%3Cscript%3Ealert(1)%3C%2Fscript%3E%22'%26%1B"):
        page = client.get(path)
        assert page.status == 200 and "&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;?" in page.text
        assert "<script" not in page.text and "\x1b" not in page.text
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self';")
        assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert client.get("/style.css").headers["Content-Type"].startswith("text/css")


def test_the_page_shows_lifecycles_events_and_counts(client):
    assert "Nothing has arrived yet" in client.get("/").text
    stop = native(2, session="session-1", event="stop", kind="stop", time="2026-11-21T10:00:03.4Z",
                  properties={"how": "failed", "code": 3})
    client.post("/v1/events", [native(1), stop])
    page = client.get("/").text
    assert "<b>2</b> events stored" in page
    assert "failed (exit 3)" in page and "3.4 s" in page
    assert "running or unknown" not in page


@pytest.mark.parametrize("words", [
    ["--listen", "nowhere"], ["--listen", "127.0.0.1:99999"], ["--listen", "localhost:0"], ["extra"], ["--unknown"],
    ["--db", "/proc/none/events.db"], ["--db", "{text}"], ["--db", "{newer}"]])
def test_what_cannot_work_is_said_at_once(run, bookend, tmp_path, words):
    (tmp_path / "text").write_text("this is no database, but long enough to be looked at as one" * 20)
    import sqlite3
    newer = sqlite3.connect(tmp_path / "newer")
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    words = [word.format(text=tmp_path / "text", newer=tmp_path / "newer") for word in words]
    listen = [] if "--listen" in words else ["--listen", "127.0.0.1:0"]
    done = run(bookend.collector, "collect", *listen, *words, timeout=20)
    assert done.returncode in (1, 2) and done.stdout == ""
    assert "bookend" in done.stderr and "\n" in done.stderr


def test_a_port_in_use_is_said(run, bookend, collector):
    done = run(bookend.collector, "collect", "--listen", f"127.0.0.1:{collector.port}", timeout=20)
    assert done.returncode == 1 and "Address already in use" in done.stderr


def test_the_default_database_lies_in_the_state_directory_for_nobody_else(bookend, start, state, env, tmp_path):
    ready = tmp_path / "port"
    env = {**env, "BOOKEND_STATE": str(state / "deeper" / "still")}
    start(bookend.collector, "collect", "--listen", "127.0.0.1:0", "--port-file", ready, env=env)
    support.wait_until(ready.exists, 10, "the port")
    database = state / "deeper" / "still" / "collector.db"
    assert os.stat(database).st_mode & 0o777 == 0o600
    assert os.stat(database.parent).st_mode & 0o777 == 0o700
