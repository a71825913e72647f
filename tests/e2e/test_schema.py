"""`bookend check --schema`: a schema that takes what the compiler takes and refuses what no editor should let pass."""

import json
import re
import subprocess

import jsonschema
import pytest
import yaml

from support import ROOT, Bookend

POLICY = """
bookend: 1
destinations: { d: { format: json, url: "http://127.0.0.1/" } }
services:
  s:
    to: d
    consent: [ allow: always ]
    properties: { a: %s }
    events: { e: { when: %s } }
"""


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(subprocess.check_output([Bookend.tool, "check", "--schema"]))
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def problems(validator, text):
    return [error.message for error in validator.iter_errors(yaml.safe_load(text))]


def whole_policies():
    yield from sorted((ROOT / "policy/examples").glob("*.yaml"))


@pytest.mark.parametrize("path", whole_policies(), ids=lambda p: p.name)
def test_every_example_is_valid(validator, path):
    assert not problems(validator, path.read_text())


def test_every_whole_policy_of_the_reference_is_valid(validator):
    examples = re.findall(r"\n```yaml\n(bookend:.*?\n)```\n", (ROOT / "docs/policy.md").read_text(), re.S)
    assert len(examples) >= 4
    for example in examples:
        assert not problems(validator, example), example


@pytest.mark.parametrize("source, when", [
    ("1", "start"),
    ("'x ${os.name}'", "[start, stop]"),
    ("{ env: A, matches: x }", "start"),
    ("{ env: A, cases: [ { matches: [a, b], give: { env: B } } ], else: null }", "{ stop: [clean, failed] }"),
    ("{ env: A, replace: { matches: a, give: b }, split: ',', omit: [empty] }", "[{ command: any, phase: start }]"),
    ("{ object: { b: { omit: always } } }", "start"),
])
def test_what_the_compiler_takes_is_valid(validator, source, when):
    assert not problems(validator, POLICY % (source, when))


@pytest.mark.parametrize("source, when", [
    ("{ envv: A }", "start"),
    ("{ env: A, onof: [x] }", "start"),
    ("[a]", "start"),
    ("{ env: A, cases: [ { is: a, giv: b } ] }", "start"),
    ("1", "{ strat: any }"),
    ("1", "[{ stop: clean, hwo: x }]"),
    ("{ env: [A] }", "start"),
    ("{ object: { b: { env: A, elsse: 1 } } }", "start"),
])
def test_a_misspelt_key_is_not(validator, source, when):
    assert problems(validator, POLICY % (source, when))


def test_a_policy_without_services_or_of_another_version_is_not_valid(validator):
    assert problems(validator, "bookend: 1\ndestinations: {}\n")
    assert problems(validator, "bookend: 2\ndestinations: {}\nservices: {}\n")
