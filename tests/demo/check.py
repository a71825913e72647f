#!/usr/bin/python3
"""check.py REPORT STATUS REDIS INFO: prints the counts of the demonstration and looks for every lifecycle that must be there.

REDIS are redis-server's events, INFO is what it says of itself."""

import json
import sys

# (service, how it ended, the facts that go with it): and how many of them at least (git starts itself again).
EXPECTED = [
    ("redis", "clean", {"code": 0, "after_signal": "SIGTERM"}, 1),
    ("nginx", "clean", {"code": 0}, 1),
    ("git", "clean", {"code": 0}, 3),
    ("git", "failed", {"code": 1}, 1),
    ("bash", "clean", {"code": 0}, 1),
    ("python", "clean", {"code": 0}, 1),
    ("python", "failed", {"code": 3}, 1),
    ("python", "crashed", {"signal": "SIGKILL"}, 1),
]


def fits(row, service, how, facts):
    return (row.get("service"), row.get("how")) == (service, how) and all(row.get(k) == v for k, v in facts.items())


def counted_calls(redis, info):
    """Prints what was counted of redis-server's calls; what is wrong with it."""
    with open(redis) as r, open(info) as i:
        stopped = [event["properties"] for event in json.load(r)["events"] if event["event"] == "redis_stopped"]
        own = dict(line.rstrip().split(":", 1) for line in i if ":" in line)
    if len(stopped) != 1 or not {"connections", "written_bytes"} <= stopped[0].keys():
        return ["redis_stopped says nothing of its calls"]
    connections, written = stopped[0]["connections"], stopped[0]["written_bytes"]
    print(f"redis-server, of its calls of accept4 and write: {connections} connections, {written} bytes written")
    if connections != int(own["total_connections_received"]):
        return [f"redis-server itself counted {own['total_connections_received']} connections"]
    return [] if written > 0 else ["redis-server wrote nothing"]


def main(report, status, redis, info):
    with open(report) as r, open(status) as s:
        rows, counts = json.load(r)["lifecycles"], json.load(s)["delivery"]
    recorded, sent, acknowledged, dropped = (counts[k] for k in ("recorded", "sent", "acknowledged", "dropped"))
    print(f"{len(rows)} lifecycles; events: {recorded} recorded, {sent} sent, {acknowledged} acknowledged, {dropped} dropped")
    trouble = counted_calls(redis, info)
    for service, how, facts, count in EXPECTED:
        found = sum(fits(row, service, how, facts) for row in rows)
        if found < count:
            words = " ".join([service, how, *(f"{k} {v}" for k, v in facts.items())])
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
