"""What the tests of calls share: programs that call, a service whose policy is about calls, and what was recorded of it."""

import support

POLICY = """
bookend: 1
destinations:
  out: {{ format: ndjson, url: "file:{out}" }}
services:
  s:
    match: {{ exe: [{exes}] }}
    to: out
    sender: {sender}
    consent: [ {{ allow: always }} ]
{rest}
"""


# So many workers, each with so many calls; the program makes one itself.
FORKS = r"""
#include <stdlib.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv)
{
	int workers = atoi(argv[1]), calls = atoi(argv[2]);
	getpgid(0);
	for (int i = 0; i < workers; i++) {
		if (fork() == 0) {
			printf("%d\n", getpid());
			fflush(stdout);
			for (int j = 0; j < calls; j++)
				getpgid(0);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	return 0;
}
"""

# So many threads, each with so many rounds.
THREADS = r"""
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>
static int rounds;
static void *call(void *of)
{
	for (int i = 0; i < rounds; i++)
		abs(i % 100), getpgid((long)of);
	return NULL;
}
int main(int argc, char **argv)
{
	pthread_t thread[64];
	int threads = atoi(argv[1]);
	rounds = atoi(argv[2]);
	for (long i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, call, (void *)0);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	return 0;
}
"""

# Calls until it is told to end, and says how often.
LOOPS = r"""
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
static volatile sig_atomic_t stop;
static unsigned long made;
static void end(int number) { stop = 1; }
int main(void)
{
	signal(SIGTERM, end);
	puts("ready");
	fflush(stdout);
	while (!stop) {
		getpgid(0);
		made++;
		usleep(200);
	}
	printf("%lu\n", made);
	return 0;
}
"""


class Called:
    """A service whose policy is about calls, and what was recorded of it."""

    def __init__(self, folder, state, exes, rest, sender="later"):
        self.state, self.out, self.policy = state, folder / "calls.ndjson", folder / "calls.yaml"
        self.policy.write_text(POLICY.format(out=self.out, exes=", ".join(exes), rest=rest, sender=sender))
        self.tool_env = support.environment(state)
        support.run(support.Bookend.tool, "compile", self.policy, env=self.tool_env, check=True)

    def env(self, **more):
        return support.preload(self.state, "s", self.policy, **more)

    def flush(self):
        support.run(support.Bookend.tool, "flush", "--once", env=self.tool_env)

    def events(self, name=None):
        found = support.json_lines(self.out.read_text()) if self.out.exists() else []
        assert len({event["id"] for event in found}) == len(found), "an event is there twice"
        return [event for event in found if name in (None, event["event"])]

    def ended(self, services=1, deadline=20):
        """The properties of the stops, once so many have been delivered and the pool is empty."""

        def empty():
            self.flush()
            status = support.run(support.Bookend.tool, "status", "--json", env=self.tool_env)
            return not support.json_lines(status.stdout)[0]["lifecycles"] and len(self.events("ended")) == services

        support.wait_until(empty, deadline, f"{services} stops and an empty pool")
        return [event["properties"] for event in self.events("ended")]

    def counts(self):
        status = support.run(support.Bookend.tool, "status", "--json", env=self.tool_env)
        return support.json_lines(status.stdout)[0]["counts"]
