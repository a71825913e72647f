"""What the shim itself asks of libc and the loader is no call of the host's, with a sender thread in the process too."""

import pytest

HOST = r"""
#include <errno.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
int main(void)
{
	struct timespec now;
	for (int i = 0; i < 3; i++)
		clock_gettime(CLOCK_MONOTONIC, &now);
	for (int i = 0; i < 5; i++)
		close(-1);
	errno = 7;
	usleep(300000);
	puts("done");
	return 0;
}
"""
OWN = ("clock_gettime", "__errno_location", "close", "pthread_create", "dlopen", "dlmopen", "dlsym", "dl_iterate_phdr", "getauxval",
       "calloc", "free", "mprotect", "mmap", "sigaction", "open64", "read")


@pytest.mark.parametrize("sender", ("later", "thread"))
def test_only_the_hosts_calls_are_counted(sender, called, compile_c, run):
    exe = compile_c(HOST, name="host")
    measures = "\n".join(f"      m{i}: {{ call: {name}, count: calls }}" for i, name in enumerate(OWN))
    properties = "\n".join(f'          {name}: "${{measure.m{i}}}"' for i, name in enumerate(OWN))
    rest = f"    measures:\n{measures}\n    events:\n      ended:\n        when: stop\n        properties:\n{properties}\n"
    c = called(exe, rest, sender=sender)
    run(exe, env=c.env(), check=True)
    [ended] = c.ended()
    assert ended == {**dict.fromkeys(OWN, 0), "clock_gettime": 3, "close": 5, "__errno_location": 1}
