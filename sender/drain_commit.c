/*
 * A claim is committed only after its records are durable; one that was lost meanwhile leaves a
 * void mark behind its records, before anything is sent.
 */
#include "sender/drain_commit.h"

#include <stdlib.h>
#include <string.h>

#include "sender/drain_schedules.h"
#include "sender/drain_steps.h"
#include "sender/open.h"
#include "sender/say.h"

#define COMMIT_NS (2 * CLOCK_SECOND) /* for many claims, well below the lease */
#define BOTH	  (DRAIN_DONE_START | DRAIN_DONE_STOP)

void drain_void(struct segment *segment, uint64_t lifecycle, uint32_t moments)
{
	struct spool_mark mark = { .lifecycle = lifecycle, .moments = moments };

	segment_add_mark(segment, SPOOL_VOID, &mark);
}

/* Everything pending to disk. The first error; what was not written is marked in the held claims.
 */
static int write_segments(struct drain *d)
{
	int first = 0;

	for (uint32_t i = 0; i < d->count; i++)
		d->held[i].written = d->held[i].segment == NULL;
	for (uint32_t i = 0; i < d->spool->count; i++) {
		struct segment *segment = d->spool->held[i];
		int r;

		buffer_free(&segment->own); /* of an earlier commit: one is enough in memory */
		if (!segment->pending.length)
			continue;
		r = segment_write(segment, true);
		if (r && !first)
			first = r;
		for (uint32_t h = 0; h < d->count; h++)
			if (d->held[h].segment == segment)
				d->held[h].written = r == 0;
	}
	return first;
}

/*
 * What receivers know has begun, and its end is not known: kept beside the spool. Before the
 * commit: whoever gets the slot next, because we were killed, comes through here again.
 */
void drain_keep_open(struct drain *d, const struct slot_ref *ref, unsigned moments, uint32_t events,
		     bool wait)
{
	struct start_block start;
	uint8_t *payload;

	if (moments == DRAIN_DONE_STOP)
		open_remove(d->options->state, d->pool->id, ref->lifecycle);
	if (moments != DRAIN_DONE_START || !events)
		return;
	payload = malloc(d->payload_bytes + 1);
	if (payload && !slot_read_start(ref, &start, payload, d->payload_bytes))
		open_add(d->options->state, d->pool, ref->lifecycle, &start, payload, wait);
	free(payload);
}

/* What lies between start and stop, before the claim goes. */
static void commit_steps(struct drain *d, struct drain_held *held)
{
	for (uint32_t i = 0; i < held->steps; i++) {
		const struct drain_step *step = &d->step[held->step + i];

		if (!held->written)
			drain_forget_step(d, &held->claim.ref, step);
		else if (!drain_commit_step(d, &held->claim.ref, step))
			drain_void(held->segment, held->claim.ref.lifecycle, step->moment);
	}
}

static void commit_claim(struct drain *d, struct drain_held *held, uint64_t written_ns)
{
	commit_steps(d, held);
	if (!held->written) {
		drain_abandon(&held->claim);
		return;
	}
	/* Not past the lease, when there are many and the disk is slow. */
	drain_keep_open(d, &held->claim.ref, held->moments, held->events,
			clock_boot_ns() - written_ns < COMMIT_NS);
	if (!drain_commit(&held->claim, held->moments)) {
		if (held->segment)
			drain_void(held->segment, held->claim.ref.lifecycle, held->moments);
		return;
	}
	stats_add(d->stats, STATS_RECORDED, held->events);
	if (((DRAIN_DONE(held->claim.word) | held->moments) & BOTH) != BOTH)
		return;
	drain_end_ticks(d, &held->claim.ref);
	drain_free(&held->claim.ref);
}

void drain_commit_memory(struct drain *d)
{
	int r = memory_commit(&d->memory);

	if (r)
		say(d->options, SAY_WARNING, "what policies remember can not be kept: %s",
		    strerror(-r));
}

int drain_commit_held(struct drain *d)
{
	uint64_t written_ns;
	int r;

	drain_save_schedules(d);
	r = write_segments(d);
	written_ns = clock_boot_ns();

	if (r)
		memory_forget(&d->memory);
	else
		drain_commit_memory(d);

	for (uint32_t i = 0; i < d->count; i++)
		commit_claim(d, &d->held[i], written_ns);
	d->count = 0;
	d->bytes = 0;
	d->steps = 0;
	for (uint32_t i = 0; i < d->spool->count; i++)
		if (d->spool->held[i]->pending.length)
			segment_write(d->spool->held[i], false);
	return r;
}
