"""Hasura: the CLI, the server with a real PostgreSQL, and the console, by policy/examples/hasura.yaml."""

import json
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import pytest

import support
from system import EXPECTED, HERE, build_program, check_silent, check_uuid4, expected

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
    return [request.json() for request in system.requests()]


def test_a_command_is_what_hasura_expects(hasura):
    want = expected("hasura-cli")
    hasura.run("cli", "hasura", *want["argv"][1:])
    hasura.deliver()
    (request,) = hasura.requests()
    assert request.path == want["request"]["path"]
    body, data = request.json(), want["body"]["data"]
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
    subprocess.run([POSTGRES / "initdb", "-D", folder / "data", "-A", "trust", "-U", "postgres", "-N"], check=True,
                   stdout=subprocess.DEVNULL, cwd=folder, **as_postgres)
    server = subprocess.Popen([POSTGRES / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses=", "-F"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, start_new_session=True, **as_postgres)
    url = f"postgresql://postgres@/postgres?host={folder}"
    try:
        support.wait_until(lambda: support.run("psql", url, "-c", "select 1").returncode == 0, 20, "the database")
        support.run("psql", url, "-v", "ON_ERROR_STOP=1", "-f", HERE / "programs/hasura-catalog.sql", check=True)
        yield url
    finally:
        support.kill_group(server)
        shutil.rmtree(folder, ignore_errors=True)


def test_the_server_counts_what_is_tracked_and_names_nothing(hasura, database):
    want = expected("hasura-server")["body"]
    server = hasura.start("server", "graphql-engine", HASURA_GRAPHQL_DATABASE_URL=database, TRAVIS="true")
    hasura.deliver()
    hasura.stop(server)
    hasura.deliver()
    (request,) = hasura.requests()
    body = request.json()
    for uid in ("db_uid", "instance_uid"):
        check_uuid4(body["data"].pop(uid))
        del want["data"][uid]
    assert body == want
    assert not [name for name in SECRETS if name.encode() in request.body]


def test_a_database_keeps_its_id_and_an_instance_has_its_own(hasura, database):
    for _ in range(2):
        hasura.stop(hasura.start("server", "graphql-engine", HASURA_GRAPHQL_DATABASE_URL=database))
    hasura.stop(hasura.start("server", "graphql-engine", HASURA_GRAPHQL_DATABASE_URL="postgresql:///nosuch?host=/nonexistent"))
    hasura.deliver()
    data = [b["data"] for b in bodies(hasura)]  # in whatever order they arrived
    (lost,) = [d for d in data if "metrics" not in d]  # a probe that fails leaves the event without it
    assert len(data) == 3
    assert len({d["db_uid"] for d in data if d is not lost}) == 1 and lost["db_uid"] not in [d["db_uid"] for d in data if d is not lost]
    assert len({d["instance_uid"] for d in data}) == 3
    assert {d["ci"] for d in data} == {None}
    assert b"postgresql:" not in b"".join(r.body for r in hasura.requests())


def test_the_server_reports_again_after_its_period(hasura):
    hasura.policy.write_text(hasura.policy.read_text().replace("every: 24h", "every: 300ms"))
    support.run(support.Bookend.tool, "compile", hasura.policy, env=hasura.env, check=True)
    server = hasura.start("server", "graphql-engine")
    support.wait_until(lambda: hasura.deliver() is None and len(bodies(hasura)) >= 3, 20, "two more reports")
    hasura.stop(server)


@pytest.mark.parametrize("words, environment", [(["--enable-telemetry=false"], {}), ([], {"HASURA_GRAPHQL_ENABLE_TELEMETRY": "false"})])
def test_the_server_and_the_console_take_no_for_an_answer(hasura, words, environment):
    check_silent(hasura, "server", hasura.programs / "graphql-engine", "version", *words, **environment)
    if environment:
        check_silent(hasura, "console", hasura.programs / "hasura-console", **environment)


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
