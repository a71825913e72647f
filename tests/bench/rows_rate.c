/*
 * Commands started one after the other, as fast as it goes, for a minute, with `bookend flush
 * --follow` draining to a file at the same time on the same cores. The clock of a preloaded arm
 * stops when the last event is delivered, so that a drainer that falls behind is paid for; an event
 * that is missing fails the row.
 */
#include "tests/bench/rows.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/scene.h"

struct rate_arm {
	struct scene *scene;
	int starters;
	bool enabled;
	double seconds;
	uint64_t started; /* so far */
	uint64_t lost;	  /* events that were not delivered, so far */
};

/* What a run found. */
struct run {
	int starters;
	struct rounds rounds;
	char setting[sizeof(((struct measured *)NULL)->setting)];
};

static double now_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A starter's whole life: one command after the other until the end, then the number into the pipe.
 */
static int start_commands(const struct rate_arm *arm, double end, int result)
{
	static const char *const argv[] = { "/bin/true", NULL };
	enum scene_arm which = arm->enabled ? SCENE_ENABLED : SCENE_PLAIN;
	uint64_t started = 0;
	struct spent spent;

	while (now_seconds() < end) {
		if (spawn_run(argv, arm->scene->env[which], &spent))
			return 1;
		started++;
	}
	return write(result, &started, sizeof(started)) != sizeof(started);
}

/* Commands started by all starters together, or -errno. */
static int run_starters(const struct rate_arm *arm, uint64_t *started)
{
	pid_t pids[8];
	int pipes[2], error = 0;
	double end = now_seconds() + arm->seconds;

	if (pipe(pipes) < 0)
		return -errno;
	for (int i = 0; i < arm->starters; i++) {
		pids[i] = fork();
		if (!pids[i])
			_exit(start_commands(arm, end, pipes[1]));
		if (pids[i] < 0)
			error = -errno;
	}
	close(pipes[1]);

	uint64_t count;
	*started = 0;
	while (read(pipes[0], &count, sizeof(count)) == sizeof(count))
		*started += count;
	close(pipes[0]);
	for (int i = 0; i < arm->starters; i++)
		if (pids[i] > 0 && spawn_wait(pids[i]))
			error = -ECHILD;
	return error;
}

static int start_follower(const struct scene *scene, pid_t *pid)
{
	char tool[600];
	const char *argv[] = { tool, "flush", "--follow", NULL };

	snprintf(tool, sizeof(tool), "%s/bookend", scene->bench->build);
	*pid = spawn_start(argv, scene->tool_env, spawn_null(), spawn_null(), spawn_null());
	return *pid < 0 ? *pid : 0;
}

/* With the follower at work, until all is delivered. */
static int run_drained(struct rate_arm *arm, uint64_t *started)
{
	pid_t follower;
	int error = start_follower(arm->scene, &follower);

	if (error)
		return error;
	error = run_starters(arm, started);
	kill(follower, SIGTERM);
	spawn_wait(follower);
	if (!error)
		error = scene_drain(arm->scene);

	uint64_t delivered = scene_lines(arm->scene);
	scene_forget_lines(arm->scene);
	if (delivered != 2 * *started)
		arm->lost += 2 * *started - delivered;
	return error;
}

static int run_rate(void *context, double *value)
{
	struct rate_arm *arm = context;
	uint64_t started = 0;
	double begin = now_seconds();
	int error = arm->enabled ? run_drained(arm, &started) : run_starters(arm, &started);

	arm->started += started;
	*value = (double)started / (now_seconds() - begin);
	return error;
}

/* 0, or -errno with into->failure filled. */
static int run_all(struct scene *scene, int starters, struct rounds *rounds, struct measured *into)
{
	double seconds = scene->bench->seconds;
	struct rate_arm plain = { scene, starters, false, seconds / 6, 0, 0 };
	struct rate_arm enabled = { scene, starters, true, seconds, 0, 0 };
	const struct arm arms[] = {
		{ run_rate, &plain },
		{ run_rate, &plain },
		{ run_rate, &enabled },
	};
	const struct plan plan = { .arms = arms, .arm_count = 3, .rounds = 3 };
	int error = harness_rounds(&plan, rounds);

	if (error)
		return harness_fail(into, error, "a command or the drain failed");
	if (enabled.lost) {
		harness_fail(into, 0, "%lu events of %lu commands were not delivered",
			     (unsigned long)enabled.lost, (unsigned long)enabled.started);
		return -ENODATA;
	}
	harness_describe(
		into,
		"%d x /bin/true, %.0f s at a time, flush --follow to an ndjson file, pool in %s; "
		"%lu commands, all delivered; medians: plain %.0f/s, this %.0f/s",
		starters, seconds, scene->pool, (unsigned long)enabled.started,
		harness_median(rounds, 0), harness_median(rounds, 2));
	return 0;
}

static int measure(const struct bench *bench, const struct row *row, struct run *run,
		   struct measured *into)
{
	struct scene scene;
	int error = scene_open(bench, row->name, &scene, into);

	if (!error)
		error = scene_compile(&scene, &(struct scene_policy){ 0 }, into);
	if (!error)
		error = run_all(&scene, run->starters, &run->rounds, into);
	memcpy(run->setting, into->setting, sizeof(run->setting));
	scene_close(&scene);
	return error;
}

/* The preloaded arm alone; its twin is one round against the next. */
static int absolute(const struct rounds *rounds, struct measured *into)
{
	double *next = calloc(rounds->count, sizeof(*next));
	struct rounds shifted = { .arm = { rounds->arm[2], next },
				  .arms = 2,
				  .count = rounds->count };

	if (!next)
		return -ENOMEM;
	for (size_t i = 0; i < rounds->count; i++)
		next[i] = rounds->arm[2][(i + 1) % rounds->count];

	int error = harness_absolute(&shifted, into);
	free(next);
	return error;
}

ROW_FUNCTION(rate_sustained)
{
	/* Minutes long: the row of the floor looks at the run of the row before it. */
	static struct run last;
	struct run run = { .starters = strcmp(row->variant, "one") ? spawn_cores() : 1 };
	bool floor = !strcmp(row->variant, "floor");
	int error = 0;

	if (floor && last.starters == run.starters) {
		run = last;
		memcpy(into->setting, run.setting, sizeof(into->setting));
	} else {
		error = measure(bench, row, &run, into);
	}
	if (!error)
		error = floor ? absolute(&run.rounds, into) : harness_ratio(&run.rounds, into);
	if (error || last.starters == run.starters)
		return error; /* what is kept is the bench's until its end */
	harness_free(&last.rounds);
	last = run;
	return 0;
}
