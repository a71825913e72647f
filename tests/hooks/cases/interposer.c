/*
 * Another library that is preloaded: it puts itself in front of getppid, and says at the end how
 * often it was called.
 */
#include <stdio.h>
#include <unistd.h>

static int calls;

pid_t getppid(void)
{
	calls++;
	return 4711;
}

__attribute__((constructor)) static void begin(void)
{
	getppid();
}

__attribute__((destructor)) static void end(void)
{
	fprintf(stderr, "interposed %d\n", calls);
}
