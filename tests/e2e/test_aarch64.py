"""A lifecycle and hooked calls on aarch64: the shim cross-built, its host run by qemu, drained by the tool of this machine."""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "hooks"))

import cells  # noqa: E402
import watch  # noqa: E402

POLICY = """
bookend: 1
name: Far
destinations:
  out: {{ format: ndjson, url: "file:{out}" }}
services:
  far:
    sender: later
    consent: [ {{ allow: always }} ]
    to: out
    measures:
      parents: {{ call: getppid, count: calls }}
      sums: {{ call: "int callee_add(int a, int b)", sum: "${{call.result}}" }}
    events:
      began: {{ when: start }}
      failed:
        when: {{ call: "int callee_fail(int error)" }}
        properties: {{ wanted: {{ parameter: error }}, result: "${{call.result}}", errno: "${{call.errno}}" }}
      ended:
        when: stop
        properties: {{ code: "${{exit.code}}", reason: "${{exit.reason}}", parents: "${{measure.parents}}", sums: "${{measure.sums}}" }}
"""


def test_a_life_with_calls_is_recorded(run, env, policy, bookend, tmp_path):
    cells.make_foreign("libbookend.so")
    program = cells.built((cells.FOREIGN, "signed", "bfd")) / "cases"
    out = tmp_path / "out.ndjson"
    inside = {**env, "BOOKEND_SERVICE": "far", "BOOKEND_POLICY": str(policy(POLICY.format(out=out)))}
    for case in ("load_lazy", "errno"):
        run(*watch.on_foreign([program, case], watch.FOREIGN / "libbookend.so"), env=inside, check=True)
        run(bookend.tool, "flush", check=True)
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert [event["event"] for event in events] == ["began", "ended", "began", "failed", "ended"]
    assert events[1]["properties"] == {"code": 0, "reason": "exit", "parents": 10, "sums": sum(range(1, 11))}
    assert events[3]["properties"] == {"wanted": 17, "result": -1, "errno": 17}
    assert events[4]["properties"] == {"code": 0, "reason": "exit", "parents": 0, "sums": 2}
