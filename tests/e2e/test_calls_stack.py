"""What a hooked call takes of the host's stack, at most 1 KiB: measured on a stack of the host's that is painted before the call."""

import pytest

MOST = 1024
LIBRARY = "int deep(const char *a, long b, const char *c, double d) { return -1; }\n"

HOST = r"""
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#define STACK 65536
int deep(const char *a, long b, const char *c, double d);
static unsigned char *stack;
static char text[2][300];
static ucontext_t home, there;
static void call(void)
{
	deep(text[0], 7, text[1], 2.5);
}
static long used(void)
{
	long at = 0;
	memset(stack, 0xa5, STACK);
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = STACK;
	there.uc_link = &home;
	makecontext(&there, call, 0);
	swapcontext(&home, &there);
	while (stack[at] == 0xa5)
		at++;
	return STACK - at;
}
int main(void)
{
	stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(text[0], 'x', 299);
	memset(text[1], 'y', 200);
	dprintf(1, "%ld %ld\n", used(), used());
	if (fork() == 0) {
		dprintf(1, "%ld %ld\n", used(), used());
		_exit(0);
	}
	wait(NULL);
	return 0;
}
"""

PROTOTYPE = "int deep(const char *a, long b, const char *c, double d)"
ALL = "a: { parameter: a }, b: { parameter: b }, c: { parameter: c }, d: { parameter: d }"
BEHIND = 'result: "${call.result}", error: "${call.errno}", us: "${call.duration_us}"'
# What is asked of the calls: measures, and events, of which each call makes one.
ASKED = {
    "count": ("deep: { call: deep, count: calls }", ""),
    "condition": (f"deep: {{ call: '{PROTOTYPE}', count: calls, if: {{ parameter: d, above: 1 }} }}", ""),
    "results": ("deep: { call: deep, sum: '${call.result}' }", ""),
    "durations": ("deep: { call: deep, histogram: duration_ms }", ""),
    "parameters": ("", f"called: {{ when: {{ call: '{PROTOTYPE}' }}, properties: {{ {ALL} }} }}"),
    "everything": ("", f"called: {{ when: {{ call: '{PROTOTYPE}', first: 9 per 1h }}, limit: 9 per 1h, properties: {{ {ALL}, {BEHIND} }} }}"),
    "no_prototype": ("", f"called: {{ when: {{ call: deep }}, properties: {{ one: {{ parameter: 1, as: text }}, {BEHIND} }} }}"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_call_takes_no_more_than_it_may(asked, called, compile_c, run):
    """Also a worker's first one, which claims its slot."""
    library = compile_c(LIBRARY, name="libdeep.so", flags=["-shared", "-fPIC", "-O1", "-fomit-frame-pointer"])
    program = compile_c(HOST, name="deeps", flags=["-Wl,-z,now"], libs=[library])  # binding it lazily takes more
    measures, events = ASKED[asked]
    c = called("deeps", f"    measures: {{ {measures} }}\n    events:\n      ended: {{ when: stop }}\n      {events}\n")
    alone = [int(word) for word in run(program, check=True).stdout.split()]
    hooked = [int(word) for word in run(program, env=c.env(), check=True).stdout.split()]
    taken = [with_us - without for with_us, without in zip(hooked, alone)]
    assert len(taken) == 4 and 0 < max(taken) <= MOST, taken
    c.ended()
    assert len(c.events("called")) == (4 if events else 0)
    assert c.counts()["calls_lost"] == 0
