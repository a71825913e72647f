/*
 * A command whose telemetry has nowhere to go: the wall time of /bin/true, start and stop recorded,
 * against the plain program's. Whatever the network does, the command must not notice. All on
 * loopback.
 */
#include "tests/bench/rows.h"

#include <stdio.h>

#include "tests/bench/command_rounds.h"
#include "tests/bench/dead_end.h"

static int measure(struct scene *scene, const char *how, struct measured *into)
{
	static const char *const argv[] = { "/bin/true", NULL };
	struct scene_run plain = { argv, scene->env[SCENE_PLAIN], true };
	struct scene_run enabled = { argv, scene->env[SCENE_ENABLED], true };
	const struct arm arms[] = {
		{ scene_run, &plain },
		{ scene_run, &plain },
		{ scene_run, &enabled },
	};
	const struct command_plan plan = {
		.arms = arms,
		.arm_count = 3,
		.rounds = scene->bench->quick ? 400 : 2000,
		.scenes = { { scene, 1 } },
		.scene_count = 1,
		.drain = scene_drain_briefly,
	};
	struct rounds rounds;
	int error = command_rounds(&plan, &rounds, into);

	if (!error) {
		error = harness_difference(&rounds, 0.02, 300, into);
		harness_describe(
			into,
			"wall time of /bin/true, %s, segment to loopback, a flush of at most 100 "
			"ms every 50 "
			"rounds, pool in %s; medians: plain %.0f us, this %.0f us",
			how, scene->pool, harness_median(&rounds, 0), harness_median(&rounds, 2));
	}
	harness_free(&rounds);
	return error;
}

ROW_FUNCTION(network_exit)
{
	struct dead_end end;
	struct scene scene;
	char url[64];
	int error = scene_open(bench, row->name, &scene, into);
	int opened = dead_end_open(&end, row->variant);

	snprintf(url, sizeof(url), "http://127.0.0.1:%u", end.port);
	if (!error && opened)
		error = harness_fail(into, opened, "no socket");
	if (!error)
		error = scene_compile(&scene, &(struct scene_policy){ .url = url }, into);
	if (!error)
		error = measure(&scene, row->variant, into);
	dead_end_close(&end);
	scene_close(&scene);
	return error;
}
