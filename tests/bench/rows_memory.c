/*
 * Private memory of a waiting program: Private_Clean + Private_Dirty of /proc/PID/smaps_rollup. The
 * program is cat, stopped where it waits for the second byte of its input. No other process has the
 * object mapped, so that its file-backed pages count in full: on a machine where every program
 * preloads it, they are shared.
 */
#include "tests/bench/rows.h"

#include <string.h>

#include "tests/bench/command_rounds.h"
#include "tests/bench/waiting.h"

static int run_cat(void *envp, double *value)
{
	struct waiting cat = { 0 };
	int error = waiting_start(WAITING_CAT, envp, &cat);

	if (!error)
		error = waiting_private_kb(cat.pid, value);

	int ended = cat.pid ? waiting_end(&cat) : 0;
	return error ? error : ended;
}

static int measure(struct scene *scene, enum scene_arm which, const char *who,
		   struct measured *into)
{
	const struct arm arms[] = {
		{ run_cat, scene->env[SCENE_PLAIN] },
		{ run_cat, scene->env[SCENE_PLAIN] },
		{ run_cat, scene->env[which] },
	};
	const struct command_plan plan = {
		.arms = arms,
		.arm_count = 3,
		.rounds = scene->bench->quick ? 30 : 200,
		.scenes = { { scene, which == SCENE_ENABLED } },
		.scene_count = 1,
		.drain = scene_drain,
	};
	struct rounds rounds;
	int error = command_rounds(&plan, &rounds, into);

	if (!error) {
		harness_describe(
			into, "cat waiting for input%s%s%s; medians: plain %.0f KB, this %.0f KB",
			who, which == SCENE_ENABLED ? ", pool in " : "",
			which == SCENE_ENABLED ? scene->pool : "", harness_median(&rounds, 0),
			harness_median(&rounds, 2));
		error = harness_difference(&rounds, 0, 0, into);
	}
	harness_free(&rounds);
	return error;
}

/* With a companion that is preloaded and inert, or without. */
static int measure_with(struct scene *scene, enum scene_arm which, bool shared,
			struct measured *into)
{
	struct waiting companion = { 0 };
	int error = shared ? waiting_start(WAITING_CAT, scene->env[SCENE_INERT], &companion) : 0;

	if (error)
		harness_fail(into, error, "no companion");
	else
		error = measure(scene, which, shared ? " beside another, inert one" : "", into);
	if (companion.pid)
		waiting_end(&companion);
	return error;
}

ROW_FUNCTION(memory_added)
{
	enum scene_arm which = strncmp(row->variant, "inert", 5) ? SCENE_ENABLED : SCENE_INERT;
	struct scene scene;
	int error = scene_open(bench, row->name, &scene, into);

	if (!error && which == SCENE_ENABLED)
		error = scene_compile(&scene, &(struct scene_policy){ 0 }, into);
	if (!error)
		error = measure_with(&scene, which, strstr(row->variant, "shared") != NULL, into);
	scene_close(&scene);
	return error;
}
