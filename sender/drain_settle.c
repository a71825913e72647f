/*
 * On behalf of a dead drainer: what its segment holds whole is committed in the slots it came from,
 * unless somebody has been there since.
 */
#include "sender/drain.h"

#include <errno.h>
#include <string.h>

#include "sender/drain_commit.h"
#include "sender/drain_schedules.h"
#include "sender/drain_steps.h"
#include "sender/open.h"

#define BOTH (DRAIN_DONE_START | DRAIN_DONE_STOP)

struct settling {
	struct drain *drain;
	struct segment *segment;
	uint32_t drainer;
};

static void put_state(void *context, const char *service, const char *name, const char *json,
		      size_t length)
{
	struct drain *d = context;

	memory_put(&d->memory, service, name, json, length);
}

/* What the moment remembers may not have reached the file. */
static void put_states(struct settling *s, const struct spool_mark *mark)
{
	uint32_t moments = mark->moments & BOTH;

	if (SPOOL_MOMENT_WHAT(mark->moments) & ~BOTH) {
		segment_each_state(s->segment, mark->lifecycle, mark->moments, put_state, s->drain);
		return;
	}
	for (uint32_t moment = 1; moment <= moments; moment *= 2)
		if (moments & moment)
			segment_each_state(s->segment, mark->lifecycle, moment, put_state,
					   s->drain);
}

static bool is_step(const struct spool_mark *mark)
{
	return SPOOL_MOMENT_WHAT(mark->moments) & (SPOOL_CALLS | SPOOL_TICK);
}

/* Of a schedule per installation, which no slot knows. */
static bool is_turn(const struct spool_mark *mark)
{
	return SPOOL_MOMENT_WHAT(mark->moments) == SPOOL_TICK &&
	       (SPOOL_MOMENT_NUMBER(mark->moments) & 0xff) == SLOT_TICKS;
}

static bool is_settled(const struct slot_ref *ref, const struct spool_mark *mark)
{
	if (is_step(mark))
		return !drain_step_is_open(ref, mark);
	return (DRAIN_DONE(atomic_load(&ref->slot->drain)) & mark->moments) == mark->moments;
}

/* Under the claim. */
static bool commit_step(struct drain *d, struct drain_claim *claim, const struct spool_mark *mark)
{
	const struct drain_step step = {
		.moment = mark->moments, .from = mark->from, .to = mark->to, .more = mark->more
	};
	bool done = drain_commit_step(d, &claim->ref, &step);

	drain_abandon(claim);
	return done;
}

static bool commit(struct drain *d, struct drain_claim *claim, const struct spool_mark *mark)
{
	if (is_step(mark))
		return commit_step(d, claim, mark);
	if (!drain_commit(claim, mark->moments))
		return false;
	if ((DRAIN_DONE(claim->word) | mark->moments) == BOTH) {
		drain_end_ticks(d, &claim->ref);
		drain_free(&claim->ref);
	}
	return true;
}

static void settle_turn(struct settling *s, const struct spool_mark *mark)
{
	uint8_t hash[16];
	int r;

	memcpy(hash, &mark->from, sizeof(mark->from));
	memcpy(hash + sizeof(mark->from), &mark->to, sizeof(mark->to));
	drain_save_schedules(s->drain);
	r = schedule_settle(s->drain->options->state, hash, SPOOL_TURN_TIME(mark->more),
			    SPOOL_TURN_DRAINER(mark->more));
	if (r == 1) {
		put_states(s, mark);
		stats_add(s->drain->stats, STATS_RECORDED, mark->events);
	} else if (r == -EEXIST) {
		drain_void(s->segment, mark->lifecycle, mark->moments);
	}
}

static void settle_one(void *context, const struct spool_mark *mark)
{
	struct settling *s = context;
	struct drain *d = s->drain;
	uint32_t number = mark->lifecycle & 0xffff;
	uint32_t holder = s->drainer;
	struct drain_claim claim;
	struct slot_ref ref;

	if (is_turn(mark)) {
		settle_turn(s, mark);
		return;
	}
	if (number >= d->pool->slots)
		return;
	slot_view(d->pool, number, &ref);
	if (ref.lifecycle != mark->lifecycle || CLAIM_STATE(atomic_load(ref.claim)) == CLAIM_FREE ||
	    is_settled(&ref, mark))
		return;
	if (!is_step(mark))
		drain_keep_open(d, &ref, mark->moments, mark->events, true);
	put_states(s, mark);
	if (drain_claim(d->pool, number, d->number, true, &claim, &holder)) {
		drain_void(s->segment, mark->lifecycle, mark->moments);
		return;
	}
	if (claim.ref.lifecycle != mark->lifecycle) {
		drain_abandon(&claim);
		drain_void(s->segment, mark->lifecycle, mark->moments);
	} else if (commit(d, &claim, mark)) {
		stats_add(d->stats, STATS_RECORDED, mark->events);
	} else {
		drain_void(s->segment, mark->lifecycle, mark->moments);
	}
}

void drain_settle(void *context, struct segment *segment, uint32_t drainer)
{
	struct settling settling = { context, segment, drainer };

	if (segment_each_end(segment, settle_one, &settling))
		return;
	memory_commit(&settling.drain->memory);
	open_settle(settling.drain->options->state, segment);
	segment_unload(segment);
	if (segment->pending.length)
		segment_write(segment, false);
}
