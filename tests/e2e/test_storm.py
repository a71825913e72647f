"""A storm: thousands of real preloaded processes are killed at random instants, and so are the drainers and the collector.

What must hold afterwards: a process that reached its main has exactly one start and one stop at the collector, one that was
killed earlier has both or neither, no event is there twice, and the counts of the pool say the same. STORM=10000 for a long
run; STORM_SEED repeats one.
"""

import collections
import json
import os
import random
import signal
import subprocess
import time

import support

COUNT = int(os.environ.get("STORM", 4000))
AT_ONCE = 16

HELPER = r"""
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <signal.h>

static void mark(void)
{
	char line[64] = "";
	const char *tag = getenv("STORM_TAG");

	strncat(line, tag, 60);
	strcat(line, "\n");
	if (write(atoi(getenv("STORM_FD")), line, strlen(line)) < 0)
		_exit(99);
}

int main(int argc, char **argv)
{
	const char *act = argv[1];

	(void)argc;
	mark();
	if (!strcmp(act, "return"))
		return 5;
	if (!strcmp(act, "_exit"))
		_exit(6);
	if (!strcmp(act, "abort"))
		abort();
	if (!strcmp(act, "term"))
		raise(SIGTERM);
	if (!strcmp(act, "fork")) {
		pid_t child = fork();
		if (!child)
			_exit(1);
		waitpid(child, NULL, 0);
		return 7;
	}
	pause();
	return 0;
}
"""

# What is run: its words (None: the C helper), and what its stop says when it was left alone: how and code or signal.
KINDS = {
    "return": ("failed", 5, 0),
    "_exit": ("failed", 6, 0),
    "abort": ("crashed", None, signal.SIGABRT),
    "term": (None, None, signal.SIGTERM),
    "fork": ("failed", 7, 0),
    "pause": None,  # always killed
    "true": ("clean", 0, 0),
    "bash": ("failed", 3, 0),
    "python": ("failed", 4, 0),
    "launched": ("failed", 5, 0),
}
PYTHON = r"""
import os
os.write(int(os.environ["STORM_FD"]), os.environb[b"STORM_TAG"] + b"\n")
os._exit(4)
"""
WORDS = {
    "true": ["/bin/true"],
    "bash": ["/bin/bash", "-c", 'echo "$STORM_TAG" >&"$STORM_FD"; exit 3'],
    "python": ["/usr/bin/python3", "-S", "-c", PYTHON],
}
WEIGHTS = {"python": 1, "true": 8, "bash": 5}


