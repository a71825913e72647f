"""Hasura: the CLI, the server with a real PostgreSQL, and the console, by policy/examples/hasura.yaml."""

import json
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import types

import pytest

import support
from system import (EXPECTED, HERE, build_program, check_request, check_silent, check_silent_server, check_silenced, check_uuid4, expected,
                    go_on, switch_off)

POSTGRES = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
SECRETS = ("customer_orders", "acme_private", "secret_fn", "very_private_role")


@pytest.fixture
def hasura(system):
    """The CLI's home with its id; the program says its version."""
    made = system("hasura", replace={"/usr/share/hasura/metrics.sql": support.ROOT / "policy/examples/hasura-metrics.sql"})
    (made.home / ".hasura").mkdir()
    (made.home / ".hasura/config.json").write_text('{"uuid": "e462ce20-42dd-40fd-9549-edfb92f80455", "enable_telemetry": true}')
    made.cli = made.programs / "hasura"
    return made


def config(hasura, **members):
    path = hasura.home / ".hasura/config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **members}))


def bodies(system):
    for request in system.requests():
        check_request(request, {**expected("hasura-cli")["request"], "headers": {"content-type": "application/json"}})
        assert set(request.json()) == {"topic", "data"}
    return [request.json() for request in system.requests()]


def test_a_command_is_what_hasura_expects(hasura):
    want = expected("hasura-cli")
    hasura.run("cli", "hasura", *want["argv"][1:])
    hasura.deliver()
    (request,) = hasura.requests()
    (body,), data = bodies(hasura), want["body"]["data"]
    check_uuid4(body["data"].pop("execution_id"))
    del data["execution_id"]
    data["uuid"] = "e462ce20-42dd-40fd-9549-edfb92f80455"
    assert body == {"topic": "cli", "data": data}
    assert b"secret" not in request.body and b"DEBUG" not in request.body


def test_a_failing_and_an_unknown_command(hasura):
    (hasura.work / "deeds").write_text("exit\t3\n")
    hasura.run("cli", "hasura", "migrate", "apply", SCRIPT=hasura.work / "deeds", status=3)
    hasura.run("cli", "hasura", "frobnicate", "--admin-secret", "hunter2")
    hasura.deliver()
    first, second = (b["data"] for b in bodies(hasura))
    assert {(d["command"], d["is_error"]) for d in (first, second)} == {("hasura migrate apply", True), ("other", False)}
    assert first["execution_id"] != second["execution_id"] and first["uuid"] == second["uuid"]
    assert b"hunter2" not in b"".join(r.body for r in hasura.requests())


def test_a_report_has_one_try(hasura):
    hasura.receiver.answer(503, 200)
    hasura.run("cli", "hasura", "init")
    support.flush(hasura.env)
    assert len(bodies(hasura)) == 1


def test_a_version_that_is_none_is_another_topic(hasura, tmp_path):
    shutil.copy(hasura.programs / "libwork.so", tmp_path)
    build_program(tmp_path, "hasura", "worker.c", "dev-build")
    hasura.run("cli", tmp_path / "hasura", "init")
    hasura.deliver()
    assert bodies(hasura)[0]["topic"] == "cli_test"


def test_the_engine_it_talks_to_is_known_by_its_answer(hasura):
    hasura.receiver.answer(lambda r: {"status": 200, "body": {"uuid": "a4d66fb2-f88d-457b-8db1-ea7a0b57921d", "version": "v1.0.0-alpha36"}})
    hasura.run("cli", "hasura", "--endpoint", hasura.receiver.url, "metadata", "apply")
    hasura.deliver()
    data = bodies(hasura)[0]["data"]
    assert (data["server_uuid"], data["server_version"]) == ("a4d66fb2-f88d-457b-8db1-ea7a0b57921d", "v1.0.0-alpha36")


@pytest.mark.parametrize("value", ["false", "0", "f", "F", "FALSE", "False", "perhaps"])
def test_each_spelling_of_no_in_the_environment(hasura, value):
    check_silent(hasura, "cli", hasura.cli, "init", HASURA_GRAPHQL_ENABLE_TELEMETRY=value)


def test_the_file_says_no_and_the_environment_overrules_it(hasura):
    config(hasura, enable_telemetry=False)
    check_silent(hasura, "cli", hasura.cli, "init")
    hasura.run("cli", "hasura", "init", HASURA_GRAPHQL_ENABLE_TELEMETRY="true")
    hasura.deliver()
    assert len(bodies(hasura)) == 1


