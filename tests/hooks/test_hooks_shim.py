"""The whole shim over the cases, in every style of linking: its own symbols, and what `bookend doctor --hooks` says."""

import json
import shutil

import pytest

import cells
import rewrite
import support
from calls import Called

# What it interposes, and what it calls itself.
OWN = {"fork": 1, "waitpid": 1, "sigaction": 2, "stat": 3, "setsid": 1, "clock_gettime": 4, "close": 5, "mmap": 0, "dlsym": 0,
       "pthread_create": 0}


@pytest.fixture(params=cells.CELLS, ids="-".join)
def cell(request):
    return request.param


def test_what_it_interposes_and_calls_is_counted_of_the_host_only(cell, state, tmp_path):
    measures = "\n".join(f"      m{i}: {{ call: {name}, count: calls }}" for i, name in enumerate(OWN))
    properties = "\n".join(f'          {name}: "${{measure.m{i}}}"' for i, name in enumerate(OWN))
    program = cells.built(cell) / "cases"
    service = Called(tmp_path, state, [str(program)], f"    measures:\n{measures}\n    events:\n      ended:\n        when: stop\n"
                                                 f"        properties:\n{properties}\n")
    done = support.run(program, "own", env=service.env(), check=True)
    assert done.stdout == cells.plain(program, "own")
    [ended] = service.ended()
    assert ended == OWN


POLICY = """bookend: 1
destinations: { out: { format: ndjson, url: "file:/nonexistent/events.ndjson" } }
services:
  app:
    match: { exe: cases }
    sender: later
    consent: [ allow: always ]
    to: [out]
    measures: { calls: { call: __errno_location, in: libcallee.so, count: calls } }
    events: { ended: { when: stop, properties: { n: "${measure.calls}" } } }
"""


def test_doctor_tells_of_rewritten_plts(cell, run, bookend, env, policy, tmp_path):
    """Of calls that go through no PLT there is nothing to tell."""
    shutil.copytree(cells.built(cell), tmp_path / "cell")
    direct = "noplt" not in cell[1]
    if direct:
        rewrite.rewrite_plt(tmp_path / "cell/libcallee.so", "__errno_location")
    done = run(bookend.tool, "doctor", "--hooks", "--json", "--", tmp_path / "cell/cases", "integers",
               env={**env, "BOOKEND_SERVICE": "app", "BOOKEND_POLICY": str(policy(POLICY))})
    assert done.returncode == 0, done.stderr
    rows = {row["outcome"]: row for row in json.loads(done.stdout)["hooks"] if row["outcome"] != "defined"}
    [outcome] = rows
    assert outcome == ("plt_rewrite: calls do not go through the slot" if direct else "diverted")
    assert rows[outcome]["object"].endswith("libcallee.so") and rows[outcome]["slots"] == 1
