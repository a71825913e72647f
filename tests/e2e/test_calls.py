"""Calls that a policy names are counted and measured, exactly, in programs that nobody changed."""

import signal

import support
from calls import FORKS, LOOPS, THREADS

COUNTED = """
    measures:
      calls: {{ call: {function}, count: calls }}
      too: {{ call: {function}, count: calls, if: {{ parameter: 1, at_least: 0 }} }}
      sum: {{ call: {function}, sum: {{ parameter: 1 }} }}
      took: {{ call: {function}, histogram: duration_ms }}
    events:
      ended:
        when: stop
        properties:
          calls: ${{measure.calls}}
          too: ${{measure.too}}
          sum: ${{measure.sum}}
          took: ${{measure.took.count}}
"""

def test_counts_are_exact_with_many_threads(called, compile_c, run):
    """Threads that have ended keep their counts."""
    program = compile_c(THREADS, name="threads", libs=["-lpthread"])
    c = called("threads", COUNTED.format(function="getpgid"))
    run(program, 8, 100000, env=c.env(), check=True)
    assert c.ended() == [{"calls": 800000, "too": 800000, "sum": 0, "took": 800000}]


def test_two_processes_of_a_service_add_up(called, compile_c, run):
    program = compile_c(THREADS, name="threads", libs=["-lpthread"])
    c = called("threads", COUNTED.format(function="getpgid"))
    run(program, 2, 1000, env=c.env(), check=True)
    run(program, 3, 1000, env=c.env(), check=True)
    assert sum(stop["calls"] for stop in c.ended(2)) == 5000


KILLED = r"""
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
/* Forked workers call, each tells how often, and one after the other is killed in the middle of it; then we are. */
int main(int argc, char **argv)
{
	volatile uint64_t *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t all = 0;
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		for (; pid == 0; told[i]++)
			getpgid(0);
		usleep(2000 + 300 * i);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		all += told[i];
	}
	dprintf(1, "%llu\n", (unsigned long long)all);
	kill(getpid(), SIGKILL);
}
"""


def test_counts_survive_kills_at_any_instant(called, compile_c, run):
    program = compile_c(KILLED, name="killed")
    c = called("killed", COUNTED.format(function="getpgid"))
    done = run(program, env=c.env())
    told = int(done.stdout)
    assert done.returncode == -signal.SIGKILL and told > 10000
    (stop,) = c.ended()
    for measure in ("calls", "too"):
        # Each killed worker may have made one call more than it could tell.
        assert told <= stop[measure] <= told + 20


EXECS = r"""
#include <stdlib.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	for (int i = 0; i < 10; i++)
		getpgid(0);
	if (argc > 1)
		execl(argv[0], argv[0], NULL);
	return 0;
}
"""


def test_counts_and_gates_go_on_over_an_exec(called, compile_c, run):
    """The same service: one life, one count, one `once`."""
    program = compile_c(EXECS, name="execs")
    c = called("execs", """
    measures: { calls: { call: getpgid, count: calls } }
    events:
      called: { when: { call: getpgid, once: process } }
      ended: { when: stop, properties: { calls: "${measure.calls}" } }
""")
    run(program, "again", env=c.env(), check=True)
    assert c.ended() == [{"calls": 20}]
    assert len(c.events("called")) == 1


SIGNALS = r"""
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>
static volatile unsigned long handled;
static void tick(int number) { getpgid(0); handled++; }
int main(void)
{
	struct itimerval every = { { 0, 100 }, { 0, 100 } };
	unsigned long made = 0;
	signal(SIGALRM, tick);
	setitimer(ITIMER_REAL, &every, NULL);
	while (handled < 2000) {
		getpgid(0);
		made++;
	}
	signal(SIGALRM, SIG_IGN);
	printf("%lu\n", made + handled);
	return 0;
}
"""


def test_calls_in_signal_handlers_count_too(called, compile_c, run):
    """They interrupt hooks at any instruction; nothing is lost and nothing doubled."""
    program = compile_c(SIGNALS, name="signals")
    c = called("signals", COUNTED.format(function="getpgid") + "      called: { when: { call: getpgid } }\n")
    made = int(run(program, env=c.env(), check=True).stdout)
    (stop,) = c.ended()
    assert (stop["calls"], stop["too"], stop["took"]) == (made, made, made)
    assert len(c.events("called")) + c.counts()["ring_full"] == made


LIBRARY = r"""
#include <unistd.h>
int twice(void) { return getpgid(0) + getpgid(0); }
"""

OPENER = r"""
#include <dlfcn.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	int (*twice)(void) = dlsym(dlopen(argv[1], RTLD_NOW), "twice");
	twice();
	return getpgid(0) < 0;
}
"""


