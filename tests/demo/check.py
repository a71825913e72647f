#!/usr/bin/python3
"""check.py REPORT STATUS: prints the counts of the demonstration and looks for every lifecycle that must be there."""

import json
import sys

# (what ends so, how, the facts that go with it): and how many of them at least (git starts itself again).
EXPECTED = [
    ("redis-server", "clean", {"code": 0, "after_signal": "SIGTERM"}, 1),
    ("nginx", "clean", {"code": 0}, 1),
    ("git", "clean", {"code": 0}, 3),
    ("git", "failed", {"code": 1}, 1),
    ("bash", "clean", {"code": 0}, 1),
    ("python3", "clean", {"code": 0}, 1),
    ("python3", "failed", {"code": 3}, 1),
    ("python3", "crashed", {"signal": "SIGKILL"}, 1),
]


def fits(row, program, how, facts):
    names = {row.get("service"), str(row.get("what", "")).split("/")[-1].split(" ")[0]}
    return program in names and row.get("how") == how and all(row.get(k) == v for k, v in facts.items())


def main(report, status):
    with open(report) as r, open(status) as s:
        rows, counts = json.load(r)["lifecycles"], json.load(s)["delivery"]
    recorded, sent, acknowledged, dropped = (counts[k] for k in ("recorded", "sent", "acknowledged", "dropped"))
    print(f"{len(rows)} lifecycles; events: {recorded} recorded, {sent} sent, {acknowledged} acknowledged, {dropped} dropped")
    trouble = []
    for program, how, facts, count in EXPECTED:
        found = sum(fits(row, program, how, facts) for row in rows)
        if found < count:
            words = " ".join([program, how, *(f"{k} {v}" for k, v in facts.items())])
            trouble.append(f"missing: {words}: {found} instead of {count}")
    unfinished = [row for row in rows if not (row["start_seen"] and row["stop_seen"])]
    if unfinished:
        trouble.append(f"{len(unfinished)} lifecycles without a start or a stop: {unfinished[0]}")
    if dropped or acknowledged != recorded:
        trouble.append("not everything that was recorded was acknowledged")
    for line in trouble:
        print(f"make run: {line}", file=sys.stderr)
    return 1 if trouble else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
