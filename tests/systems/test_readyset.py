"""ReadySet: adapter, server and installer, by policy/examples/readyset.yaml, against Segment's track call and the strict schema."""

import json

import jsonschema
import pytest

import support
from system import (EXPECTED, check_request, check_silent, check_silent_server, check_silenced, check_time, check_uuid4, expected,
                    script, switch_off)

STRICT = json.loads((EXPECTED / "readyset-track.strict.schema.json").read_text())
KEY = {"RS_SEGMENT_WRITE_KEY": "WKEY", "RS_COMMIT_ID": "abc1234"}


@pytest.fixture
def readyset(system):
    made = system("readyset")
    script(made.bin / "docker", 'case "$1" in version) echo 24.0.5 ;; compose) exit "${COMPOSE_STATUS:-0}" ;; esac')
    return made


def bodies(system):
    """Every request is one track call that the strict schema takes."""
    for request in system.requests():
        check_request(request, expected("readyset-adapter_start")["request"])
        jsonschema.validate(request.json(), STRICT)
    return [request.json() for request in system.requests()]


def test_an_adapter_starts_when_it_listens_and_stops_when_told(readyset):
    want = expected("readyset-adapter_start")
    adapter = readyset.start("adapter", "readyset", "--database-type", "postgres", RS_API_KEY="rs-user-1", **KEY)
    readyset.stop(adapter)
    readyset.deliver()
    start, stop = bodies(readyset)
    for body in (start, stop):
        check_time(body.pop("timestamp"))
        check_uuid4(body.pop("messageId"))
    assert start["anonymousId"] == stop["anonymousId"]
    check_uuid4(start["anonymousId"])
    want = {**want["body"], "anonymousId": start["anonymousId"]}
    del want["timestamp"]
    assert start == want
    assert stop == {"userId": "rs-user-1", "anonymousId": start["anonymousId"], "event": "adapter_stop",
                    "properties": {"commit_id": "abc1234"}}


def test_without_an_api_key_there_is_no_user(readyset):
    want = expected("readyset-adapter_stop-noapikey")["body"]
    for key in ({}, {"RS_API_KEY": ""}):
        readyset.stop(readyset.start("adapter", "readyset", **KEY, **key))
    readyset.deliver()
    stops = [b for b in bodies(readyset) if b["event"] == "adapter_stop"]
    assert len(stops) == 2
    for stop in stops:
        assert set(stop) == set(want) | {"messageId"}
        assert stop["properties"] == want["properties"]
    assert len({stop["anonymousId"] for stop in stops}) == 2


def test_a_backend_that_is_none_is_not_told(readyset):
    readyset.stop(readyset.start("adapter", "readyset", "--database-type=secretdb", **KEY))
    readyset.deliver()
    start = bodies(readyset)[0]
    assert "db_backend" not in start["properties"]
    assert b"secretdb" not in b"".join(r.body for r in readyset.requests())


def test_a_server_has_events_of_its_own_and_a_crash_is_no_stop(readyset):
    server = readyset.start("server", "readyset-server", **KEY)
    readyset.stop(server)
    server = readyset.start("server", "readyset-server", **KEY)
    server.kill()
    server.wait(10)
    readyset.deliver()
    got = bodies(readyset)
    assert sorted(b["event"] for b in got) == ["server_start", "server_start", "server_stop"]
    for body in got:
        more = {"server_version": "1.2.3"} if body["event"] == "server_start" else {}
        assert body["properties"] == {"commit_id": "abc1234", **more}


def test_an_adapter_that_can_not_listen_has_not_started(readyset):
    trace = readyset.work.parent / "trace"
    fails = ("strace", "-D", "-f", "-q", "-e", "trace=listen", "-e", "inject=listen:error=EADDRINUSE", "-o", trace)
    for service, program in (("adapter", "readyset"), ("server", "readyset-server")):
        process = readyset.start(service, readyset.programs / program, ready="", prefix=fails, **KEY)
        assert process.wait(10) == 1
    readyset.deliver()
    assert readyset.recorded() == 2
    assert [b["event"] for b in bodies(readyset)] == []


@pytest.mark.parametrize("status, tries", [(503, 2), (400, 1)])
def test_an_error_of_the_server_is_tried_again_and_a_refusal_is_not(readyset, status, tries):
    readyset.receiver.answer(status, 200)
    adapter = readyset.start("adapter", "readyset", **KEY)
    support.wait_until(lambda: readyset.deliver() is None and len(readyset.requests()) == tries, 10, "the tries")
    adapter.kill()
    adapter.wait(10)
    readyset.deliver()
    assert [b["event"] for b in bodies(readyset)] == ["adapter_start"] * tries
    assert len({b["messageId"] for b in bodies(readyset)}) == 1


@pytest.mark.parametrize("runs, status, events", [
    ("docker compose up -d", 0, ["deployment_finished", "deployment_started", "installer_finished", "installer_run"]),
    ("docker compose up -d", 3, ["deployment_started", "installer_run"]),
    ("docker compose down", 0, ["deployment_torn_down", "installer_finished", "installer_run"]),
    ("", 0, ["installer_finished", "installer_run"]),
])
def test_the_installer_tells_of_its_deployments(readyset, runs, status, events):
    readyset.run("installer", "readyset-installer", RUNS=runs, COMPOSE_STATUS=status, status=status, **KEY)
    readyset.deliver()
    got = bodies(readyset)
    assert sorted(b["event"] for b in got) == events
    assert [b["properties"] for b in got] == [{"commit_id": "abc1234", "docker_version": "24.0.5"}] * len(events)
    assert {key for b in got for key in b} == {"anonymousId", "event", "properties", "timestamp", "messageId"}
    assert len({b["anonymousId"] for b in got}) == 1


SAY_NO = pytest.mark.parametrize("words, environment", [
    (["--disable-telemetry"], KEY),
    ([], {**KEY, "DISABLE_TELEMETRY": "1"}),
    ([], {**KEY, "DISABLE_TELEMETRY": "true"}),
    ([], {}),
    ([], {"RS_SEGMENT_WRITE_KEY": ""}),
    ([], {**KEY, "DO_NOT_TRACK": "1"}),
])


@SAY_NO
def test_each_way_to_say_no_records_nothing_of_an_installation(readyset, words, environment):
    check_silent(readyset, "installer", readyset.programs / "readyset-installer", *words, RUNS="docker compose up -d", **environment)


@SAY_NO
@pytest.mark.parametrize("service, program", [("adapter", "readyset"), ("server", "readyset-server")])
def test_each_way_to_say_no_records_nothing_of_a_server(readyset, service, program, words, environment):
    check_silent_server(readyset, service, readyset.programs / program, *words, **environment)


@pytest.mark.parametrize("service, program", [("adapter", "readyset"), ("server", "readyset-server")])
def test_switched_off_during_a_run_nothing_more_is_sent(readyset, service, program):
    check_silenced(readyset, lambda: switch_off(readyset, service), service, readyset.programs / program,
                   go_on=readyset.stop, **KEY)
    assert "stop" not in "".join(b["event"] for b in bodies(readyset))
