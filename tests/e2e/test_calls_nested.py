"""Signal handlers that call what is hooked, in the midst of hooks: both calls are right; and handlers that never return to them."""

import pytest

import support

# pair() is called with a number and the same number as text, by a loop and by handlers that interrupt it; some handlers jump away.
HOST = r"""
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
int pair(const char *text, int number, double half);
static sigjmp_buf out;
static volatile long made, handled, jumped, ended, wrong;
#define ADD(to) __atomic_fetch_add(&to, 1, __ATOMIC_RELAXED)
static volatile sig_atomic_t jumps, ready;
static void call(int number)
{
	char text[12];
	int n = number, at = sizeof(text);
	for (text[--at] = 0; n; n /= 10)
		text[--at] = '0' + n % 10;
	errno = number;
	if (pair(text + at, number, number / 2.0) != number || errno != number)
		ADD(wrong);
	ADD(ended);
}
static void handler(int signal)
{
	int kept = errno;
	long which = ADD(handled);
	call(1000000 + which);
	errno = kept;
	if (jumps && ready && which % 3 == 0) {
		ADD(jumped);
		siglongjmp(out, 1);
	}
}
static void storm(int signals)
{
	struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_NODEFER };
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	sigsetjmp(out, 1);
	for (ready = 1; handled < signals;) {
		made++;
		call(made);
	}
	ready = 0;
	setitimer(ITIMER_REAL, &never, NULL);
	signal(SIGALRM, SIG_IGN);
}
int main(int argc, char **argv)
{
	jumps = atoi(argv[2]);
	if (!strcmp(argv[1], "worker")) {
		if (fork() == 0) {
			storm(atoi(argv[3]));
			printf("%ld %ld %ld %ld %ld\n", made, handled, jumped, ended, wrong);
			return 0;
		}
		wait(NULL);
		return 0;
	}
	storm(atoi(argv[3]));
	printf("%ld %ld %ld %ld %ld\n", made, handled, jumped, ended, wrong);
	return 0;
}
"""
LIBRARY = "#include <errno.h>\nint pair(const char *text, int number, double half) { return half * 2 == number ? number : -2; }\n"

POLICY = """
    measures:
      plain: { call: pair, count: calls }
      known: { call: "int pair(const char *text, int number, double half)", count: calls, if: { parameter: half, above: 0 } }
      sum: { call: "int pair(const char *text, int number, double half)", sum: "${call.result}" }
      took: { call: "int pair(const char *text, int number, double half)", histogram: duration_ms }
    events:
      called:
        when: { call: "int pair(const char *text, int number, double half)" }
        properties:
          text: { parameter: text }
          number: { parameter: number }
          half: { parameter: half }
          result: "${call.result}"
          us: "${call.duration_us}"
      ended:
        when: stop
        properties:
          plain: ${measure.plain}
          known: ${measure.known}
          sum: ${measure.sum}
          took: ${measure.took.count}
"""


@pytest.fixture
def storm(called, compile_c, run, start):
    """storm(who, jumps, signals): its Called and (made, handled, jumped, ended). Somebody drains meanwhile."""
    library = compile_c(LIBRARY, name="libpair.so", flags=["-shared", "-fPIC"])
    program = compile_c(HOST, name="storms", flags=["-O1"], libs=[library])

    def go(who, jumps, signals):
        c = called("storms", POLICY)
        drainer = start(support.Bookend.tool, "flush", "--follow", env=c.tool_env)
        done = run(program, who, int(jumps), signals, env=c.env(), check=True)
        drainer.terminate()
        drainer.wait(20)
        *counts, wrong = (int(word) for word in done.stdout.split())
        assert wrong == 0, "a call had another result, or errno, than without us"
        return c, counts

    return go


def holds(event):
    """Is all of it of one call?"""
    got = event["properties"]
    return got["text"] == str(got["number"]) and got["half"] == got["number"] / 2 and got["result"] == got["number"] and 0 <= got["us"] < 10**7


@pytest.mark.parametrize("who", ["service", "worker"])
def test_calls_within_calls_are_both_right(who, storm):
    c, (made, handled, _, ended) = storm(who, False, 2000)
    (stop,) = c.ended()
    assert ended == made + handled
    assert (stop["plain"], stop["known"], stop["took"]) == (made + handled,) * 3
    assert stop["sum"] == sum(range(1, made + 1)) + sum(range(1000000, 1000000 + handled))
    events = c.events("called")
    assert all(holds(event) for event in events)
    numbers = [event["properties"]["number"] for event in events]
    assert len(set(numbers)) == len(numbers) and any(number >= 1000000 for number in numbers)
    counts = c.counts()
    assert len(events) + counts["ring_full"] == made + handled and counts["calls_lost"] == 0


@pytest.mark.parametrize("who", ["service", "worker"])
def test_jumps_out_of_hooks_leave_nothing_held(who, storm):
    """The interrupted call is lost where it was not finished; all others are there, and what is there is right."""
    c, (made, handled, jumped, ended) = storm(who, True, 900)
    assert jumped > 200
    (stop,) = c.ended()
    calls = made + handled
    assert all(ended <= stop[name] <= calls for name in ("plain", "known", "took")), (stop, ended, calls)
    events = c.events("called")
    assert all(holds(event) for event in events)
    counts = c.counts()
    assert ended <= len(events) + counts["ring_full"] <= calls and counts["calls_lost"] == 0
    assert len({event["properties"]["number"] for event in events}) == len(events)
