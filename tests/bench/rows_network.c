/*
 * A command whose telemetry has nowhere to go: the wall time of /bin/true, start and stop recorded,
 * against the plain program's. Whatever the network does, the command must not notice. All on
 * loopback.
 */
#include "tests/bench/rows.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/command_rounds.h"

#define FILLERS 4

/* A receiver that never answers, in one of three ways. */
struct dead_end {
	int listener;
	int filler[FILLERS];
	unsigned port;
};

/* Bound but not listening: connections are refused, and nobody else gets the port. */
static int bind_port(struct dead_end *end)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);

	end->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (end->listener < 0 ||
	    bind(end->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(end->listener, (struct sockaddr *)&address, &length) < 0)
		return -errno;
	end->port = ntohs(address.sin_port);
	return 0;
}

/* A full accept queue: Linux drops further connection requests without an answer. */
static int fill_queue(struct dead_end *end)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons((uint16_t)end->port) };

	for (int i = 0; i < FILLERS; i++) {
		end->filler[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (end->filler[i] < 0)
			return -errno;
		if (connect(end->filler[i], (struct sockaddr *)&address, sizeof(address)) < 0 &&
		    errno != EINPROGRESS)
			return -errno;
	}
	return 0;
}

static int dead_end_open(struct dead_end *end, const char *how)
{
	*end = (struct dead_end){ .listener = -1, .filler = { -1, -1, -1, -1 } };

	int error = bind_port(end);
	if (error || !strcmp(how, "closed"))
		return error;

	bool silent = !strcmp(how, "silent");
	if (listen(end->listener, silent ? 4096 : 0) < 0)
		return -errno;
	return silent ? 0 : fill_queue(end);
}

static void dead_end_close(struct dead_end *end)
{
	for (int i = 0; i < FILLERS; i++)
		if (end->filler[i] >= 0)
			close(end->filler[i]);
	if (end->listener >= 0)
		close(end->listener);
}

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
