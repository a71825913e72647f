"""A policy that is too much: little time, little memory, and one clear finding with its place; never a crash."""

import json
import os
import resource

import pytest

import support

HEAD = """bookend: 1
destinations: { d: { format: ndjson, url: "file:/nonexistent/x" } }
services:
  s:
    to: d
    consent: [ allow: always ]
    events: { e: { when: start } }
"""
SECONDS = 10  # of CPU: each takes well below one
MEMORY = 512 << 20


def limited():
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


@pytest.fixture
def findings(tmp_path, bookend):
    """What check says of these bytes: the lines that name the file."""
    def check(policy, ok=False):
        file = tmp_path / "p.yaml"
        if policy is not None:
            file.write_bytes(policy if isinstance(policy, bytes) else policy.encode())
        done = support.run(bookend.tool, "check", file, preexec_fn=limited, cwd=tmp_path, env=support.environment())
        assert done.returncode == (0 if ok else 1), done.stderr
        assert done.stdout == "" and len(done.stderr) < 20000
        return [line.removeprefix(f"{file}:") for line in done.stderr.splitlines() if line.startswith(str(file))]
    return check


def aliases(levels):
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("policy, said", [
    (b"a" * (10 << 20), " a policy has at most 1 MiB; this one has 10485760 bytes"),
    (b"", " the policy is empty: it begins with `bookend: 1`"),
    (b"\xff\xfeb\0o\0o\0k\0", "1:1: this is not UTF-8: save the policy as UTF-8"),
    (HEAD.encode() + b"name: \"a\xc3\"\n", "8:10: this is not UTF-8: save the policy as UTF-8"),
    (HEAD.encode() + b"# \xed\xa0\x80\n", "8:3: this is not UTF-8: save the policy as UTF-8"),
    (HEAD.encode() + b"na\0me: x\n", "8:3: a control character: write it as an escape in \"quotes\""),
    (HEAD + "x: " + "[" * 100_000, "8:35: nested deeper than 32 levels"),
    (HEAD + "x: " + "{a: " * 100_000, "8:128: nested deeper than 32 levels"),
    (HEAD + "x:\n" + "".join("  " * i + "- a:\n" for i in range(400)), "nested deeper than 32 levels"),
    (HEAD + "values:\n" + "  v: { env: A, extract: '%s' }\n" % ("(" * 3000), "the pattern '" + "(" * 80),
    (HEAD + "values:\n  v: { env: A, extract: '(a{1000}){1000}' }\n",
     "9:25: the pattern '(a{1000}){1000}' is too large: its repetitions written out have more than 500 steps"),
    (HEAD + "values:\n  v: { env: A, extract: '((((a{9}){9}){9}){9}){9}' }\n", "is too large"),
    (HEAD + "values:\n  v: { env: A, extract: '%s' }\n" % ("x" * 5000), "9:25: a pattern has at most 4000 bytes"),
], ids=lambda p: p[:20] if isinstance(p, str) and len(p) < 80 else "policy")
def test_what_is_too_much_is_refused_at_its_place(findings, policy, said):
    lines = findings(policy)
    assert any(said in line for line in lines), lines
    assert len(lines) <= 5


def test_aliases_that_would_explode_are_counted_not_followed(findings):
    lines = findings(aliases(40))
    assert any("1:5: anchors (&name) are not part of the policy language" in line for line in lines)
    assert lines[-1].endswith("more errors are not shown")


def test_ten_thousand_mistakes_are_counted(findings):
    lines = findings(HEAD + "values:\n" + "".join(f"  v{i}: {{ envv: A }}\n" for i in range(10_000)))
    assert len(lines) == 21
    assert lines[0] == "9:9: unknown source 'envv': did you mean 'env'?" and lines[-1] == " 9980 more errors are not shown"


def test_ten_thousand_rules_are_taken(findings):
    values = "values:\n" + "".join(f"  v{i}: {{ env: A{i % 900}, extract: '\\d+' }}\n" for i in range(5000))
    services = "".join(
        f"  s{i}: {{ to: d, match: {{ exe: x{i} }}, consent: [ deny: {{ env: N, matches: '^{i}$' }}, allow: always ], "
        f"properties: {{ v: '${{v{i}}}' }}, events: {{ e: {{ when: start }} }} }}\n" for i in range(4000))
    assert findings(HEAD + services + values, ok=True) == []


def test_values_that_lead_to_values_end(findings):
    chain = "values:\n  v0: x\n" + "".join(f"  v{i}: \"${{v{i - 1}}}${{v{i - 1}}}\"\n" for i in range(1, 40))
    assert any("nested deeper than" in line or "more than 32 deep" in line
               for line in findings(HEAD.replace("when: start", 'when: start, name: "${v39}"') + chain))
    circle = "values: { a: '${b}', b: '${c}', c: '${a}x' }\n"
    assert any("refers to itself" in line for line in findings(HEAD + circle))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda p: os.symlink("/dev/zero", p)], ids=["fifo", "folder", "zeroes"])
def test_what_is_no_file_is_not_waited_for(findings, tmp_path, make):
    make(tmp_path / "p.yaml")
    assert findings(None) == [" can not be read: not a regular file"]


PATTERNS = ["(a*)*$", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*.*)*x", "(?:a?){60}a{60}b"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_that_blows_up_elsewhere_holds_nobody_up(run, bookend, tmp_path, pattern):
    """The host's variable is long; consent and a property look at it."""
    out = tmp_path / "out.ndjson"
    (tmp_path / "p.yaml").write_text(f"""bookend: 1
destinations: {{ d: {{ format: ndjson, url: "file:{out}" }} }}
services:
  s:
    to: d
    sender: later
    consent: [ deny: {{ env: BAD, matches: '{pattern}' }}, allow: always ]
    properties: {{ short: {{ env: SHORT, extract: '{pattern}', else: none }} }}
    events: {{ e: {{ when: start }} }}
""")
    env = support.environment(state=tmp_path / "state", BAD="a" * 100_000 + "!", SHORT="a" * 1000 + "!")
    done = run(bookend.tool, "run", "--policy", tmp_path / "p.yaml", "--", "sh", "-c", "echo out", env=env, preexec_fn=limited)
    assert (done.returncode, done.stdout) == (0, "out\n")
    if out.exists():
        for line in out.read_text().splitlines():
            assert json.loads(line)["event"] == "e"
