"""Salto: counters and error stacks of the CLI, by policy/examples/salto.yaml."""

import os

import pytest

import support
from system import check_request, check_silent, check_silenced, check_time, expected, go_on, switch_off

INSTALLATION = "947270fd-bd63-4925-8e14-2e012ed6aa4b"
WORKSPACE = "5f0c9a7e-1b2d-4c3e-8f4a-6b7c8d9e0f1a"


@pytest.fixture
def salto(system):
    made = system("salto")
    (made.home / ".salto/salto.config").mkdir(parents=True)
    config(made, "telemetry = {\n    enabled = true\n  }")
    (made.work / "salto.config").mkdir()
    (made.work / "salto.config/workspace.nacl").write_text(f'workspace {{\n  uid = "{WORKSPACE}"\n  name = "secretname"\n}}\n')
    made.environment = {"SALTO_TELEMETRY_URL": f"{made.receiver.url}/v1/events", "SALTO_TELEMETRY_TOKEN": "dev"}
    made.receiver.answer(201)
    return made


def config(salto, telemetry):
    (salto.home / ".salto/salto.config/config.nacl").write_text(
        f'salto {{\n  installationID = "{INSTALLATION}"\n  {telemetry}\n}}\n')


def work(salto, *deeds, words=("fetch",), **more):
    script = salto.work / "deeds"
    script.write_text("".join("\t".join(deed) + "\n" for deed in deeds))
    salto.run("salto", "salto", *words, SCRIPT=script, **salto.environment, **more)
    salto.deliver()


def events(salto):
    got = []
    for request in salto.requests():
        check_request(request, expected("salto-fetch")["request"])
        body = request.json()
        assert list(body) == ["events"] and 1 <= len(body["events"]) <= 20
        got += body["events"]
    return got


def want(name):
    events = expected(name)["body"]["events"]
    for event in events:
        event["tags"]["os_release"] = os.uname().release
        if "workspace_id" in event["tags"]:
            event["tags"]["workspace_id"] = WORKSPACE
        del event["timestamp"]
    return events


def test_a_fetch_is_what_salto_expects(salto):
    work(salto, *[("apply_change", "x")] * 17)
    got = events(salto)
    for event in got:
        check_time(event.pop("timestamp"))
    by_name = {event["name"]: event for event in got}
    assert len(by_name) == len(got)
    for event in want("salto-fetch"):
        assert by_name.pop(event["name"]) == event
    assert by_name == {}
    assert b"secretname" not in b"".join(r.body for r in salto.requests())


def test_a_failing_deploy_counts_its_errors_and_the_workspace(salto):
    work(salto, ("report_error", "cannot read the salto file"), ("report_error", "x"), ("set_workspace_size", "41"), ("set_workspace_size", "42"),
         ("exit", "1"), words=("deploy", "--force"), status=1)
    values = {event["name"]: event["value"] for event in events(salto)}
    assert values == {"salto.workspace.deploy.start": 1, "salto.workspace.deploy.failure": 1, "salto.workspace.deploy.errors": 2,
                      "salto.workspace.deploy.workspaceSize": 42}
    assert b"the salto file" not in b"".join(r.body for r in salto.requests())


def test_a_crash_sends_a_stack_and_no_message(salto):
    work(salto, ("report_error", "the message"), ("abort",), words=("fetch",), status=-6)
    (event,) = [event for event in events(salto) if event["name"] == "salto.workspace.error"]
    (shape,) = want("salto-error")
    check_time(event.pop("timestamp"))
    assert event["value"] and all(isinstance(frame, str) and "+0x" in frame for frame in event["value"])
    assert event["tags"] == shape["tags"]
    assert event["type"] == shape["type"]
    assert b"the message" not in b"".join(r.body for r in salto.requests())


def test_counters_go_in_batches_of_at_most_twenty(salto):
    salto.compile("match: { exe: salto }", "match: { exe: salto }\n    sender: later")  # all of them are there at once
    for _ in range(60):
        salto.run("salto", "salto", "fetch", **salto.environment)
    salto.deliver()
    assert len(events(salto)) == 120
    assert max(len(request.json()["events"]) for request in salto.requests()) == 20


def test_changes_are_told_while_it_runs_and_add_up(salto):
    salto.compile("every: 1000ms", "every: 200ms")
    script = salto.work / "deeds"
    script.write_text("apply_change\tx\n" * 3 + "wait\n" + "apply_change\tx\n" * 2)
    changes = lambda: [e["value"] for e in events(salto) if e["name"].endswith(".changes")]  # noqa: E731
    process = salto.start("salto", "salto", "deploy", ready="apply_change", SCRIPT=script, **salto.environment)
    support.wait_until(lambda: salto.deliver() is None and sum(changes()) == 3, 20, "the changes so far")
    go_on(process)
    assert process.wait(10) == 0
    salto.deliver()
    assert sum(changes()) == 5


def test_a_home_of_its_own_has_the_config_that_counts(salto, tmp_path):
    (tmp_path / "elsewhere/salto.config").mkdir(parents=True)
    (tmp_path / "elsewhere/salto.config/config.nacl").write_text('salto {\n  telemetry = false\n}\n')
    check_silent(salto, "salto", salto.programs / "salto", "fetch", SALTO_HOME=tmp_path / "elsewhere", **salto.environment)


@pytest.mark.parametrize("telemetry", ["telemetry = false", "telemetry = {\n enabled = false\n }"])
def test_both_spellings_of_no_in_the_config(salto, telemetry):
    config(salto, telemetry)
    check_silent(salto, "salto", salto.programs / "salto", "fetch", **salto.environment)


def test_the_variable_goes_before_the_config(salto):
    check_silent(salto, "salto", salto.programs / "salto", "fetch", SALTO_TELEMETRY_DISABLE="1", **salto.environment)
    work(salto, words=("fetch",), SALTO_TELEMETRY_DISABLE="0")
    assert len(events(salto)) == 2


def test_a_build_without_an_address_sends_nothing(salto):
    check_silent(salto, "salto", salto.programs / "salto", "fetch", SALTO_TELEMETRY_TOKEN="dev")


def test_after_a_refusal_nothing_more_of_that_run(salto):
    salto.receiver.answer(400)
    work(salto, *[("apply_change", "x")] * 3)
    assert len(salto.requests()) == 1
    salto.receiver.answer(201)
    work(salto)
    assert len(salto.requests()) == 2


OPT_OUTS = {
    "config": lambda salto: config(salto, "telemetry = false"),
    "config, enabled": lambda salto: config(salto, "telemetry = {\n enabled = false\n }"),
    "bookend off": lambda salto: switch_off(salto, "salto"),
}


@pytest.mark.parametrize("opt_out", OPT_OUTS)
def test_a_no_during_a_run_is_heard(salto, opt_out):
    script = salto.work / "deeds"
    script.write_text("apply_change\tx\nwait\napply_change\tx\nreport_error\tx\n")
    check_silenced(salto, lambda: OPT_OUTS[opt_out](salto), "salto", salto.programs / "salto", "fetch", ready="apply_change",
                   go_on=go_on, SCRIPT=script, **salto.environment)
    assert not [event for event in events(salto) if event["name"].endswith((".success", ".errors"))]
