/*
 * Does a large policy cost the commands that start under it? CPU time of /bin/true, start and stop
 * recorded, under a policy of 1,000 against one of 10: services before the one that matches, or
 * events of that service whose conditions do not hold.
 */
#include "tests/bench/rows.h"

#include <string.h>

#include "tests/bench/command_rounds.h"

static int measure(struct scene *small, struct scene *large, struct measured *into)
{
	static const char *const argv[] = { "/bin/true", NULL };
	struct scene_run few = { argv, small->env[SCENE_ENABLED], false };
	struct scene_run many = { argv, large->env[SCENE_ENABLED], false };
	const struct arm arms[] = {
		{ scene_run, &few },
		{ scene_run, &few },
		{ scene_run, &many },
	};
	const struct command_plan plan = {
		.arms = arms,
		.arm_count = 3,
		.rounds = small->bench->quick ? 500 : 3000,
		.scenes = { { small, 2 }, { large, 1 } },
		.scene_count = 2,
		.drain = scene_drain,
	};
	struct rounds rounds;
	int error = command_rounds(&plan, &rounds, into);

	if (!error) {
		harness_describe(
			into, "CPU of /bin/true, pool in %s; medians: few %.0f us, many %.0f us",
			small->pool, harness_median(&rounds, 0), harness_median(&rounds, 2));
		error = harness_ratio(&rounds, into);
	}
	harness_free(&rounds);
	return error;
}

ROW_FUNCTION(growth_start)
{
	bool services = !strcmp(row->variant, "services");
	const struct scene_policy few = { .services = services ? 10 : 0,
					  .events = services ? 0 : 10 };
	const struct scene_policy many = { .services = services ? 1000 : 0,
					   .events = services ? 0 : 1000 };
	struct scene small, large;
	int error = scene_open(bench, "few", &small, into);
	int also = scene_open(bench, "many", &large, into);

	error = error ? error : also;
	if (!error)
		error = scene_compile(&small, &few, into);
	if (!error)
		error = scene_compile(&large, &many, into);
	if (!error)
		error = measure(&small, &large, into);
	scene_close(&large);
	scene_close(&small);
	return error;
}
