/*
 * One flush of a scene's pool by the face of the sender, in a child, so that nothing of it is left
 * in the bench.
 */
#ifndef BOOKEND_BENCH_FLUSH_CHILD_H
#define BOOKEND_BENCH_FLUSH_CHILD_H

#include <stdbool.h>
#include <stdint.h>

#include "tests/bench/scene.h"

struct flushed {
	bool pinned; /* by the caller: to one core */
	int error;
	uint64_t events; /* acknowledged */
	double cpu_us;
	double wall_us;
};

/* 0 or -errno. */
int flush_child(const struct scene *scene, struct flushed *into);

#endif
