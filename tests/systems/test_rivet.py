"""Rivet: bolt and the beacon, by policy/examples/rivet.yaml, against what PostHog should get."""

import json
import shutil
import subprocess

import pytest

import support
from system import check_silent, check_silent_server, check_silenced, check_time, check_uuid4, expected, go_on, script, switch_off

ROWS = {
    "teams": '[{"team_id":"T1","display_name":"Team 1","create_ts":1700000000000}]',
    "members": '[{"team_id":"T1","member_count":3}]',
    "games": '[{"game_id":"G1","team_id":"T1","name_id":"g-1","display_name":"Game 1","create_ts":1700000000001,"url":"https://g"}]',
    "namespaces": '[{"namespace_id":"N1","game_id":"G1","team_id":"T1","name_id":"prod","display_name":"Prod",'
                  '"create_ts":1700000000002,"version_id":"V1","player_count":7}]',
    "versions": '[{"version_id":"V1","create_ts":1,"display_name":"0.1.0","secret":"s",'
                '"config":{"matchmaker":{"a":1},"kv":{},"identity":{}}}]',
}

DAILY = "every: 24h, at: 00:00 UTC, per: installation"


def git(folder, *words):
    support.run("git", "-C", folder, "-c", "user.name=n", "-c", "user.email=e@example.com", *words, check=True)


@pytest.fixture
def rivet(system):
    """A Rivet checkout: its configuration, a repository with a remote, and the tools that bolt runs."""
    made = system("rivet")
    (made.work / "namespaces").mkdir()
    (made.work / "Bolt.local.toml").write_text('namespace = "dev"\n')
    (made.work / "Bolt.toml").write_text("[services.api-auth]\nx = 1\n[services.api-cf]\n")
    (made.work / "namespaces/dev.toml").write_text(
        '[cluster]\nid = "CID"\n[rivet.telemetry]\ndisable = false\n[s3]\nkey = "AKIASECRET"\n')
    git(made.work, "init", "-q")
    git(made.work, "remote", "add", "origin", "https://x/y.git")
    git(made.work, "commit", "-q", "--allow-empty", "-m", "c")
    for name in ("terraform", "salt"):
        script(made.bin / name, "exit 0")
    script(made.work / "beacon-rows", "case $1 in\n" + "".join(f"{k}) echo '{v}' ;;\n" for k, v in ROWS.items()) + "esac")
    return made


def bodies(system):
    return [request.json() for request in system.requests()]


def test_terraform_apply_is_what_posthog_expects(rivet):
    rivet.run("bolt", "bolt", "terraform", "apply", "dns", RUNS="terraform apply dns")
    rivet.deliver()
    (request,) = rivet.requests()
    assert (request.method, request.path, request.headers["content-type"]) == ("POST", "/capture/", "application/json")
    body, want = request.json(), expected("rivet-bolt_terraform_apply")["body"]
    uname = subprocess.run(["uname", "-a"], capture_output=True, text=True, check=True).stdout.strip()
    rev = support.run("git", "-C", rivet.work, "rev-parse", "HEAD").stdout.strip()
    check_time(body.pop("timestamp"))
    check_uuid4(body.pop("uuid"))
    bolt = body["properties"]["$set"]["bolt"]
    assert bolt.pop("uname") == uname
    assert bolt.pop("git_rev") == rev
    release = bolt.pop("os_release")
    assert release["ID"] == "debian" and release["VERSION_ID"].startswith('"')
    del want["timestamp"]
    for name in ("uname", "git_rev", "os_release"):
        del want["properties"]["$set"]["bolt"][name]
    assert body == want
    assert b"AKIASECRET" not in request.body


@pytest.mark.parametrize("command, runs, events", [
    (["init"], "terraform apply dns;salt app sls a,b", ["bolt_config_generate", "bolt_salt_apply", "bolt_terraform_apply", "bolt_up"]),
    (["config", "generate"], "", ["bolt_config_generate"]),
    (["infra", "up"], "terraform apply dns;salt app sls a,b", ["bolt_salt_apply", "bolt_terraform_apply", "bolt_up"]),
    (["terraform", "destroy", "dns"], "terraform destroy dns", ["bolt_terraform_destroy"]),
    (["infra", "destroy"], "terraform destroy dns;terraform destroy k8s", ["bolt_terraform_destroy", "bolt_terraform_destroy"]),
    (["salt", "apply"], "salt app sls a,b", ["bolt_salt_apply"]),
    (["up", "api"], "", ["bolt_up"]),
    (["secrets", "show"], "terraform apply dns", []),
])
def test_each_command_makes_its_events(rivet, command, runs, events):
    rivet.run("bolt", "bolt", *command, RUNS=runs)
    rivet.deliver()
    got = bodies(rivet)
    assert sorted(b["event"] for b in got) == events
    for body in got:
        assert body["distinct_id"] == "cluster:dev:CID" and body["properties"]["$groups"] == {"cluster_id": "CID"}
        assert set(body["properties"]["$set"]) == {"ns_id", "cluster_id", "ns_config", "bolt"}
        assert set(body["properties"]["$set"]["bolt"]) == {"git_rev", "git_remotes", "os_release", "uname", "services"}
        properties = {k: v for k, v in body["properties"].items() if not k.startswith("$")}
        assert properties == {
            "bolt_config_generate": {"ns_id": "dev"},
            "bolt_salt_apply": {"filter": "app", "sls": ["a", "b"]},
            "bolt_up": {},
        }.get(body["event"], {"plan_id": properties.get("plan_id")})
        assert properties.get("plan_id") in (None, "dns", "k8s")


