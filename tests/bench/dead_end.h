/*
 * A receiver on loopback that never answers, in one of three ways.
 */
#ifndef BOOKEND_BENCH_DEAD_END_H
#define BOOKEND_BENCH_DEAD_END_H

#define DEAD_END_FILLERS 4

struct dead_end {
	int listener;
	int filler[DEAD_END_FILLERS];
	unsigned port;
	int taken; /* a connection whose request nobody answers, -1: none */
};

/* how: closed, silent or blackhole. 0 or -errno; dead_end_close() in either case. */
int dead_end_open(struct dead_end *end, const char *how);
/* Of silent: breaks off the connections that were made so far. */
void dead_end_forget(struct dead_end *end);
/* Of silent: until a request has come, which goes unanswered. 0, or -ETIME. */
int dead_end_await(struct dead_end *end, int most_ms);
void dead_end_close(struct dead_end *end);

#endif
