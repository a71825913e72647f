"""bookend report: a table that people can read, JSON that programs can, from the database or from a file."""

import json

import pytest

import posting
from posting import lines, native


def at(second, session, event, kind, service="app", **properties):
    return {"id": f"{session}-{event}-{second}", "time": f"2026-11-21T10:00:{second:09.6f}Z", "service": service, "event": event,
            "kind": kind, "session": session, "pid": 7, "properties": properties}


EVENTS = [
    at(0, "a", "start", "start", exe="/usr/bin/redis-server"),
    at(3.4, "a", "stop", "stop", how="clean", reason="exit", code=0, after_signal=15, duration_ms=3400),
    at(1, "b", "git_ran", "command", "git", command="git log", how="failed", code=3, duration_ms=12),
    at(2, "c", "start", "start", exe="/usr/bin/python3"),
    at(2.5, "c", "stop", "stop", how="crashed", reason="signal", signal="SIGKILL", duration_ms=7_500_000),
    at(4, "d", "start", "start"),
    at(5, "e", "stop", "stop", how="vanished", reason="vanished"),
    at(5, "a", "memory", "interval"),
]

TABLE = """\
SERVICE  WHAT                   STARTED                   LASTED  ENDED
app      /usr/bin/redis-server  2026-11-21 12:00:00        3.4 s  exit 0 after SIGTERM
git      git log                2026-11-21 12:00:00        12 ms  failed (exit 3)
app      /usr/bin/python3       2026-11-21 12:00:02  2 h 5 min  killed by SIGKILL
app      start                  2026-11-21 12:00:04          -  running or unknown
app      stop                   2026-11-21 12:00:05          -  vanished

SERVICE  LIFECYCLES  FAILED  CRASHED  MEDIAN       95TH
app               4       0        1   3.4 s  2 h 5 min
git               1       1        0   12 ms      12 ms
"""


@pytest.fixture
def report(bookend, run, env):
    def go(*words, **more):
        return run(bookend.collector, "report", *words, env={**env, "TZ": "EET-2"}, **more)
    return go


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "events.ndjson"
    path.write_text(lines(*EVENTS))
    return path


def squeezed(text):
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_file_becomes_a_table_with_a_summary(report, file):
    done = report("--file", file)
    assert (done.returncode, done.stderr) == (0, "")
    assert squeezed(done.stdout) == squeezed(TABLE)
    header, *rows = done.stdout.split("\n\n")[0].splitlines()
    assert {row.index("2026-11-21") for row in rows} == {header.index("STARTED")}


def test_the_database_gives_the_same_as_a_file_also_while_the_collector_runs(report, file, collector):
    assert posting.Client(collector).post("/v1/ndjson", file.read_bytes()).status == 200
    from_file = report("--file", file).stdout
    assert report("--db", collector.database).stdout == from_file
    assert collector.stop() == 0
    assert report("--db", collector.database).stdout == from_file


def test_json_holds_the_same_for_programs(report, file):
    whole = json.loads(report("--file", file, "--json").stdout)
    first, second = whole["lifecycles"][:2]
    assert first == {
        "service": "app", "session": "a", "what": "/usr/bin/redis-server", "pid": 7, "started": "2026-11-21T10:00:00.000000Z",
        "lasted_us": 3400000, "ended": "exit 0 after SIGTERM", "how": "clean", "code": 0, "after_signal": "SIGTERM",
        "start_seen": True, "stop_seen": True}
    assert (second["what"], second["how"], second["code"]) == ("git log", "failed", 3)
    assert [row["how"] for row in whole["lifecycles"]] == ["clean", "failed", "crashed", "open", "vanished"]
    assert whole["services"][1] == {
        "service": "git", "lifecycles": 1, "failed": 1, "crashed": 0, "median_us": 12000, "p95_us": 12000}


def test_service_and_since_choose(report, file, tmp_path):
    assert squeezed(report("--file", file, "--service", "git").stdout)[1] == "git git log 2026-11-21 12:00:00 12 ms failed (exit 3)"
    assert report("--file", file, "--service", "nobody").stdout == "no lifecycles\n"
    assert len(report("--file", file, "--since", "36500d").stdout.splitlines()) == len(TABLE.splitlines())
    old = tmp_path / "old.ndjson"
    old.write_text(lines(native(1, time="2001-01-01T00:00:00Z"), native(2, time=None)))
    assert len(json.loads(report("--file", old, "--since", "1h", "--json").stdout)["lifecycles"]) == 1


def test_the_table_is_never_wider_than_100_columns_and_commands_no_terminal(report, tmp_path):
    path = tmp_path / "wide.ndjson"
    path.write_text(lines(
        at(0, "a", "start", "start", "s" * 200, exe="/very/long/" + "päth/" * 60),
        at(1, "b", "start", "start", "evil\x1b[2J\n\u009b1m", exe="\r\x07")))
    text = report("--file", path).stdout
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "…" in text and "evil?[2J?" in text
    assert not any(ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160 for c in text)


def test_a_bad_line_is_named(report, tmp_path):
    path = tmp_path / "bad.ndjson"
    path.write_text(lines(native(1)) + "\n" + '{"event": oops}\n')
    done = report("--file", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{path}:3:14: not JSON: ")
    path.write_text(lines(native(1), {"event": "a", "time": "yesterday"}))
    assert report("--file", path).stderr.startswith(f"{path}:2:1: time: must be a time such as")


@pytest.mark.parametrize("words, status", [
    (["--db", "/nonexistent/events.db"], 1), (["--file", "/nonexistent"], 1), (["--file", "/"], 1), (["--since", "soon"], 2),
    (["--since", "-1h"], 2), (["--db", "a", "--file", "b"], 2), (["extra"], 2), (["--unknown"], 2), ([], 1)])
def test_what_cannot_be_read_is_said(report, words, status):
    done = report(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert "bookend report" in done.stderr


def test_a_database_of_something_else_is_refused_and_left_as_it_is(report, tmp_path):
    path = tmp_path / "other.db"
    path.write_bytes(b"")
    done = report("--db", path)
    assert done.returncode == 1 and "it is not a collector's database" in done.stderr
    assert path.read_bytes() == b""


def test_a_report_that_cannot_be_written_fails(report, file):
    with open("/dev/full", "w") as full:
        done = report("--file", file, stdout=full)
    assert done.returncode == 1 and "cannot write" in done.stderr


def test_help_is_given(report, run, bookend):
    assert "usage: bookend report" in report("--help").stdout
    assert "--port-file" in run(bookend.collector, "collect", "--help").stdout
