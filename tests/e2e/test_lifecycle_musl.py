"""A program of another libc that inherits the preloaded object: it is not recorded, and it runs as without it."""

import support

PROGRAM = """
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
static int got;
static void handler(int number) { got = number; }
int main(void)
{
	struct sigaction action = { .sa_handler = handler };
	int status;

	sigaction(SIGTERM, &action, 0);
	raise(SIGTERM);
	if (fork() == 0) {
		execl("/bin/sh", "sh", "-c", "exit 5", (char *)0);
		_exit(9);
	}
	wait(&status);
	printf("%d %d\\n", got, WEXITSTATUS(status));
	return 7;
}
"""


def test_a_musl_program_under_the_preload_runs_as_without_it(tmp_path, bookend, env):
    source, program = tmp_path / "musl.c", tmp_path / "musl"
    source.write_text(PROGRAM)
    support.run("musl-gcc", "-o", program, source, check=True, env=support.environment())
    for more in ({}, {"BOOKEND_SERVICE": "x"}):
        done = support.run(program, env={**env, "LD_PRELOAD": bookend.shim, **more})
        assert (done.stdout, done.stderr, done.returncode) == ("15 5\n", "", 7)
