"""A drainer whose memory runs out, once, at each of many places: it may give up, but it neither dies nor loses nor repeats an event."""

import subprocess

import pytest

import support
from test_delivery import Delivery, text_of

FAILING = """
#include <stdlib.h>
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
static long left = -1;
__attribute__((constructor)) static void begin(void)
{
	char *text = getenv("FAIL_AT");
	if (text)
		left = atol(text);
}
static int now(void) { return left > 0 && --left == 0; }
void *malloc(size_t n) { return now() ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t m) { return now() ? NULL : __libc_calloc(n, m); }
void *realloc(void *p, size_t n) { return now() ? NULL : __libc_realloc(p, n); }
"""


@pytest.fixture
def delivery(state, policy, bookend):
    return Delivery(state, policy)


def test_no_memory_at_any_place_loses_nothing(delivery, receiver, compile_c):
    library = compile_c(FAILING, name="failing.so", flags=["-shared", "-fPIC"])
    delivery.use(text_of(f"{receiver.url}/in"))
    places = list(range(1, 1400, 13))
    for place in places:
        delivery.record()
        env = dict(delivery.env, LD_PRELOAD=library, FAIL_AT=str(place))
        done = subprocess.run([support.Bookend.tool, "flush", "--timeout", "5s"], env=env, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode in (0, 1, 75), (place, done.returncode, done.stderr)
    delivery.flush(expect=0)
    events = receiver.events()
    assert len(events) == 2 * len(places)
    assert len({event["id"] for event in events}) == len(events)