class Storm:
    def __init__(self, bookend, collector, env, policy, helper, folder, seed):
        self.random = random.Random(seed)
        self.bookend, self.collector, self.helper = bookend, collector, helper
        self.env, self.policy = env, str(policy)
        self.marks = os.open(folder / "marks", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self.preloaded = support.preload(env["BOOKEND_STATE"], "app", policy, STORM_FD=self.marks)
        self.launching = {**env, "STORM_FD": str(self.marks)}
        self.living = []
        self.done = {}
        self.drainers = []
        self.tag = 0
        self.kills = collections.Counter()
        self.collector_dies = time.monotonic() + 0.3

    def spawn(self):
        kind = self.random.choices(list(KINDS), [WEIGHTS.get(k, 2) for k in KINDS])[0]
        words = WORDS.get(kind) or [self.helper, kind]
        env = self.preloaded
        if kind == "launched":
            words = [self.bookend.tool, "run", "--policy", self.policy, "--", self.helper, "return"]
            env = self.launching
        self.tag += 1
        tag = f"t{self.tag}"
        process = subprocess.Popen(words, env={**env, "STORM_TAG": tag}, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                   pass_fds=[self.marks])
        left_alone = kind != "pause" and self.random.random() < 0.3
        after = None if left_alone else self.random.choice([self.random.uniform(0, 0.0015), self.random.expovariate(1 / 0.003)])
        self.living.append([process, tag, kind, None if after is None else time.monotonic() + after, False])

    def kill_what_is_due(self):
        now = time.monotonic()
        for entry in self.living:
            process, _, _, due, killed = entry
            if due is not None and now >= due and not killed and process.poll() is None:
                process.kill()
                entry[4] = True

    def look_after_processes(self):
        self.kill_what_is_due()
        for entry in [e for e in self.living if e[0].poll() is not None]:
            process, tag, kind, _, killed = entry
            self.done[tag] = (kind, process.returncode, killed)
            self.living.remove(entry)

    def look_after_drainers(self):
        now = time.monotonic()
        for process, due in list(self.drainers):
            if process.poll() is None and now >= due:
                process.kill()
                process.wait()
                self.kills["drainer"] += 1
            if process.poll() is not None:
                self.drainers.remove((process, due))
        while len(self.drainers) < 2:
            process = subprocess.Popen([self.bookend.tool, "flush", "--timeout", "5s"], env=self.env,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self.drainers.append((process, now + self.random.expovariate(1 / 0.1)))

    def look_after_collector(self):
        if time.monotonic() >= self.collector_dies:
            self.collector.stop(signal.SIGKILL)
            self.collector.start()
            self.kills["collector"] += 1
            self.collector_dies = time.monotonic() + self.random.uniform(0.3, 1)

    def rage(self, count):
        end = time.monotonic() + 60 + count / 10
        while (self.tag < count or self.living) and time.monotonic() < end:
            while self.tag < count and len(self.living) < AT_ONCE:
                self.spawn()
                self.kill_what_is_due()
            self.look_after_processes()
            self.look_after_drainers()
            self.look_after_collector()
            time.sleep(0.0002)
        for process, _ in self.drainers:
            process.kill()
            process.wait()
        assert self.tag == count and not self.living

    def started(self):
        """Tags of the processes that are known to have passed their constructor."""
        marked = set(os.pread(self.marks, 1 << 24, 0).decode().split())
        return marked | {tag for tag, (kind, status, _) in self.done.items() if kind == "true" and status == 0}


def lifecycles(collector):
    """session → its events, as (name, properties)."""
    found = collections.defaultdict(list)
    for session, name, properties in collector.rows("SELECT session, event, properties FROM events"):
        found[session].append((name, json.loads(properties)))
    return found


def check_stop(kind, status, killed, stop):
    """What a stop says about a process whose fate is known."""
    if status == -signal.SIGKILL and killed:
        # Killed behind its own last word, it may be what it said; else a drainer saw the corpse, or nobody saw how it ended.
        by_signal = stop["how"] == "vanished" or (stop["how"], stop.get("signal")) == ("crashed", signal.SIGKILL)
        assert by_signal or KINDS[kind], (kind, stop)
        return
    how, code, number = KINDS[kind]
    assert how in (None, stop["how"]), (kind, status, stop)
    assert code is None or stop["code"] == code, (kind, status, stop)
    assert (stop.get("signal") or 0) == number or stop["how"] == "vanished", (kind, status, stop)


def test_no_lifecycle_is_lost_or_doubled_in_a_storm(bookend, collector, env, policy, compile_c, tmp_path):
    seed = int(os.environ.get("STORM_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"STORM={COUNT} STORM_SEED={seed}")
    python = os.path.basename(os.path.realpath("/usr/bin/python3"))
    file = policy(support.plain_policy(
        f"{collector.url}/v1/ndjson", match=f"{{ exe: [helper, 'true', bash, {python}] }}", properties="tag: { env: STORM_TAG }"))
    storm = Storm(bookend, collector, env, file, compile_c(HELPER), tmp_path, seed)
    storm.rage(COUNT)
    storm.kills["process"] = sum(killed for _, _, killed in storm.done.values())
    storm.kills["before its main"] = COUNT - len(storm.started())
    print(f"killed: {dict(storm.kills)}")
    assert storm.kills["process"] > COUNT / 8 and storm.kills["before its main"] > 0
    assert storm.kills["drainer"] >= COUNT // 100 and storm.kills["collector"] >= 2

    # Leases of killed drainers run out before others may take over: hence the deadline.
    support.deliver(env, 120)
    status = support.status(env)
    found = lifecycles(collector)

    wrong = {s: e for s, e in found.items() if sorted(name for name, _ in e) != ["start", "stop"]}
    assert not wrong, f"{len(wrong)} of {len(found)} lifecycles without exactly one start and one stop: {list(wrong.items())[:3]}"
    by_tag = {events[0][1]["tag"]: dict(events) for events in found.values()}
    assert len(by_tag) == len(found), "a process with two lifecycles"
    lost = storm.started() - set(by_tag)
    assert len(lost) == status["counts"]["no_slot"], (
        f"{len(lost)} of {len(storm.started())} committed lifecycles lost: {[storm.done[tag] for tag in sorted(lost)[:8]]}; "
        f"{status['counts']}; {status['delivery']}; slots {status['pool']['taken']}; {storm.kills}")
    for tag, events in by_tag.items():
        check_stop(*storm.done[tag], events["stop"])
    for which in ("starts", "stops"):
        # Who is killed between a change and its count has not counted it (base/pool.h).
        assert 0 <= len(found) - status["counts"][which] <= COUNT // 1000, (which, status["counts"], len(found))
    assert status["counts"]["damaged"] == 0
