/*
 * What a hooked call costs: a program (object/caller.c) calls a function of another object that
 * does nothing, in a loop, and tells the CPU time of one call. Its arms are the plain program, its
 * twin, and the program as a service whose policy names the function; or as others trace it.
 */
#include "tests/bench/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/scene.h"

#define WORDS 12

/* The functions of object/callee.h, as a policy sees them. */
static const struct scene_policy hooked = {
	.later = true,
	.measures = "      counted: { call: bench_counted, count: calls }\n"
		    "      result: { call: \"int bench_result(int a, int b)\", sum: "
		    "\"${call.result}\" }\n"
		    "      timed: { call: \"int bench_timed(int a, int b)\", histogram: "
		    "duration_ms }\n",
	.calls = "      called:\n"
		 "        when: { call: \"int bench_event(int a, int b)\" }\n"
		 "        properties: { a: { parameter: a }, b: { parameter: b } }\n"
		 "      seen:\n"
		 "        when: stop\n"
		 "        properties:\n"
		 "          counted: ${measure.counted}\n"
		 "          result: ${measure.result.count}\n"
		 "          timed: ${measure.timed.count}\n",
};

/* Of the scene's events. */
static size_t lines_with(const struct scene *scene, const char *text)
{
	FILE *file = fopen(scene->events, "re");
	size_t room = 0, lines = 0;
	char *line = NULL;

	while (file && getline(&line, &room, file) > 0)
		lines += strstr(line, text) != NULL;
	free(line);
	if (file)
		fclose(file);
	return lines;
}

/* A row that counts nothing is no row. */
static int check_seen(struct scene *scene, const char *function, long calls, size_t samples,
		      struct measured *into)
{
	bool event = !strcmp(function, "event");
	size_t wanted = event ? samples * (size_t)calls : samples, seen;
	char text[80] = "\"event\":\"called\"";
	int error = scene_drain(scene);

	if (!event)
		snprintf(text, sizeof(text), "\"%s\":%ld", function, calls);
	seen = lines_with(scene, text);
	if (!error && seen < wanted)
		error = -ENODATA;
	return error ? harness_fail(into, error, "%zu of %zu records say %s", seen, wanted, text)
		     : 0;
}

struct caller {
	const char *argv[WORDS];
	const char *const *envp;
	const char *before; /* a folder that is removed first; NULL: none */
};

static int read_figure(int file, double *value)
{
	char text[64];
	ssize_t length = read(file, text, sizeof(text) - 1);

	if (length <= 0)
		return -EIO;
	text[length] = '\0';
	*value = atof(text);
	return *value > 0 ? 0 : -EIO;
}

/* An arm: the nanoseconds that the program prints. */
static int call_many(void *context, double *value)
{
	const struct caller *caller = context;
	int null = spawn_null(), ends[2], error, status;
	pid_t pid;

	if (pipe(ends) < 0)
		return -errno;
	pid = spawn_start(caller->argv, caller->envp, null, ends[1], null);
	close(ends[1]);
	error = pid < 0 ? pid : read_figure(ends[0], value);
	close(ends[0]);
	status = pid < 0 ? 0 : spawn_wait(pid);
	return error ? error : status;
}

static void set_words(struct caller *caller, const char *program, const char *function,
		      const char *calls, const char *threads, const char *warm_up)
{
	const char **word = caller->argv;

	while (*word)
		word++;
	*word++ = program;
	*word++ = function;
	*word++ = calls;
	*word++ = threads;
	*word = warm_up;
}

static int measure(const struct bench *bench, struct caller *const arm[3], size_t quick,
		   struct rounds *rounds, struct scene *drained)
{
	const struct arm arms[] = { { call_many, arm[0] },
				    { call_many, arm[1] },
				    { call_many, arm[2] } };
	const struct plan plan = {
		.arms = arms,
		.arm_count = arm[2] ? 3 : 2,
		.rounds = bench->quick ? quick : quick * 5,
		.warm_up = 2,
		.every = drained ? 20 : 0,
		.between = scene_drain,
		.context = drained,
	};

	return harness_rounds(&plan, rounds);
}

/* Variant: function, number of calls. */
static int with_scene(const struct row *row, struct scene *scene, struct measured *into)
{
	bool event = !strcmp(row->variant, "event"), ratio = !strcmp(row->unit, "x");
	/* As many events as the ring holds. */
	const char *calls = event ? "200" : "2000000", *warm_up = event ? "16" : "1000";
	char program[600];
	struct caller plain = { .envp = scene->env[SCENE_PLAIN] };
	struct caller with = { .envp = scene->env[SCENE_ENABLED] };
	struct rounds rounds;
	int error;

	snprintf(program, sizeof(program), "%s/bench-caller", scene->bench->build);
	set_words(&plain, program, row->variant, calls, "1", warm_up);
	set_words(&with, program, row->variant, calls, "1", warm_up);
	spawn_pin(spawn_cores() - 1);
	error = measure(scene->bench, (struct caller *const[]){ &plain, &plain, &with },
			event ? 200 : 60, &rounds, scene);
	spawn_unpin();
	if (error)
		harness_fail(into, error, "the caller or the drain between rounds failed");
	else
		error = ratio ? harness_ratio(&rounds, into)
			      : harness_difference(&rounds, 0, 0, into);
	if (!error)
		error = check_seen(scene, row->variant, atol(calls) + atol(warm_up), rounds.count,
				   into);
	harness_describe(
		into,
		"%s calls a sample, one thread, of int f(int, int); medians: plain %.2f ns, "
		"this %.2f ns",
		calls, harness_median(&rounds, 0), harness_median(&rounds, 2));
	harness_free(&rounds);
	return error;
}

