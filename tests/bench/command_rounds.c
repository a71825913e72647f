/*
 * One core: neither migration nor a neighbour's cache plays a part.
 */
#include "tests/bench/command_rounds.h"

#include <errno.h>

#define WARM_UP	    20
#define DRAIN_EVERY 50

static int drain_all(void *context)
{
	const struct command_plan *plan = context;

	for (size_t i = 0; i < plan->scene_count; i++) {
		int error = plan->scenes[i].enabled_arms ? plan->drain(plan->scenes[i].scene) : 0;

		if (error)
			return error;
	}
	return 0;
}

static int check_recorded(const struct command_plan *plan, struct measured *into)
{
	for (size_t i = 0; i < plan->scene_count; i++) {
		uint64_t expected = plan->scenes[i].enabled_arms * (plan->rounds + WARM_UP);
		uint64_t starts = expected ? scene_starts(plan->scenes[i].scene) : 0;

		if (starts < expected) {
			harness_fail(into, 0, "%lu of %lu starts were recorded",
				     (unsigned long)starts, (unsigned long)expected);
			return -ENODATA;
		}
	}
	return 0;
}

int command_rounds(const struct command_plan *plan, struct rounds *rounds, struct measured *into)
{
	struct command_plan copy = *plan;
	const struct plan interleaved = {
		.arms = plan->arms,
		.arm_count = plan->arm_count,
		.rounds = plan->rounds,
		.warm_up = WARM_UP,
		.every = DRAIN_EVERY,
		.between = drain_all,
		.context = &copy,
	};
	spawn_pin(spawn_cores() - 1);

	int error = harness_rounds(&interleaved, rounds);
	spawn_unpin();
	if (error)
		return harness_fail(into, error, "a command or the drain between rounds failed");
	return check_recorded(plan, into);
}
