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

/* Starts cat, has it echo one byte, looks, and lets it end. */
static int look(const char *const *envp, const int in[2], const int out[2], double *into)
{
	static const char *const argv[] = { "/bin/cat", NULL };
	char byte = 'x';
	pid_t pid = spawn_start(argv, envp, in[0], out[1], out[1]);

	if (pid < 0)
		return pid;

	int error = -EIO;
	if (write(in[1], &byte, 1) == 1 && read(out[0], &byte, 1) == 1 && byte == 'x')
		error = private_kb(pid, into);
	close(in[1]);

	int ended = spawn_wait(pid);
	return error ? error : ended;
}

static int run_cat(void *envp, double *value)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		close(in[1]);
		return -errno;
	}

	int error = look(envp, in, out, value); /* closes in[1] */
	close(in[0]);
	close(out[0]);
	close(out[1]);
	return error;
}

static int measure(struct scene *scene, enum scene_arm which, struct measured *into)
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
			into,
			"cat waiting for input, nothing else has the object mapped%s%s; medians: "
			"plain %.0f KB, this %.0f KB",
			which == SCENE_ENABLED ? ", pool in " : "",
			which == SCENE_ENABLED ? scene->pool : "", harness_median(&rounds, 0),
			harness_median(&rounds, 2));
		error = harness_difference(&rounds, 0, 0, into);
	}
	harness_free(&rounds);
	return error;
}

ROW_FUNCTION(memory_added)
{
	enum scene_arm which = strcmp(row->variant, "inert") ? SCENE_ENABLED : SCENE_INERT;
	struct scene scene;
	int error = scene_open(bench, row->name, &scene, into);

	if (!error && which == SCENE_ENABLED)
		error = scene_compile(&scene, &(struct scene_policy){ 0 }, into);
	if (!error)
		error = measure(&scene, which, into);
	scene_close(&scene);
	return error;
}
