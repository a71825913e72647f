"""Identifiers: of the installation, of keys, with an alphabet of their own, kept elsewhere, and forgotten."""

import json
import re

import support

POLICY = """bookend: 1
destinations:
  out: { format: ndjson, url: "file:%s" }
services:
  app:
    match: { exe: 'true' }
    sender: later
    consent: [{ allow: always }]
    to: out
    properties:
      plain: { id: installation }
      short: { id: installation, alphabet: a-z0-9, length: 16 }
      base: { id: keyed, for: { env: BASE } }
      word: { id: keyed, for: { env: BASE }, alphabet: "01", length: 8 }
      theirs: { id: installation, kept_in: ~/.theirs }
    events:
      begun: { when: start }
"""


def test_ids_stay_until_they_are_forgotten(state, policy, tmp_path, bookend, env, run):
    file, home = tmp_path / "out.ndjson", tmp_path / "home"
    yaml = policy(POLICY % file)

    def once(base):
        support.run("/bin/true", env=support.preload(state, "app", yaml, HOME=home, BASE=base), check=True)
        support.deliver(env)
        return support.json_lines(file.read_text())[-1]["properties"]

    one, again, other = once("a"), once("a"), once("b")
    assert one == again
    assert re.fullmatch("[a-z0-9]{16}", one["short"]) and re.fullmatch("[01]{8}", one["word"])
    assert len({one["plain"], one["base"], one["theirs"], other["base"]}) == 4
    assert all(re.fullmatch("[0-9a-f-]{36}", one[name]) for name in ("plain", "base", "theirs"))
    assert (home / ".theirs").read_text() == one["theirs"] + "\n" and (home / ".theirs").stat().st_mode & 0o777 == 0o600
    listed = json.loads(run(bookend.tool, "id", "--json").stdout)["ids"]
    assert {row["id"] for row in listed} == {one["plain"], one["short"], one["base"], one["word"], other["base"], other["word"]}
    assert support.status(env)["ids"] == listed
    shown = run(bookend.tool, "status").stdout
    assert one["short"] in shown and "bookend id --rotate" in shown
    assert "6 forgotten" in run(bookend.tool, "id", "--rotate", check=True).stderr
    new = once("a")
    assert all(new[name] != one[name] for name in ("plain", "short", "base")) and new["theirs"] == one["theirs"]


def test_what_is_not_understood_is_said(run, bookend, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text(POLICY.replace("a-z0-9, length: 16", "z-a, length: 16").replace('"01", length: 8', '"01"')
                   .replace("~/.theirs", "theirs"))
    done = run(bookend.tool, "check", bad)
    assert done.returncode == 1
    for word in ("ranges: a-z0-9; not 'z-a'", "stand together", "absolute path"):
        assert word in done.stdout + done.stderr, word