@pytest.fixture
def database():
    """A PostgreSQL of our own on a socket, with a catalog such as the engine keeps."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bookend-postgres-"))
    folder.chmod(0o755)
    as_postgres = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_postgres = {"user": user.pw_uid, "group": user.pw_gid, "env": {"PATH": support.PATH, "LANG": "C.UTF-8"}}
    initdb = [POSTGRES / "initdb", "-D", folder / "data", "--auth-local=trust", "--auth-host=scram-sha-256", "-U", "postgres", "-N"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_postgres)
    port = support.free_port()
    server = subprocess.Popen([POSTGRES / "postgres", "-D", folder / "data", "-k", folder, "-h", "127.0.0.1", "-p", str(port), "-F"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, start_new_session=True, **as_postgres)
    url = f"postgresql://postgres@/postgres?host={folder}&port={port}"
    try:
        support.wait_until(lambda: support.run("psql", url, "-c", "select 1").returncode == 0, 20, "the database")
        support.run("psql", url, "-v", "ON_ERROR_STOP=1", "-f", HERE / "programs/hasura-catalog.sql", check=True)
        yield types.SimpleNamespace(local=f"postgresql://postgres@/postgres?host={folder}&port={port}", administrator=url,
                                    remote=f"postgres://an%40engine:p%40ss%3Aw%2Ford@127.0.0.1:{port}/postgres?sslmode=prefer")
    finally:
        support.kill_group(server)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("way", ["local", "remote"])
def test_the_server_counts_what_is_tracked_and_names_nothing(hasura, database, way):
    want = expected("hasura-server")["body"]
    server = hasura.start("server", "graphql-engine", HASURA_GRAPHQL_DATABASE_URL=getattr(database, way), TRAVIS="true")
    hasura.deliver()
    hasura.stop(server)
    hasura.deliver()
    (request,), (body,) = hasura.requests(), bodies(hasura)
    for uid in ("db_uid", "instance_uid"):
        check_uuid4(body["data"].pop(uid))
        del want["data"][uid]
    assert body == want
    assert not [name for name in (*SECRETS, "engine:", "p@ss", "p%40ss", "127.0.0.1") if name.encode() in request.body]


def test_a_database_that_must_be_asked_in_secret_is(hasura, database):
    url = database.remote.replace("sslmode=prefer", "sslmode=require")
    hasura.stop(hasura.start("server", "graphql-engine", HASURA_GRAPHQL_DATABASE_URL=url))
    hasura.deliver()
    (body,) = bodies(hasura)
    assert "metrics" not in body["data"]  # this one has no TLS, and gets no password


def test_a_database_keeps_its_id_and_an_instance_has_its_own(hasura, database):
    for _ in range(2):
        hasura.stop(hasura.start("server", "graphql-engine", HASURA_GRAPHQL_DATABASE_URL=database.local))
    hasura.stop(hasura.start("server", "graphql-engine", HASURA_GRAPHQL_DATABASE_URL="postgresql:///nosuch?host=/nonexistent"))
    hasura.deliver()
    data = [b["data"] for b in bodies(hasura)]  # in whatever order they arrived
    (lost,) = [d for d in data if "metrics" not in d]  # a probe that fails leaves the event without it
    assert len(data) == 3
    assert len({d["db_uid"] for d in data if d is not lost}) == 1 and lost["db_uid"] not in [d["db_uid"] for d in data if d is not lost]
    assert len({d["instance_uid"] for d in data}) == 3
    assert {d["ci"] for d in data} == {None}
    assert b"postgresql:" not in b"".join(r.body for r in hasura.requests())


@pytest.mark.parametrize("environment, name", [({"CI": "true"}, "UNKNOWN_VENDOR"), ({"GITLAB_CI": "true", "CI": "true"}, "GITLAB"), ({}, None)])
def test_the_server_tells_the_ci_system(hasura, environment, name):
    hasura.stop(hasura.start("server", "graphql-engine", **environment))
    hasura.deliver()
    (body,) = bodies(hasura)
    assert body["data"]["ci"] == name and "metrics" not in body["data"]  # there is no database to ask


def test_the_server_reports_again_after_its_period(hasura):
    hasura.compile("every: 24h", "every: 300ms")
    server = hasura.start("server", "graphql-engine")
    support.wait_until(lambda: hasura.deliver() is None and len(bodies(hasura)) >= 3, 20, "two more reports")
    hasura.stop(server)


NO = [(["--enable-telemetry=false"], {}), ([], {"HASURA_GRAPHQL_ENABLE_TELEMETRY": "false"})]


@pytest.mark.parametrize("words, environment", NO)
def test_the_server_and_its_console_take_no_for_an_answer(hasura, words, environment):
    check_silent_server(hasura, "server", hasura.programs / "graphql-engine", *words, **environment)
    (hasura.work / "deeds").write_text("route_changed\t/api-explorer\tModifyTable/RESET\n")
    check_silent(hasura, "console", hasura.programs / "hasura-console", *words, SCRIPT=hasura.work / "deeds", **environment)


def test_the_console_that_the_cli_serves_takes_the_no_of_the_cli(hasura):
    (hasura.work / "deeds").write_text("route_changed\t/api-explorer\tModifyTable/RESET\n")
    config(hasura, enable_telemetry=False)
    check_silent(hasura, "console", hasura.programs / "hasura-console", "--mode", "cli", SCRIPT=hasura.work / "deeds")
    hasura.run("console", "hasura-console", "--mode", "cli", SCRIPT=hasura.work / "deeds", HASURA_GRAPHQL_ENABLE_TELEMETRY="true")
    hasura.deliver()
    assert len(bodies(hasura)) == 1  # the environment goes before the file


OPT_OUTS = {"config": lambda hasura, service: config(hasura, enable_telemetry=False), "bookend off": switch_off}


@pytest.mark.parametrize("opt_out", OPT_OUTS)
@pytest.mark.parametrize("service, program", [("cli", "hasura"), ("console", "hasura-console")])
def test_a_no_during_a_command_is_heard(hasura, opt_out, service, program):
    (hasura.work / "deeds").write_text("create_ci_pipeline\t1\nwait\nroute_changed\t/api-explorer\tModifyTable/RESET\n")
    check_silenced(hasura, lambda: OPT_OUTS[opt_out](hasura, service), service, hasura.programs / program, "migrate", "apply",
                   ready="create_ci_pipeline", go_on=go_on, SCRIPT=hasura.work / "deeds")
    assert hasura.requests() == []


def test_a_running_server_is_switched_off(hasura):
    hasura.compile("every: 24h", "every: 300ms")

    def deny():
        support.wait_until(lambda: hasura.deliver() is None and len(bodies(hasura)) >= 2, 20, "reports while they are allowed")
        switch_off(hasura, "server")
        for _ in range(2):  # what was under way when the no came is at its end
            hasura.deliver()

    check_silenced(hasura, deny, "server", hasura.programs / "graphql-engine", go_on=hasura.stop)


def console(hasura, *deeds, words=("--mode", "server")):
    script_file = hasura.work / "deeds"
    script_file.write_text("".join("\t".join(("route_changed", *deed)) + "\n" for deed in deeds))
    hasura.run("console", "hasura-console", *words, SCRIPT=script_file)
    hasura.deliver()
    return [b["data"] for b in bodies(hasura)]


def test_the_console_tells_actions_and_routes_without_names(hasura):
    hasura.receiver.answer(lambda r: {"status": 200, "body": {"uuid": "79485a57-fca5-40f3-a31b-78c0d211314b", "version": "v1.0.0-alpha36"}})
    want = expected("hasura-console")["body"]
    (data,) = console(hasura, ("/data/schema/public/tables/users/modify", "ModifyTable/RESET"),
                      words=("--mode", "server", "--endpoint", hasura.receiver.url))
    assert data == want["data"]
    assert bodies(hasura)[0]["topic"] == "console"


def test_the_console_of_the_cli_tells_the_id_of_the_cli(hasura):
    (data,) = console(hasura, ("/api-explorer", "ModifyTable/RESET"), words=("--mode=cli", "--cli-uuid=e462ce20-42dd-40fd-9549-edfb92f80455"))
    assert data == {"event_type": "ModifyTable/RESET", "url": "/api-explorer", "console_mode": "cli", "server_uuid": None,
                    "server_version": None, "cli_uuid": "e462ce20-42dd-40fd-9549-edfb92f80455"}


def test_each_route_is_anonymised(hasura):
    cases = [json.loads(line) for line in (EXPECTED / "hasura-route-anonymise.jsonl").read_text().splitlines()]
    cases += [{"in": "/data/schema/acme_private/tables/customer-orders/modify?token=x", "out": "/data/schema/SCHEMA_NAME/tables/TABLE_NAME/modify"},
              {"in": "/who/knows/customer_orders", "out": "other"}]
    got = console(hasura, *((case["in"], "ModifyTable/RESET") for case in cases))
    assert [data["url"] for data in got] == [case["out"] for case in cases]
    assert not [name for name in SECRETS if name.encode() in b"".join(r.body for r in hasura.requests())]


def test_actions_of_requests_are_dropped_and_payloads_never_told(hasura):
    got = console(hasura, ("/api-explorer", "App/ONGOING_REQUEST"), ("/api-explorer", "RNS_SHOW"),
                  ("/api-explorer", "ModifyTable/RESET {secret}"), ("/api-explorer", "App/DONE_REQUEST"))
    assert [data["event_type"] for data in got] == ["other"]
