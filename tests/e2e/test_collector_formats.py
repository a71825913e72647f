"""What the collector takes: Segment's track and batch as real clients send them, native events as JSON and ndjson, gzip."""

import pytest

import posting
from posting import lines, native


@pytest.fixture
def client(collector):
    one = posting.Client(collector)
    yield one
    one.close()


COLUMNS = "id, time, service, event, kind, session, pid, user, context, properties, source"


def stored(collector, columns=COLUMNS):
    return collector.rows(f"SELECT {columns} FROM events ORDER BY number")


def test_a_batch_as_segments_node_client_sends_it_is_stored(client, collector):
    request = posting.capture("segment-batch.json")
    reply = client.post("/v1/batch", request["body"], {"Authorization": request["headers"]["authorization"]})
    assert (reply.status, reply.json()) == (200, {"success": True, "events": 2, "repeats": 0})
    library = '{"library":{"name":"@segment/analytics-node","version":"3.1.0"}}'
    session = "11111111-1111-4111-8111-111111111111"
    assert stored(collector) == [
        ("node-next-1795297718058-c0a1597e-13a3-413a-9893-b18222f46f74", 1795297718058000, None, "server_start", "start",
         session, None, None, library, '{"server_version":"1.2.3"}', "segment"),
        ("node-next-1795297718060-597e13a3-e13a-4893-b182-22f46f749f2d", 1795297718060000, None, "server_stop", "stop",
         session, None, "rs-api-key", library, "{}", "segment"),
    ]


def test_a_track_call_without_an_id_gets_one_from_its_content_and_collapses_with_its_repeat(client, collector):
    call = posting.capture("segment-track.json")["body"]
    assert client.post("/v1/track", call).json() == {"success": True, "events": 1, "repeats": 0}
    assert client.post("/v1/track", dict(reversed(call.items()))).json() == {"success": True, "events": 1, "repeats": 1}
    assert client.post("/v1/track", {**call, "event": "adapter_start"}).json()["repeats"] == 0
    (first, name, kind), second = stored(collector, "id, event, kind")
    assert len(first) == 36 and first != second[0]
    assert (name, kind, second[2]) == ("adapter_stop", "stop", "start")


def test_segment_calls_say_service_kind_and_pid_in_context_or_properties(client, collector):
    calls = [
        {"event": "a", "context": {"service": "one", "kind": "stop", "pid": 7}, "properties": {"service": "not this"}},
        {"event": "b", "properties": {"service": "two"}},
        {"event": "server.Started", "properties": {"kind": ""}},
        {"event": "restart"},
    ]
    batch = [{"type": "track", "messageId": str(i), **call} for i, call in enumerate(calls)]
    assert client.post("/v1/batch", {"batch": batch}).status == 200
    assert stored(collector, "service, kind, pid") == [
        ("one", "stop", 7), ("two", None, None), (None, "start", None), (None, None, None)]


@pytest.mark.parametrize("path, body, more", [
    ("/v1/events", native(1), {}),
    ("/v1/events", [native(1)], {}),
    ("/v1/events", lines(native(1)), {"Content-Type": "application/x-ndjson"}),
    ("/v1/ndjson", "\n" + lines(native(1)) + "\r\n", {"Content-Type": "application/json; charset=utf-8"}),
    ("/v1/ndjson", lines(native(1)).rstrip(), {}),
])
def test_native_events_are_stored_whole(client, collector, path, body, more):
    assert client.post(path, body, more).json() == {"success": True, "events": 1, "repeats": 0}
    assert stored(collector) == [("event-1", 1795255200000001, "app", "start", "start", "session-1", 101, None, None,
                                  '{"n":1}', "native")]


def test_times_are_read_with_offset_and_fraction(client, collector):
    times = ["2026-11-21T10:00:00Z", "2026-11-21T11:00:00+01:00", "2026-11-21t05:30:00.5-04:30",
             "2024-02-29T23:59:59.123456789Z"]
    assert client.post("/v1/events", [native(i, time=time) for i, time in enumerate(times)]).status == 200
    assert stored(collector, "time") == [
        (1795255200000000,), (1795255200000000,), (1795255200500000,), (1709251199123456,)]


def test_numbers_come_back_as_they_were(client):
    numbers = {"tenth": 0.1, "ms": 1795297718058.0625, "pi": 3.141592653589793, "large": 9007199254740993, "text": "ü\u0001\""}
    assert client.post("/v1/events", native(1, properties=numbers, context={"tenth": 0.1})).status == 200
    text = client.get("/v1/events").text
    event = client.get("/v1/events").json()["events"][0]
    assert event["properties"] == numbers and event["context"] == {"tenth": 0.1}
    assert '"context":{"tenth":0.1}' in text


def test_gzip_is_unpacked_also_in_several_members(client, collector):
    import gzip
    assert client.post_gzip("/v1/batch", b'{"batch":[{"type":"track","event":"a","messageId":"1"}]}').status == 200
    both = gzip.compress(lines(native(1)).encode()) + gzip.compress(lines(native(2)).encode())
    reply = client.post("/v1/ndjson", both, {"Content-Encoding": "gzip"})
    assert reply.json()["events"] == 2
    assert len(stored(collector)) == 3


def test_repeats_are_ignored_within_a_request_across_requests_and_across_formats(client, collector):
    assert client.post("/v1/events", [native(1), native(1), native(2)]).json() == {
        "success": True, "events": 3, "repeats": 1}
    assert client.post("/v1/track", {"event": "other", "messageId": "event-2"}).json()["repeats"] == 1
    assert stored(collector, "id, event") == [("event-1", "start"), ("event-2", "start")]


def test_a_body_in_chunks_is_taken(client, collector):
    pieces = iter([b'[{"id":"1",', b'"event":"a"}]'])
    client.http.request("POST", "/v1/events", pieces, {"Content-Type": "application/json"}, encode_chunked=True)
    assert posting.Reply(client.http.getresponse()).json()["events"] == 1


def test_events_can_be_read_back_newest_first_by_number_and_service(client):
    client.post("/v1/events", [native(i, service="odd" if i % 2 else "even") for i in range(10)])
    everything = client.get("/v1/events").json()
    assert (everything["total"], everything["complete"]) == (10, True)
    assert [event["id"] for event in everything["events"]] == [f"event-{i}" for i in reversed(range(10))]
    odd = client.get("/v1/events?limit=2&service=odd").json()["events"]
    assert [event["id"] for event in odd] == ["event-9", "event-7"]
    assert odd[0]["properties"] == {"n": 9} and odd[0]["time"] == "2026-11-21T10:00:00.000001Z"
    assert client.get("/v1/events?limit=0").status == 400
    assert client.get("/v1/events?limit=many").status == 400


def test_an_empty_list_is_fine(client):
    assert client.post("/v1/events", []).json()["events"] == 0
    assert client.post("/v1/batch", {"batch": []}).json()["events"] == 0
    assert client.post("/v1/ndjson", "").json()["events"] == 0
