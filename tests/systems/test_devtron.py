"""Devtron: inception and orchestrator, by policy/examples/devtron.yaml, with the hub answered by the receiver."""

import base64
import json
import re

import pytest

import support
from system import check_request, check_silent, check_silenced, expected, go_on, script, switch_off

NANOSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z")


@pytest.fixture
def devtron(system):
    made = system("devtron")
    made.opt_out = False
    made.silent_hub = False

    def answer(request):
        if request.path == "/devtron/telemetry/posthogInfo":
            key = base64.b64encode(b"KEY").decode()
            return {"status": 200, "body": {"result": {"PosthogApiKey": key, "PosthogEndpoint": made.receiver.url}}}
        if request.path.startswith("/devtron/telemetry/opt-out/"):
            return {"status": 500} if made.silent_hub else {"status": 200, "body": {"result": made.opt_out}}
        return {"status": 200, "body": {"status": 1}}

    made.receiver.answer(answer)
    script(made.bin / "kubectl", "echo '{\"serverVersion\":{\"gitVersion\":\"v1.17.17\"}}'")
    script(made.work / "count", 'case $1 in clusters|environments|nonprod-apps) echo 1 ;; users) echo 2 ;; *) echo 0 ;; esac')
    return made


def work(devtron, service, *deeds, **environment):
    deeds_file = devtron.work / "deeds"
    deeds_file.write_text("".join(f"{deed}\n" for deed in deeds))
    devtron.run(service, service, SCRIPT=deeds_file, DEVTRON_VERSION=environment.pop("version", "v1"), **environment)
    devtron.deliver()


def batch(devtron):
    got = []
    for request in devtron.requests():
        check_request(request, expected("devtron-heartbeat")["request"])
        assert request.json()["api_key"] == "KEY"
        got += request.json()["batch"]
    return got


def named(devtron):
    return [event["event"] for event in sorted(batch(devtron), key=lambda e: e["timestamp"])]


def check_event(event, name, event_type):
    """An event is the sample of the documentation under another name."""
    want = expected("devtron-heartbeat")["body"]["batch"][0]
    want["event"], want["properties"]["eventType"] = name, event_type
    assert NANOSECONDS.fullmatch(event["timestamp"]) and event["properties"]["timestamp"] == event["timestamp"]
    assert re.fullmatch("[a-z0-9]{16}", event["distinct_id"]) and event["properties"]["ucid"] == event["distinct_id"]
    assert event.pop("uuid")
    for part in (want, want["properties"]):
        part["timestamp"] = event["timestamp"]
    want["distinct_id"] = want["properties"]["ucid"] = event["distinct_id"]
    assert event == want


def test_a_heartbeat_is_what_posthog_expects(devtron):
    work(devtron, "orchestrator")
    (event,) = batch(devtron)
    check_event(event, "Heartbeat", 0)


def test_heartbeats_go_on_while_it_runs(devtron):
    devtron.compile("every: 6h, at: 00:00 UTC", "every: 300ms")
    (devtron.work / "deeds").write_text("spec_changed\nwait\n")
    process = devtron.start("orchestrator", "orchestrator", ready="spec_changed", SCRIPT=devtron.work / "deeds", DEVTRON_VERSION="v1")
    support.wait_until(lambda: devtron.deliver() is None and named(devtron).count("Heartbeat") >= 3, 20, "two more heartbeats")
    process.stdin.close()
    assert process.wait(10) == 0


def test_the_client_is_the_same_every_time(devtron):
    work(devtron, "orchestrator")
    work(devtron, "inception", "spec_changed")
    assert len({event["distinct_id"] for event in batch(devtron)}) == 1


def test_installation_and_upgrade_go_by_the_remembered_version(devtron):
    names = [t for t in expected("devtron-inception-transitions") if "event" in t]
    deeds = ("spec_changed", "downloaded", "applied")
    work(devtron, "inception", *deeds)
    assert named(devtron) == [t["event"] for t in names if t["installEvent"] == "1"]
    work(devtron, "inception", *deeds)  # the same version again: nothing was installed or upgraded
    assert len(batch(devtron)) == 3
    work(devtron, "inception", *deeds, version="v2")
    assert named(devtron)[3:] == [t["event"] for t in names if t["installEvent"] == "2"]
    work(devtron, "inception", *deeds, version="v2")
    assert len(batch(devtron)) == 6
    for event in batch(devtron):
        event["properties"]["devtronVersion"] = "v1"
        check_event(event, event["event"], event["event"])


