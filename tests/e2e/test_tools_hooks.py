"""`bookend doctor --hooks`: of each symbol where it is defined, what was diverted where, or why nothing was."""

import json
import os

POLICY = """bookend: 1
destinations: { out: { format: ndjson, url: "file:/nonexistent/events.ndjson" } }
services:
  app:
    match: { exe: ls }
    sender: later
    consent: [ allow: always ]
    to: [out]
    measures:
      opens: { call: [opendir, wordexp, no_such_function], count: calls }
    events:
      ended: { when: stop, properties: { n: "${measure.opens}" } }
      opened: { when: { call: opendir } }
"""


def test_what_became_of_each_symbol(run, bookend, env, policy):
    file = policy(POLICY)
    done = run(bookend.tool, "doctor", "--hooks", "--json", "--", "ls", "/", env={**env, "BOOKEND_SERVICE": "app", "BOOKEND_POLICY": str(file)})
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["hooks"]
    # What the library hooks for itself is no answer to the question.
    assert {row["symbol"].split("@")[0] for row in rows} == {"opendir", "wordexp", "no_such_function"}
    outcome = {(row["symbol"].split("@")[0], row["outcome"].split(":")[0]): row for row in rows}
    assert outcome["opendir", "diverted"]["slots"] >= 1
    assert outcome["opendir", "defined"]["object"].endswith("libc.so.6")
    assert outcome["no_such_function", "nothing diverted"]["slots"] == 0
    assert "static, or not there" in outcome["no_such_function", "nothing diverted"]["outcome"]
    assert outcome["wordexp", "defined"]["object"].endswith("libc.so.6")  # which ls does not import
    assert "inside the object that defines it" in outcome["wordexp", "nothing diverted"]["outcome"]
    assert "etc" in done.stderr  # the command's own output


def test_a_command_that_hooks_nothing_is_told_so(run, bookend, env, policy):
    file = policy(POLICY)
    done = run(bookend.tool, "doctor", "--hooks", "--", "true", env={**env, "BOOKEND_SERVICE": "app", "BOOKEND_POLICY": str(file)})
    assert (done.returncode, done.stdout) == (1, "")
    assert "hooks nothing" in done.stderr
    assert run(bookend.tool, "doctor", "--hooks", str(os.getpid())).returncode == 2
