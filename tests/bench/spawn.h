/*
 * Starting a program and what it spent, for the rows that measure commands. One thread.
 *
 * CPU time is CLOCK_PROCESS_CPUTIME_ID of the zombie: the scheduler's exact run time in
 * nanoseconds, also where the kernel accounts user and system time by ticks. (rusage is scaled to
 * the same number there, in whole microseconds.) What limits a median is not the clock but the
 * machine: see docs/costs.md.
 */
#ifndef BOOKEND_BENCH_SPAWN_H
#define BOOKEND_BENCH_SPAWN_H

#include <sys/types.h>

struct spent {
	double wall_us; /* from just before vfork to the news of the end */
	double cpu_us;
};

/*
 * Runs argv[0] (a path) with /dev/null as its standard descriptors and waits. 0 when it exited with
 * 0, -errno when it could not be started, -ECHILD when it ended otherwise.
 */
int spawn_run(const char *const *argv, const char *const *envp, struct spent *spent);

/* Starts it and returns its pid, or -errno. in, out, err: descriptors it gets as 0, 1, 2. */
pid_t spawn_start(const char *const *argv, const char *const *envp, int in, int out, int err);

/* /dev/null, open for both; never closed. */
int spawn_null(void);

/* Waits; 0 when it exited with 0, otherwise -ECHILD. */
int spawn_wait(pid_t pid);

/* This thread, and what it starts from now on, on one core, or (false) on all that it had at first.
 */
void spawn_pin(int core);
void spawn_unpin(void);

/* Cores this process may use. */
int spawn_cores(void);

#endif
