/*
 * Private memory of a waiting program: Private_Clean + Private_Dirty of /proc/PID/smaps_rollup. The
 * program is cat, stopped where it waits for the second byte of its input. No other process has the
 * object mapped, so that its file-backed pages count in full: on a machine where every program
 * preloads it, they are shared.
 */
#include "tests/bench/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/command_rounds.h"

static int private_kb(pid_t pid, double *into)
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);

	FILE *file = fopen(path, "re");
	if (!file)
		return -errno;
	*into = 0;
	while (fgets(line, sizeof(line), file)) {
		long kb;

		if (sscanf(line, "Private_Clean: %ld kB", &kb) == 1 ||
		    sscanf(line, "Private_Dirty: %ld kB", &kb) == 1)
			*into += (double)kb;
	}
	fclose(file);
	return 0;
}

/* A cat that has echoed one byte and waits for the next. */
struct waiting {
	pid_t pid;
	int in;
	int out;
};

static int start_cat(const char *const *envp, struct waiting *cat)
{
	static const char *const argv[] = { "/bin/cat", NULL };
	int in[2], out[2];
	char byte = 'x';

	if (pipe2(in, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return -errno;
	}
	*cat = (struct waiting){ spawn_start(argv, envp, in[0], out[1], spawn_null()), in[1],
				 out[0] };
	close(in[0]);
	close(out[1]);
	if (cat->pid < 0)
		return cat->pid;
	return write(cat->in, &byte, 1) == 1 && read(cat->out, &byte, 1) == 1 ? 0 : -EIO;
}

static int end_cat(const struct waiting *cat)
{
	close(cat->in);
	close(cat->out);
	return cat->pid > 0 ? spawn_wait(cat->pid) : cat->pid;
}

static int run_cat(void *envp, double *value)
{
	struct waiting cat = { 0 };
	int error = start_cat(envp, &cat);

	if (!error)
		error = private_kb(cat.pid, value);

	int ended = cat.pid ? end_cat(&cat) : 0;
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
	int error = shared ? start_cat(scene->env[SCENE_INERT], &companion) : 0;

	if (error)
		harness_fail(into, error, "no companion");
	else
		error = measure(scene, which, shared ? " beside another, inert one" : "", into);
	if (companion.pid)
		end_cat(&companion);
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
