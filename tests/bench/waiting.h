/*
 * A program that waits for input: it has read one byte and answered with one.
 */
#ifndef BOOKEND_BENCH_WAITING_H
#define BOOKEND_BENCH_WAITING_H

#include <stddef.h>
#include <sys/types.h>

struct waiting {
	pid_t pid;
	int in;
	int out;
};

#define WAITING_CAT ((const char *const[]){ "/bin/cat", NULL })

/* argv: a program like cat. 0 or -errno. */
int waiting_start(const char *const *argv, const char *const *envp, struct waiting *into);
/* Closes its input, which ends it, and waits. */
int waiting_end(const struct waiting *waiting);

/* Private_Clean + Private_Dirty of its smaps_rollup. */
int waiting_private_kb(pid_t pid, double *into);
/* The same as if nobody else had a file mapped but those in `maps`, the text of another process's
 * /proc/PID/maps: what of the rest is shared counts, too. */
int waiting_alone_kb(pid_t pid, const char *maps, double *into);

#endif
