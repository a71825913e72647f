/*
 * What a preloaded object adds to a start: CPU time against an empty object's, wall time against
 * the plain program's.
 */
#include "tests/bench/rows.h"

#include <errno.h>
#include <string.h>

#include "tests/bench/command_rounds.h"

static void describe(const struct scene *scene, const char *program, const double *medians,
		     bool enabled, struct measured *into)
{
	harness_describe(
		into,
		"%s, 20 variables%s%s; medians: plain %.0f us, yardstick %.0f us, this %.0f us",
		program, enabled ? ", policy with 2 events of 4 and 7 properties, pool in " : "",
		enabled ? scene->pool : "", medians[0], medians[1], medians[2]);
}

static int measure_added(struct scene *scene, enum scene_arm which, struct measured *into)
{
	static const char *const argv[] = { "/bin/true", NULL };
	struct scene_run plain = { argv, scene->env[SCENE_PLAIN], false };
	struct scene_run empty = { argv, scene->env[SCENE_EMPTY], false };
	struct scene_run twin = { argv, scene->env[SCENE_TWIN], false };
	struct scene_run candidate = { argv, scene->env[which], false };
	const struct arm arms[] = {
		{ scene_run, &plain },
		{ scene_run, &empty },
		{ scene_run, &twin },
		{ scene_run, &candidate },
	};
	bool enabled = which == SCENE_ENABLED;
	const struct command_plan plan = {
		.arms = arms,
		.arm_count = 4,
		.rounds = scene->bench->quick ? 1000 : 5000,
		.scenes = { { scene, enabled } },
		.scene_count = 1,
		.drain = scene_drain,
	};
	struct rounds rounds;
	int error = command_rounds(&plan, &rounds, into);

	if (!error) {
		double medians[] = { harness_median(&rounds, 0), harness_median(&rounds, 1),
				     harness_median(&rounds, 3) };
		describe(scene, argv[0], medians, enabled, into);
		error = harness_added(&rounds, into);
	}
	harness_free(&rounds);
	return error;
}

ROW_FUNCTION(startup_added)
{
	enum scene_arm which = strcmp(row->variant, "inert") ? SCENE_ENABLED : SCENE_INERT;
	struct scene scene;
	int error = scene_open(bench, row->name, &scene, into);

	if (!error && which == SCENE_ENABLED)
		error = scene_compile(&scene, &(struct scene_policy){ 0 }, into);
	if (!error)
		error = measure_added(&scene, which, into);
	scene_close(&scene);
	return error;
}

static int measure_wall(struct scene *scene, const char *const *argv, struct measured *into)
{
	struct scene_run plain = { argv, scene->env[SCENE_PLAIN], true };
	struct scene_run enabled = { argv, scene->env[SCENE_ENABLED], true };
	const struct arm arms[] = {
		{ scene_run, &plain },
		{ scene_run, &plain },
		{ scene_run, &enabled },
	};
	bool slow = strstr(argv[0], "python") != NULL;
	const struct command_plan plan = {
		.arms = arms,
		.arm_count = 3,
		.rounds = (scene->bench->quick ? 600 : 3000) / (slow ? 3 : 1),
		.scenes = { { scene, 1 } },
		.scene_count = 1,
		.drain = scene_drain,
	};
	struct rounds rounds;
	int error = command_rounds(&plan, &rounds, into);

	if (!error) {
		double medians[] = { harness_median(&rounds, 0), harness_median(&rounds, 1),
				     harness_median(&rounds, 2) };
		describe(scene, argv[0], medians, true, into);
		error = harness_ratio(&rounds, into);
	}
	harness_free(&rounds);
	return error;
}

ROW_FUNCTION(startup_wall)
{
	static const char *const commands[][4] = {
		{ "/bin/true" },
		{ "/usr/bin/git", "--version" },
		{ "/bin/bash", "-c", ":" },
		{ "/usr/bin/python3", "-c", "pass" },
	};
	size_t i = 0;

	while (strcmp(commands[i][0], row->variant) != 0)
		if (++i == sizeof(commands) / sizeof(commands[0]))
			return harness_fail(into, -EINVAL, "%s", row->variant);

	struct scene scene;
	int error = scene_open(bench, row->name, &scene, into);
	if (!error)
		error = scene_compile(&scene, &(struct scene_policy){ 0 }, into);
	if (!error)
		error = measure_wall(&scene, commands[i], into);
	scene_close(&scene);
	return error;
}