def test_in_names_the_object_whose_calls_count(called, compile_c, run):
    library = compile_c(LIBRARY, name="libtwice.so", flags=["-shared", "-fPIC"])
    program = compile_c(OPENER, name="opener")
    c = called("opener", """
    measures:
      all: { call: getpgid, count: calls }
      own: { call: getpgid, in: opener, count: calls }
      library: { call: getpgid, in: libtwice.so, count: calls }
    events:
      ended: { when: stop, properties: { all: "${measure.all}", own: "${measure.own}", library: "${measure.library}" } }
""")
    run(program, library, env=c.env(), check=True)
    assert c.ended() == [{"all": 3, "own": 1, "library": 2}]


def test_a_command_counts_in_a_small_slot(called, compile_c, run):
    program = compile_c(FORKS, name="forks")
    c = called("forks", """
    commands: ["2"]
    measures: { calls: { call: getpgid, count: calls } }
    events:
      ended: { when: command, properties: { calls: "${measure.calls}" } }
      called: { when: { call: getpgid } }
""")
    run(program, 2, 3, env=c.env(), check=True)
    assert c.ended() == [{"calls": 7}]
    assert len(c.events("called")) == 7


WORKERS = r"""
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int number) { }
int main(void)
{
	signal(SIGTERM, end);
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			for (int j = 0; j < 100; j++)
				getpgid(0);
			pause();
			_exit(0);
		}
	}
	pause();
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
	return 0;
}
"""


def test_workers_count_for_their_service_and_have_no_schedules(called, compile_c, start):
    program = compile_c(WORKERS, name="workers")
    c = called("workers", """
    measures: { calls: { call: getpgid, count: calls } }
    events:
      beat: { when: { every: 100ms }, properties: { total: "${measure.calls.total}" } }
      shared: { when: { every: 100ms, per: installation }, properties: { calls: "${measure.calls}" } }
      called: { when: { call: getpgid, one_in: 100 }, properties: { total: "${measure.calls.total}" } }
      ended: { when: stop, properties: { total: "${measure.calls.total}" } }
""")
    process = start(program, env=c.env())

    def seen():
        c.flush()
        beats = c.events("beat")
        return beats and beats[-1]["properties"]["total"] == 300 and len(c.events("called")) == 3

    support.wait_until(seen, 20, "what the workers did")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert c.ended() == [{"total": 300}]
    assert {event["pid"] for event in c.events("beat")} == {process.pid}
    assert [event["properties"]["total"] for event in c.events("called")] == [300] * 3
    assert sum(event["properties"]["calls"] for event in c.events("shared")) <= 300
    assert process.pid not in {event["pid"] for event in c.events("called")}


def test_a_delta_is_what_came_since_the_event_was_last_made(called, compile_c, run, start):
    program = compile_c(LOOPS, name="loops")
    c = called("loops", """
    measures: { calls: { call: getpgid, count: calls } }
    events:
      beat: { when: { every: 100ms }, properties: { calls: "${measure.calls}", total: "${measure.calls.total}" } }
      ended: { when: stop, properties: { calls: "${measure.calls}", total: "${measure.calls.total}" } }
""")
    process = start(program, env=c.env(), stdout=-1, text=True)

    def beats():
        c.flush()
        return len(c.events("beat")) > 3

    support.wait_until(beats, 20, "four beats")
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    made = int(process.stdout.read().split()[-1])
    (stop,) = c.ended()
    assert stop["total"] == made and stop["calls"] == made
    seen = [event["properties"] for event in c.events("beat")]
    # Each begins where the one before it ended, while the program goes on counting.
    so_far = [sum(beat["calls"] for beat in seen[:i + 1]) for i in range(len(seen))]
    assert all(at <= beat["total"] <= later for at, beat, later in zip(so_far, seen, [*so_far[1:], made]))


VALUES = r"""
#include <unistd.h>
int main(void)
{
	for (int i = 1; i <= 10000; i++)
		getpgid(1000000 + (int)((long)i * 7919 % 10007) * 37);
	return 0;
}
"""


def test_quantiles_are_within_one_percent(called, compile_c, run):
    c = called("values", """
    measures: { sizes: { call: "pid_t getpgid(pid_t of)", histogram: { parameter: of } } }
    events:
      ended:
        when: stop
        properties:
          count: "${measure.sizes.count}"
          min: "${measure.sizes.min}"
          max: "${measure.sizes.max}"
          p50: "${measure.sizes.p50}"
          p90: "${measure.sizes.p90}"
          p99: "${measure.sizes.p99}"
""")
    run(compile_c(VALUES, name="values"), env=c.env(), check=True)
    (stop,) = c.ended()
    exact = sorted(1000000 + i * 7919 % 10007 * 37 for i in range(1, 10001))
    assert (stop["count"], stop["min"], stop["max"]) == (10000, exact[0], exact[-1])
    for name, share in (("p50", 50), ("p90", 90), ("p99", 99)):
        assert abs(stop[name] / exact[share * 100 - 1] - 1) <= 0.01, name
