/*
 * Services with a sender thread in them: what it takes of memory, what an exit takes while it is
 * stuck in a dead network, and what the host's own fast paths take beside it. The plain program,
 * its twin and the service are started together, and measured in random order once the sender is at
 * work: it rests for a quarter of a second first.
 */
#include "tests/bench/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/sender_thread.h"
#include "base/slot.h"
#include "tests/bench/dead_end.h"
#include "tests/bench/scene.h"
#include "tests/bench/waiting.h"

#define ARMS	   3
#define BATCH	   10 /* rounds whose programs live at the same time */
#define PATIENCE_S 5
#define HELPERS_MS 1500 /* after which those of a batch have given up */

enum service_arm { ARM_PLAIN, ARM_TWIN, ARM_SERVICE };

struct service;

/* One figure of a program that waits; it has ended afterwards. */
typedef int (*service_fn)(const struct service *service, struct waiting *host, double *value);

struct service {
	struct scene *scene;
	const char *const *argv;
	service_fn measure;
	/* A silent end: measured once the request is there; NULL: a moment after the sender began.
	 */
	struct dead_end *end;
	const char *maps; /* of the plain program */
};

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

static uint32_t way_of(struct pool *pool, pid_t pid)
{
	struct slot_ref slot;
	uint32_t at = 0;

	if (!slot_names(pool, (uint32_t)pid, &at))
		return SENDER_UNDECIDED;
	slot_view(pool, at, &slot);
	return atomic_load(&slot.slot->sender);
}

/* 0 once the sender of that process is at work. */
static int await_sender(const struct service *service, pid_t pid)
{
	double until = now_us() + PATIENCE_S * 1e6;
	struct pool pool;
	enum reason why;
	uint32_t way;
	int error = pool_open(&pool, geteuid(), service->scene->state, false, true, &why);

	if (error)
		return error;
	do {
		way = way_of(&pool, pid);
		if (way != SENDER_AT_WORK)
			nap_ms(2);
	} while (way != SENDER_AT_WORK && now_us() < until);
	pool_close(&pool);
	return way == SENDER_AT_WORK ? 0 : -ETIME;
}

static int start_all(const struct service *service, struct waiting host[BATCH][ARMS], size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (int arm = 0; arm < ARMS; arm++) {
			const char *const *envp =
				service->scene
					->env[arm == ARM_SERVICE ? SCENE_ENABLED : SCENE_PLAIN];
			int error = waiting_start(service->argv, envp, &host[i][arm]);

			if (error)
				return error;
		}
	for (size_t i = 0; i < count; i++) {
		int error = await_sender(service, host[i][ARM_SERVICE].pid);

		if (error)
			return error;
	}
	return 0;
}

static int measure_all(const struct service *service, struct waiting host[BATCH][ARMS],
		       size_t count, struct rounds *rounds, size_t from)
{
	for (size_t i = 0; i < count; i++) {
		int order[ARMS] = { ARM_PLAIN, ARM_TWIN, ARM_SERVICE };

		for (int n = 0; n < ARMS; n++) {
			int other = n + (int)(statistics_random() % (uint64_t)(ARMS - n));
			int arm = order[other];

			order[other] = order[n];
			int error = service->measure(service, &host[i][arm],
						     &rounds->arm[arm][from + i]);

			host[i][arm].pid = 0;
			if (error)
				return error;
		}
	}
	return 0;
}

static int into_the_network(const struct service *service)
{
	if (service->end)
		return dead_end_await(service->end, PATIENCE_S * 1000);
	nap_ms(100);
	return 0;
}

static int run_batch(const struct service *service, size_t count, struct rounds *rounds,
		     size_t from)
{
	struct waiting host[BATCH][ARMS] = { 0 };
	int error;

	if (service->end)
		dead_end_forget(service->end);
	error = start_all(service, host, count);
	if (!error)
		error = into_the_network(service);
	if (!error)
		error = measure_all(service, host, count, rounds, from);
	for (size_t i = 0; i < count; i++)
		for (int arm = 0; arm < ARMS; arm++)
			if (host[i][arm].pid > 0)
				waiting_end(&host[i][arm]);
	nap_ms(HELPERS_MS);
	scene_drain_briefly(service->scene);
	return error;
}

static int run_rounds(const struct service *service, size_t count, size_t batch,
		      struct rounds *rounds, struct measured *into)
{
	*rounds = (struct rounds){ .arms = ARMS, .count = count };
	for (int arm = 0; arm < ARMS; arm++) {
		rounds->arm[arm] = calloc(count, sizeof(double));
		if (!rounds->arm[arm])
			return -ENOMEM;
	}
	for (size_t from = 0; from < count; from += batch) {
		size_t some = count - from < batch ? count - from : batch;
		int error = run_batch(service, some, rounds, from);

		if (error)
			return harness_fail(
				into, error,
				"a program failed, or its sender did not begin, or ask");
	}
	return 0;
}