ROW_FUNCTION(call_cost)
{
	struct scene scene;
	int error = scene_open(bench, row->name, &scene, into);

	if (!error)
		error = scene_compile(&scene, &hooked, into);
	if (!error)
		error = with_scene(row, &scene, into);
	scene_close(&scene);
	return error;
}

static int two_threads(struct scene *scene, struct measured *into)
{
	char program[600];
	struct caller one = { .envp = scene->env[SCENE_ENABLED] };
	struct caller two = { .envp = scene->env[SCENE_ENABLED] };
	struct rounds rounds;
	int error;

	snprintf(program, sizeof(program), "%s/bench-caller", scene->bench->build);
	set_words(&one, program, "counted", "2000000", "1", "1000");
	set_words(&two, program, "counted", "2000000", "2", "1000");
	error = measure(scene->bench, (struct caller *const[]){ &one, &one, &two }, 60, &rounds,
			scene);
	if (error)
		harness_fail(into, error, "the caller or the drain between rounds failed");
	else
		error = harness_ratio(&rounds, into);
	if (!error)
		error = check_seen(scene, "counted", 2 * 2001000, rounds.count, into);
	harness_describe(
		into, "2,000,000 calls a sample by each thread; medians: one %.2f ns, two %.2f ns",
		harness_median(&rounds, 0), harness_median(&rounds, 2));
	harness_free(&rounds);
	return error;
}

ROW_FUNCTION(call_threads)
{
	struct scene scene;
	int error = spawn_cores() < 2 ? -EINVAL : scene_open(bench, row->name, &scene, into);

	if (spawn_cores() < 2)
		return harness_fail(into, error, "needs 2 cores");
	if (!error)
		error = scene_compile(&scene, &hooked, into);
	if (!error)
		error = two_threads(&scene, into);
	scene_close(&scene);
	return error;
}

/* A script of this folder's. */
static int lttng(const struct bench *bench, const char *what)
{
	char script[600];
	const char *argv[] = { script, what, bench->folder, NULL };
	struct spent spent;

	snprintf(script, sizeof(script), "%s/lttng.sh", bench->build);
	return spawn_run(argv, (const char *const *)environ, &spent);
}

static const struct {
	const char *name;
	const char *words[7]; /* before the program */
	const char *program;
	const char *function;
	const char *calls;
} peers[] = {
	{ "uftrace",
	  { "/usr/bin/uftrace", "record", "--force", "-d" },
	  "caller",
	  "traced",
	  "200000" },
	{ "ltrace",
	  { "/usr/bin/ltrace", "-o", "/dev/null", "-e", "bench_traced" },
	  "caller",
	  "traced",
	  "1000" },
	{ "lttng", { NULL }, "tracepoint", "tracepoint", "200000" },
};

static int peer(const struct bench *bench, size_t which, struct measured *into)
{
	char program[600], trace[600];
	struct caller caller = { .envp = (const char *const *)environ };
	size_t words = 0;
	struct rounds rounds;
	int error;

	snprintf(program, sizeof(program), "%s/bench-%s", bench->build, peers[which].program);
	snprintf(trace, sizeof(trace), "%s/peer-trace", bench->folder);
	for (; peers[which].words[words]; words++)
		caller.argv[words] = peers[which].words[words];
	if (words && !strcmp(caller.argv[words - 1], "-d"))
		caller.argv[words] = trace;
	set_words(&caller, program, peers[which].function, peers[which].calls, "1", "100");
	if (access(caller.argv[0], X_OK) < 0)
		return harness_fail(into, -ENOENT, "%s is not installed", peers[which].name);
	error = measure(bench, (struct caller *const[]){ &caller, &caller, NULL }, 6, &rounds,
			NULL);
	if (error)
		harness_fail(into, error, "%s failed", peers[which].name);
	else
		error = harness_absolute(&rounds, into);
	harness_describe(into, "%s calls a sample, one thread", peers[which].calls);
	harness_free(&rounds);
	return error;
}

ROW_FUNCTION(call_peer)
{
	size_t which = 0;
	bool session;
	int error;

	while (strcmp(peers[which].name, row->variant) != 0)
		if (++which == sizeof(peers) / sizeof(peers[0]))
			return harness_fail(into, -EINVAL, "%s", row->variant);
	session = !strcmp(row->variant, "lttng");
	if (session && lttng(bench, "begin"))
		return harness_fail(into, -ENOENT, "LTTng is not installed, or gave no session");
	error = peer(bench, which, into);
	if (session)
		lttng(bench, "end");
	return error;
}
