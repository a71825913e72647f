"""Call events while their drainers are killed at random: each call arrives, under one id, and no call twice under two."""

import random

import support

PROGRAM = """
#include <stdio.h>
#include <time.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	for (int i = 0; i < CALLS; i++) {
		access("/nonexistent", i);
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return 0;
}
"""

POLICY = """bookend: 1
destinations:
  out: {{ format: ndjson, url: "{url}/events", send: {{ batch: 50, wait: 100ms }} }}
services:
  app:
    match: {{ exe: caller }}
    sender: later
    consent: [ allow: always ]
    to: [out]
    measures:
      calls: {{ call: access, count: calls }}
    events:
      called: {{ when: {{ call: access }}, properties: {{ mode: {{ parameter: 2, as: int }} }} }}
      beat: {{ when: {{ every: 200ms }}, properties: {{ calls: "${{measure.calls}}" }} }}
      ended: {{ when: stop, properties: {{ total: "${{measure.calls.total}}" }} }}
      rest: {{ when: [ {{ every: 300ms }}, stop ], if: {{ value: "${{measure.calls}}", above: 0 }}, properties: {{ calls: "${{measure.calls}}" }} }}
"""

CALLS = 3000


def test_killed_drainers_lose_no_call_and_no_count(policy, env, receiver, start, compile_c, bookend, wait_until):
    program = compile_c(PROGRAM.replace("CALLS", str(CALLS)), name="caller")
    file = policy(POLICY.format(url=receiver.url))
    caller = start(program, env={**env, "LD_PRELOAD": bookend.shim, "BOOKEND_SERVICE": "app", "BOOKEND_POLICY": str(file)})
    chance = random.Random(1)
    while caller.poll() is None:
        drainer = start(bookend.tool, "flush", "--follow")
        seen = len(receiver.requests)
        wait_until(lambda: len(receiver.requests) > seen + chance.randrange(4) or caller.poll() is not None, 30, "requests")
        drainer.kill()
        drainer.wait(10)
    assert caller.wait() == 0
    support.deliver(env)
    events = {e["id"]: e for e in receiver.events()}  # a request without an answer comes again, with the same ids
    dropped = support.status(env)["counts"]["ring_full"]
    called = [e["properties"]["mode"] for e in events.values() if e["event"] == "called"]
    assert len(called) == len(set(called)) == CALLS - dropped
    assert [e["properties"]["total"] for e in events.values() if e["event"] == "ended"] == [CALLS]
    assert sum(e["properties"]["calls"] for e in events.values() if e["event"] == "rest") == CALLS
