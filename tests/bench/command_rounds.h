/*
 * Rounds whose arms run commands in one or two scenes: drained in between, and every start that
 * should have been recorded accounted for, so that no row can look good by recording nothing. One
 * thread, pinned to one core while it measures.
 */
#ifndef BOOKEND_BENCH_COMMAND_ROUNDS_H
#define BOOKEND_BENCH_COMMAND_ROUNDS_H

#include "tests/bench/scene.h"

struct command_scene {
	struct scene *scene;
	size_t enabled_arms; /* how many of the arms record into it */
};

struct command_plan {
	const struct arm *arms;
	size_t arm_count;
	size_t rounds;
	struct command_scene scenes[2];
	size_t scene_count;
	int (*drain)(void *scene);
};

/* 0, or -errno with into->failure filled. harness_free() in either case. */
int command_rounds(const struct command_plan *plan, struct rounds *rounds, struct measured *into);

#endif