def test_without_git_the_facts_are_null_and_the_event_still_goes(rivet):
    shutil.rmtree(rivet.work / ".git")
    (rivet.work / ".git").write_text("gitdir: /nonexistent\n")  # and none further up either
    rivet.run("bolt", "bolt", "up")
    rivet.deliver()
    bolt = bodies(rivet)[0]["properties"]["$set"]["bolt"]
    assert (bolt["git_rev"], bolt["git_remotes"]) == (None, None)


def test_the_beacon_is_what_posthog_expects(rivet):
    rivet.compile(DAILY, "every: 1s, per: installation")
    beacon = rivet.start("beacon", "telemetry-beacon")
    support.wait_until(lambda: rivet.deliver() is None and sum(len(b["batch"]) for b in bodies(rivet)) >= 4, 30, "a beacon")
    rivet.stop(beacon)
    rivet.deliver()
    events = [event for body in bodies(rivet) for event in body["batch"]]
    assert {request.path for request in rivet.requests()} == {"/batch/"}
    assert {body["api_key"] for body in bodies(rivet)} == {"phc_TEST"}
    for want in expected("rivet-beacon")["body"]["batch"]:
        got = next(event for event in events if event["event"] == want["event"])
        check_time(got.pop("timestamp"))
        check_uuid4(got.pop("uuid"))
        assert got == want


def test_a_large_cluster_is_told_in_batches_of_64(rivet):
    teams = json.dumps([{"team_id": f"T{i}", "display_name": f"Team {i}", "create_ts": i} for i in range(150)])
    script(rivet.work / "beacon-rows", f"case $1 in teams) echo '{teams}' ;; *) echo '[]' ;; esac")
    rivet.compile(DAILY, "every: 1s, per: installation")
    beacon = rivet.start("beacon", "telemetry-beacon")
    told = lambda: [e for b in bodies(rivet) for e in b["batch"] if e["event"] == "team_beacon"]  # noqa: E731
    support.wait_until(lambda: rivet.deliver() is None and len(told()) >= 150, 30, "a beacon")
    rivet.stop(beacon)
    assert {e["properties"]["$set"]["team_id"] for e in told()} == {f"T{i}" for i in range(150)}
    assert {e["properties"]["$set"]["member_count"] for e in told()} == {0}  # none of them has a row
    assert max(len(b["batch"]) for b in bodies(rivet)) == 64


def disable(rivet):
    (rivet.work / "namespaces/dev.toml").write_text('[cluster]\nid = "CID"\n[rivet.telemetry]\ndisable = true\n')


def test_the_config_switches_it_off_before_anything_is_recorded(rivet):
    disable(rivet)
    check_silent(rivet, "bolt", rivet.programs / "bolt", "up", RUNS="terraform apply dns")
    check_silent_server(rivet, "beacon", rivet.programs / "telemetry-beacon")


OPT_OUTS = {"config": lambda rivet, service: disable(rivet), "bookend off": switch_off}


@pytest.mark.parametrize("opt_out", OPT_OUTS)
def test_a_no_switches_a_running_beacon_off(rivet, opt_out):
    rivet.compile(DAILY, "every: 300ms")

    def deny():
        support.wait_until(lambda: rivet.requests(), 20, "a beacon while it is allowed")
        OPT_OUTS[opt_out](rivet, "beacon")
        for _ in range(2):  # what was under way when the no came is at its end
            rivet.deliver()

    def run_on(beacon):
        for _ in range(3):
            rivet.deliver()
        rivet.stop(beacon)

    check_silenced(rivet, deny, "beacon", rivet.programs / "telemetry-beacon", go_on=run_on)


@pytest.mark.parametrize("opt_out", OPT_OUTS)
def test_a_no_during_a_command_is_heard(rivet, opt_out):
    script(rivet.bin / "terraform", "echo ready; read line")
    check_silenced(rivet, lambda: OPT_OUTS[opt_out](rivet, "bolt"), "bolt", rivet.programs / "bolt", "terraform", "apply", "dns",
                   go_on=go_on, RUNS="terraform apply dns;salt app sls a,b")
    assert rivet.requests() == []


def test_the_variable_switches_the_beacon_off(rivet):
    check_silent_server(rivet, "beacon", rivet.programs / "telemetry-beacon", RIVET_TELEMETRY_DISABLE="1")
    rivet.run("beacon", "telemetry-beacon", "--version", RIVET_TELEMETRY_DISABLE="0")
    assert rivet.recorded() == 1


def test_a_namespace_from_the_environment_goes_before_the_file(rivet):
    (rivet.work / "namespaces/other.toml").write_text('[cluster]\nid = "O"\n')
    rivet.run("bolt", "bolt", "up", RIVET_NAMESPACE="other")
    rivet.deliver()
    assert bodies(rivet)[0]["distinct_id"] == "cluster:other:O"
