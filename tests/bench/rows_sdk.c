/*
 * Delivered events a second: a flush of what commands recorded, by HTTP in acknowledged batches of
 * 100, beside the SDKs that a program would use instead, on a Node process of their own, to one
 * receiver. Wall time, from the first event handed over to the last one acknowledged.
 */
#include "tests/bench/rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/flush_child.h"
#include "tests/bench/receiver.h"

/* The same number of events from both. */
#define COMMANDS    1000
#define EACH	    20
#define EVENTS	    (COMMANDS * EACH)
#define EVENTS_TEXT "20000"

struct delivery {
	struct scene *scene;
	struct receiver *receiver;
	char url[64];
	const char *sdk; /* of tests/bench/sdk */
};

static int ours(void *context, double *value)
{
	static const char *const argv[] = { "/bin/true", NULL };
	struct delivery *d = context;
	struct flushed flushed = { 0 };
	struct spent spent;
	int error = scene_hold_helpers(d->scene);

	for (int i = 0; !error && i < COMMANDS; i++)
		error = spawn_run(argv, d->scene->env[SCENE_ENABLED], &spent);
	receiver_take(d->receiver);

	if (!error)
		error = flush_child(d->scene, &flushed);

	uint64_t events = receiver_take(d->receiver);
	if (!error && (events != EVENTS || flushed.events != events))
		error = -ENODATA;
	*value = (double)events / flushed.wall_us * 1e6;
	return error;
}

static int sdk(void *context, double *value)
{
	struct delivery *d = context;
	char command[1024];
	double ms = 0;

	receiver_take(d->receiver);
	snprintf(command, sizeof(command),
		 "cd '%s/sdk' && NODE_PATH=node_modules exec node %s.js '%s' " EVENTS_TEXT
		 " 2>/dev/null",
		 d->scene->bench->build, d->sdk, d->url);

	FILE *output = popen(command, "re");
	if (!output)
		return -errno;
	bool said = fscanf(output, "%lf", &ms) == 1;
	int status = pclose(output);
	uint64_t events = receiver_take(d->receiver);
	if (!said || status || events != EVENTS)
		return -ENODATA;
	*value = (double)events / ms * 1e3;
	return 0;
}

static int measure(struct delivery *d, struct measured *into)
{
	const struct arm arms[] = { { sdk, d }, { sdk, d }, { ours, d } };
	const struct plan plan = { .arms = arms,
				   .arm_count = 3,
				   .rounds = d->scene->bench->quick ? 3 : 11,
				   .warm_up = 1 };
	struct rounds rounds;
	int error = harness_rounds(&plan, &rounds);

	if (error)
		harness_fail(
			into, error,
			"a flush or node failed, or did not deliver everything (npm ci in %s/sdk)",
			d->scene->bench->build);
	else
		error = harness_ratio(&rounds, into);
	harness_describe(
		into,
		EVENTS_TEXT
		" events to one receiver on loopback, a second of wall time, batches of 100, "
		"4 properties, no TLS: %s %.0f, bookend flush %.0f",
		d->sdk, harness_median(&rounds, 0), harness_median(&rounds, 2));
	harness_free(&rounds);
	return error;
}

ROW_FUNCTION(sdk_delivered)
{
	struct scene scene;
	struct delivery d = { .scene = &scene, .sdk = row->variant };
	unsigned port = 0;
	int error = scene_open(bench, row->name, &scene, into);

	d.receiver = receiver_open(&port);
	snprintf(d.url, sizeof(d.url), "http://127.0.0.1:%u", port);
	if (!error && !d.receiver)
		error = harness_fail(into, -EIO, "no socket");
	if (!error)
		error = scene_compile(
			&scene, &(struct scene_policy){ .url = d.url, .more = EACH - 2 }, into);
	if (!error)
		error = measure(&d, into);
	if (d.receiver)
		receiver_close(d.receiver);
	scene_close(&scene);
	return error;
}