/* In a network of that kind. */
static int open_service(const struct bench *bench, const struct row *row, const char *network,
			struct scene *scene, struct dead_end *end, struct measured *into)
{
	char url[64];
	int error = scene_open(bench, row->name, scene, into);
	int opened = dead_end_open(end, network);

	if (!error && opened)
		error = harness_fail(into, opened, "no socket");
	snprintf(url, sizeof(url), "http://127.0.0.1:%u", end->port);
	if (!error)
		error = scene_compile(scene, &(struct scene_policy){ .url = url, .service = true },
				      into);
	return error;
}

/* Whoever else happens to have libcurl at work would make it less: they all count as not there. */
static int measure_memory(const struct service *service, struct waiting *host, double *value)
{
	int error = waiting_alone_kb(host->pid, service->maps, value);
	int ended = waiting_end(host);

	return error ? error : ended;
}

static int read_plain_maps(const struct scene *scene, char *into, size_t bytes)
{
	struct waiting cat;
	char path[64];
	FILE *file;
	int error = waiting_start(WAITING_CAT, scene->env[SCENE_PLAIN], &cat);

	if (error)
		return error;
	snprintf(path, sizeof(path), "/proc/%d/maps", cat.pid);
	file = fopen(path, "re");
	into[file ? fread(into, 1, bytes - 1, file) : 0] = '\0';
	if (file)
		fclose(file);
	error = waiting_end(&cat);
	return error ? error : into[0] ? 0 : -EIO;
}

ROW_FUNCTION(service_memory)
{
	static char maps[16384];
	struct scene scene;
	struct dead_end end;
	struct rounds rounds = { 0 };
	struct service service = { &scene, WAITING_CAT, measure_memory, &end, maps };
	int error = open_service(bench, row, "silent", &scene, &end, into);

	if (!error)
		error = read_plain_maps(&scene, maps, sizeof(maps));
	if (!error)
		error = run_rounds(&service, bench->quick ? 8 : 30, 1, &rounds, into);
	if (!error) {
		harness_describe(
			into,
			"cat, its sender waiting for an answer over http, libcurl and its "
			"libraries loaded, as if no other process had them; medians: plain "
			"%.0f KB, this %.0f KB",
			harness_median(&rounds, 0), harness_median(&rounds, 2));
		error = harness_difference(&rounds, 0, 0, into);
	}
	harness_free(&rounds);
	dead_end_close(&end);
	scene_close(&scene);
	return error;
}

/* From the end of its input to the news of its end. */
static int measure_exit(const struct service *service, struct waiting *host, double *value)
{
	double begun = now_us();
	int error;

	(void)service;
	close(host->in);
	error = spawn_wait(host->pid);
	*value = now_us() - begun;
	close(host->out);
	return error;
}

ROW_FUNCTION(service_exit)
{
	struct scene scene;
	struct dead_end end;
	struct rounds rounds = { 0 };
	struct service service = { &scene, WAITING_CAT, measure_exit, NULL, NULL };
	int error = open_service(bench, row, row->variant, &scene, &end, into);

	if (!error)
		error = run_rounds(&service, bench->quick ? 100 : 400, BATCH, &rounds, into);
	if (!error) {
		error = harness_difference(&rounds, 0, 0, into);
		harness_describe(into,
				 "cat from the end of its input to its parent's wait, a helper "
				 "spawned, %s; medians: plain %.0f us, this %.0f us",
				 row->variant, harness_median(&rounds, 0),
				 harness_median(&rounds, 2));
	}
	harness_free(&rounds);
	dead_end_close(&end);
	scene_close(&scene);
	return error;
}

/* What object/host.c prints of its loop. */
static int measure_path(const struct service *service, struct waiting *host, double *value)
{
	char line[40] = "";
	ssize_t got;

	(void)service;
	if (write(host->in, "y", 1) != 1)
		return -EPIPE;
	got = read(host->out, line, sizeof(line) - 1);
	*value = got > 0 ? atof(line) : 0;

	int ended = waiting_end(host);
	return ended ? ended : *value > 0 ? 0 : -ENODATA;
}

ROW_FUNCTION(service_paths)
{
	char host[600];
	const char *const argv[] = { host, row->variant, NULL };
	struct scene scene;
	struct dead_end end;
	struct rounds rounds = { 0 };
	struct service service = { &scene, argv, measure_path, NULL, NULL };
	int error = open_service(bench, row, "silent", &scene, &end, into);

	snprintf(host, sizeof(host), "%s/bench-host", bench->build);
	if (!error)
		error = run_rounds(&service, bench->quick ? 20 : 100, BATCH, &rounds, into);
	if (!error) {
		error = harness_ratio(&rounds, into);
		harness_describe(into,
				 "one round of a loop of 3,000,000 in a program of one thread and "
				 "the sender's; medians: plain %.2f ns, this %.2f ns",
				 harness_median(&rounds, 0), harness_median(&rounds, 2));
	}
	harness_free(&rounds);
	dead_end_close(&end);
	scene_close(&scene);
	return error;
}
