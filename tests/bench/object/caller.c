/*
 * caller FUNCTION CALLS [THREADS [WARM-UP]]: calls it in a loop and prints the nanoseconds of CPU
 * time that one call took, on average of the threads. tracepoint: instead of a call, an LTTng-UST
 * tracepoint.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "callee.h"

#ifdef WITH_TRACEPOINT
#define LTTNG_UST_TRACEPOINT_CREATE_PROBES
#define LTTNG_UST_TRACEPOINT_DEFINE
#include "call_tracepoint.h"

static int bench_tracepoint(int a, int b)
{
	lttng_ust_tracepoint(bench, call, a, b);
	return a + b;
}
#endif

struct work {
	long (*loop)(long calls);
	long calls;
	long warm_up;
	pthread_barrier_t *together;
	double each_ns;
};

#define CALLEE(name)                                                                               \
	static long loop_##name(long calls)                                                        \
	{                                                                                          \
		long sum = 0;                                                                      \
                                                                                                   \
		for (long i = 0; i < calls; i++)                                                   \
			sum += bench_##name((int)i, 1);                                            \
		return sum;                                                                        \
	}
CALLEES(CALLEE)
#ifdef WITH_TRACEPOINT
CALLEE(tracepoint)
#endif
#undef CALLEE

static const struct {
	const char *name;
	long (*loop)(long calls);
} loops[] = {
#define CALLEE(name) { #name, loop_##name },
	CALLEES(CALLEE)
#ifdef WITH_TRACEPOINT
		CALLEE(tracepoint)
#endif
};

static volatile long sums;

static double cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void *run(void *context)
{
	struct work *work = context;
	double begin;

	sums += work->loop(work->warm_up);
	pthread_barrier_wait(work->together);
	begin = cpu_ns();
	sums += work->loop(work->calls);
	work->each_ns = (cpu_ns() - begin) / (double)work->calls;
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc > 3 ? atoi(argv[3]) : 1, length;
	struct work work[8] = { 0 };
	pthread_t thread[8];
	pthread_barrier_t together;
	double each = 0;
	char line[40];

	if (argc < 3 || threads < 1 || threads > 8)
		return 2;
	pthread_barrier_init(&together, NULL, (unsigned)threads);
	for (int i = 0; i < threads; i++) {
		work[i].calls = atol(argv[2]);
		work[i].warm_up = argc > 4 ? atol(argv[4]) : 1000;
		work[i].together = &together;
		for (size_t j = 0; j < sizeof(loops) / sizeof(*loops); j++)
			if (!strcmp(loops[j].name, argv[1]))
				work[i].loop = loops[j].loop;
		if (!work[i].loop)
			return 3;
		if (i && pthread_create(&thread[i], NULL, run, &work[i]))
			return 4;
	}
	run(&work[0]);
	for (int i = 0; i < threads; i++) {
		if (i)
			pthread_join(thread[i], NULL);
		each += work[i].each_ns / threads;
	}
	length = snprintf(line, sizeof(line), "%.3f\n", each);
	return write(1, line, (size_t)length) == length ? 0 : 5;
}
