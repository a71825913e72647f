"""`bookend document`: the page says what the policy does, is checked in for every example, and the schema fits what is recorded."""

import json

import pytest

import support

jsonschema = pytest.importorskip("jsonschema")

EXAMPLES = sorted((support.ROOT / "policy/examples").glob("*.yaml"))

POLICY = """bookend: 1
name: Acme
about: How long acme runs.
contact: privacy@example.com
values: { version: { env: ACME_VERSION, else: unknown } }
destinations:
  out: { format: ndjson, url: "file:/nonexistent/events.ndjson" }
defaults:
  properties: { version: "${version}", nested: { object: { a: 1 } } }
services:
  acme:
    about: The server
    match: { exe: [sh, dash] }
    sender: later
    consent: [ deny: { env: ACME_OFF, is: true }, allow: always ]
    to: [out]
    user: { env: ACME_USER }
    events:
      ended:
        about: When it ends
        when: { stop: [clean, failed] }
        if: { value: "${exit.duration_ms}", at_least: 0 }
        properties:
          how: ${exit.how}
          code: ${exit.code}
          verbose: { flag: --verbose }
          nested: { object: { b: { env: ACME_B, example: bee } } }
          version: { omit: always }
"""


@pytest.fixture
def document(run, bookend):
    def write(file, *words):
        done = run(bookend.tool, "document", *words, file)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return write


@pytest.fixture
def acme(tmp_path):
    file = tmp_path / "acme.yaml"
    file.write_text(POLICY)
    return file


def test_the_page_says_what_when_where_and_how_to_switch_it_off(document, acme):
    page = document(acme)
    for said in ("# Acme telemetry", "How long acme runs.", "privacy@example.com", "## acme", "### ended", "When it ends",
                 "the process ended: `[clean, failed]`", "| `how` | clean, failed, crashed or vanished |", "| `nested.b` |",
                 "`file:/nonexistent/events.ndjson`", "1. off when `{ env: ACME_OFF, is: true }`", "2. on when `always`",
                 "DO_NOT_TRACK=1", '"b": "bee"'):
        assert said in page, said
    assert "`version`" not in page  # it is omitted


STRICT = """bookend: 1
destinations:
  out:
    format: json
    url: https://telemetry.example.com/in
    headers: { X-Site: { env: ACME_SITE } }
    drop: [user, pid]
  file: { format: segment, url: "https://example.com/", key: k, each: { object: { more: { env: ACME_MORE } } } }
services:
  acme:
    to: out
    consent: [ allow: always ]
    measures:
      queries: { about: Queries that it made, call: query, count: calls }
      waited: { call: query, histogram: duration_ms }
    events:
      ended:
        when: stop
        properties:
          who: { value: "${host.machine_id}:${exit.code}", hash: sha256, about: Which machine }
          major: { value: "${exit.how}", cases: [ { is: clean, give: fine } ] }
          queries: ${measure.queries}
          queries_ever: ${measure.queries.total}
          waited: ${measure.waited.p99}
"""


def test_the_page_says_what_is_hashed_counted_and_left_to_each_destination(document, tmp_path):
    file = tmp_path / "strict.yaml"
    file.write_text(STRICT)
    page = document(file)
    for said in ("| `who` | Which machine; not the text, but a number that is always the same for it: `sha256` |",
                 "| `queries` | Queries that it made, since the event was last made |",
                 "| `queries_ever` | Queries that it made, since the process began |",
                 "| `waited` | the measure `waited`, a hundredth of the values are above it, since the event was last made |",
                 "in the format `json`, which also has the service's name, the kind of moment and the process's number. "
                 "It does not get: `[user, pid]`. With these headers: `{ X-Site: { env: ACME_SITE } }`.",
                 "in the format `segment`. An event is sent as `{ object: { more: { env: ACME_MORE } } }`."):
        assert said in page, said
    example = json.loads(page.split("```json\n")[1].split("```")[0])["properties"]
    assert len(example["who"]) == 64 and example["major"] == "..."


def test_every_example_in_the_page_is_json(document, acme):
    for file in [acme, *EXAMPLES]:
        page = document(file)
        blocks = [block.split("```")[0] for block in page.split("```json\n")[1:]]
        assert blocks
        for block in blocks:
            assert {"event", "properties"} <= set(json.loads(block))


def test_the_schema_fits_what_is_recorded_and_nothing_else(document, acme, run, bookend, env):
    schema = json.loads(document(acme, "--format", "json-schema"))
    run(bookend.tool, "run", "--policy", acme, "--", "sh", "-c", "exit 3", "--verbose", env={**env, "ACME_USER": "u", "ACME_B": "b"})
    events = support.json_lines(run(bookend.tool, "tail").stdout)
    assert [e["event"] for e in events] == ["ended"]
    jsonschema.validate(events[0], schema)
    for spoilt in ({**events[0], "more": 1}, {**events[0], "properties": {"how": "clean", "secret": "x"}}, {**events[0], "event": "other"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(spoilt, schema)


def test_openapi_has_a_schema_for_each_event(document, acme):
    whole = json.loads(document(acme, "--format", "openapi"))
    assert whole["openapi"].startswith("3.1")
    assert list(whole["components"]["schemas"]) == ["acme.ended"]


@pytest.mark.parametrize("policy", EXAMPLES, ids=lambda p: p.stem)
def test_the_page_of_each_example_is_the_one_that_is_checked_in(document, policy):
    kept = support.ROOT / "docs/examples" / f"{policy.stem}.md"
    assert kept.exists(), f"make pages writes {kept.name}"
    assert kept.read_text() == document(policy), f"{kept.name} is stale: make pages"


def test_a_policy_with_mistakes_is_not_documented(run, bookend, tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text("bookend: 1\nservices: {}\n")
    done = run(bookend.tool, "document", file)
    assert (done.returncode, done.stdout) == (1, "")
    assert "bad.yaml:2:" in done.stderr
    assert run(bookend.tool, "document", "--format", "html", file).returncode == 2
