/*
 * How fast a drainer empties the pool: the face of the sender, called in a child that is pinned to
 * one core, on a pool that real commands have filled, with the NDJSON file as destination. Events
 * for each second of CPU time, user and system: everything from the claim to the acknowledged write
 * counts, waiting for the disk does not (the setting says how much that was).
 */
#include "tests/bench/rows.h"

#include <errno.h>
#include <string.h>

#include "tests/bench/flush_child.h"

/* Below half of the pool's 2,048 cells, from where on starts would spawn helpers. */
#define COMMANDS 1000

struct drain_arm {
	struct scene *scene;
	double wall_us; /* of all samples together */
	double cpu_us;
};

static int sample(void *context, double *value)
{
	static const char *const argv[] = { "/bin/true", NULL };
	struct drain_arm *arm = context;
	struct flushed drained = { .pinned = true };
	struct spent spent;
	int error = scene_hold_helpers(arm->scene);

	for (int i = 0; !error && i < COMMANDS; i++)
		error = spawn_run(argv, arm->scene->env[SCENE_ENABLED], &spent);
	if (!error)
		error = flush_child(arm->scene, &drained);
	if (error)
		return error;
	if (drained.events != 2 * COMMANDS)
		return -ENODATA;
	arm->wall_us += drained.wall_us;
	arm->cpu_us += drained.cpu_us;
	*value = (double)drained.events / drained.cpu_us * 1e6;
	scene_forget_lines(arm->scene);
	return 0;
}

static int measure(struct scene *scene, struct measured *into)
{
	struct drain_arm arm = { .scene = scene };
	const struct arm arms[] = { { sample, &arm }, { sample, &arm } };
	const struct plan plan = {
		.arms = arms,
		.arm_count = 2,
		.rounds = scene->bench->quick ? 4 : 15,
		.warm_up = 1,
	};
	struct rounds rounds;
	int error = harness_rounds(&plan, &rounds);

	if (error)
		harness_fail(into, error,
			     "a drain failed, or did not deliver 2 events for each of %d commands",
			     COMMANDS);
	else
		error = harness_absolute(&rounds, into);
	harness_describe(
		into,
		"CPU time of a flush of %d commands, start and stop with 4 and 7 properties, "
		"through the spool on "
		"disk to a file, pool in %s; waiting for the disk made it %.1f times as long",
		COMMANDS, scene->pool, arm.wall_us / arm.cpu_us);
	harness_free(&rounds);
	return error;
}

ROW_FUNCTION(drain_ndjson)
{
	struct scene scene;
	int error = scene_open(bench, row->name, &scene, into);

	if (!error)
		error = scene_compile(&scene, &(struct scene_policy){ 0 }, into);
	if (!error)
		error = measure(&scene, into);
	scene_close(&scene);
	return error;
}