def test_the_summary_has_counts_of_its_period_and_leaves_zeroes_out(devtron):
    devtron.compile("every: 24h, at: 00:00 UTC, per: installation", "every: 2s, per: installation")
    want = expected("devtron-summary")
    deeds = devtron.work / "deeds"
    deeds.write_text("create_cd_pipeline\t1\ncreate_ci_pipeline\t1\nwait\n")
    process = devtron.start("orchestrator", "orchestrator", ready="create_cd_pipeline", SCRIPT=deeds, DEVTRON_VERSION="v1")
    summaries = lambda: [e for e in batch(devtron) if e["event"] == "Summary"]  # noqa: E731
    support.wait_until(lambda: devtron.deliver() is None and len(summaries()) >= 2, 40, "two summaries")
    process.stdin.close()
    assert process.wait(10) == 0
    first, second = sorted(summaries(), key=lambda e: e["timestamp"])[:2]
    assert first["properties"]["summary"] == want["properties"]["summary"]
    assert first["properties"]["eventType"] == want["properties"]["eventType"]
    left = {k: v for k, v in want["properties"]["summary"].items() if not k.endswith("PerDay")}
    assert second["properties"]["summary"] == left  # a new period, in which nothing was created


def test_an_opt_out_at_the_hub_sends_nothing(devtron):
    devtron.opt_out = True
    work(devtron, "inception", "spec_changed")
    assert devtron.requests() == []
    (asked,) = [r.path for r in devtron.receiver.requests if "opt-out" in r.path]
    assert re.fullmatch("/devtron/telemetry/opt-out/[a-z0-9]{16}", asked)


def test_an_opt_out_at_the_hub_during_a_run_is_heard_when_it_is_asked_again(devtron):
    devtron.compile("is: true, cache: 24h", "is: true, cache: 1s")
    devtron.compile("every: 6h, at: 00:00 UTC", "every: 300ms")
    devtron.compile("wait: 5s", "wait: 1ms")
    (devtron.work / "deeds").write_text("spec_changed\nwait\n")
    process = devtron.start("orchestrator", "orchestrator", ready="spec_changed", SCRIPT=devtron.work / "deeds", DEVTRON_VERSION="v1")
    asked = lambda: sum("opt-out" in r.path for r in devtron.receiver.requests)  # noqa: E731
    support.wait_until(lambda: devtron.deliver() is None and devtron.requests(), 20, "a heartbeat while it is allowed")
    devtron.opt_out = True
    for _ in range(2):  # the answer that was kept is old, and what was under way is at its end
        before = asked()
        support.wait_until(lambda before=before: devtron.deliver() is None and asked() > before, 20, "another question")
    sent = len(devtron.requests())
    before = asked()
    support.wait_until(lambda: devtron.deliver() is None and asked() > before + 1, 20, "more questions")
    go_on(process)
    assert process.wait(10) == 0
    devtron.deliver()
    assert len(devtron.requests()) == sent


def test_without_an_answer_nothing_is_sent(devtron):
    devtron.silent_hub = True
    work(devtron, "inception", "spec_changed")
    assert devtron.requests() == []


def test_without_an_address_from_the_hub_nothing_is_sent(devtron):
    devtron.receiver.answer(lambda r: {"status": 503})
    work(devtron, "inception", "spec_changed")
    assert devtron.requests() == []


@pytest.mark.parametrize("service", ["inception", "orchestrator"])
def test_an_air_gap_asks_and_sends_nothing(devtron, service):
    (devtron.work / "deeds").write_text("spec_changed\ncreate_cd_pipeline\t1\n")
    check_silent(devtron, service, devtron.programs / service, IS_AIR_GAP_ENVIRONMENT="true", SCRIPT=devtron.work / "deeds")
    assert devtron.receiver.requests == []


@pytest.mark.parametrize("service", ["inception", "orchestrator"])
def test_switched_off_during_a_run_nothing_is_asked_or_sent(devtron, service):
    (devtron.work / "deeds").write_text("spec_changed\nwait\ndownloaded\ncreate_cd_pipeline\t1\n")

    def deny():  # it has been asked already what becomes of the first event
        support.wait_until(lambda: len(devtron.receiver.requests) >= 2, what="the hub's answers")
        switch_off(devtron, service)

    check_silenced(devtron, deny, service, devtron.programs / service, ready="spec_changed",
                   go_on=go_on, SCRIPT=devtron.work / "deeds", DEVTRON_VERSION="v1")
    assert devtron.requests() == []


def test_what_the_server_adds_is_never_sent(devtron):
    work(devtron, "orchestrator")
    whole = json.dumps([r.json() for r in devtron.requests()])
    assert "$ip" not in whole and "$geoip" not in whole
