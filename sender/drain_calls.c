/*
 * The ring: every committed record from ring_done on becomes its event.
 */
#include "sender/drain_steps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/call_format.h"

static bool has_ring(const struct slot_ref *ref)
{
	return ref->class.ring_bytes != 0;
}

static uint64_t real_time(const struct start_block *start, uint64_t boot_ns)
{
	return start->real_ns + (boot_ns - start->boot_ns);
}

/* What the record says is checked here; its text is the evaluator's to check. */
static int write_call(struct drain *d, const struct drain_group *group, uint64_t position)
{
	const struct ring_record *record = d->record;
	struct late_call call = { .record = (const void *)record->payload,
				  .bytes = record->length,
				  .position = position,
				  .real_ns = real_time(group->start, record->boot_ns),
				  .boot_ns = record->boot_ns };
	int error;

	if (record->type != CALL_RING_TYPE || record->length < sizeof(struct call_record))
		return 0;
	d->call = &call;
	error = drain_write_moment(d, group, LATE_CALL, d->moment);
	d->call = NULL;
	return error;
}

static void add_mark(struct drain *d, const struct drain_group *group,
		     const struct drain_step *step, uint32_t events)
{
	struct spool_mark mark = { .lifecycle = group->lifecycle,
				   .moments = step->moment,
				   .events = events,
				   .from = step->from,
				   .to = step->to,
				   .more = step->more };

	segment_add_mark(d->segment, SPOOL_END, &mark);
}

int drain_write_calls(struct drain *d, const struct drain_group *group, bool dead)
{
	struct ring_cursor cursor;
	struct drain_step step;
	uint32_t before = d->events;
	uint64_t position;
	int r = 0;

	if (!has_ring(group->ref))
		return 0;
	ring_begin(group->ref, dead, &cursor);
	step.from = cursor.position;
	step.moment = SPOOL_MOMENT(SPOOL_CALLS, (uint32_t)step.from & 0xffffff);
	d->moment = step.moment;
	while (!r && !ring_next(group->ref, &cursor, d->record, DRAIN_RECORD, &position))
		r = write_call(d, group, position);
	d->call = NULL;
	if (r || cursor.position == step.from)
		return r;
	step.to = cursor.position;
	step.more = cursor.freed;
	step.damaged = cursor.damaged;
	add_mark(d, group, &step, d->events - before);
	return drain_add_step(d, &step);
}

void drain_discard_calls(struct drain *d, struct slot_ref *ref, bool dead)
{
	struct ring_cursor cursor;
	uint64_t from, position;

	if (!has_ring(ref))
		return;
	ring_begin(ref, dead, &cursor);
	from = cursor.position;
	while (!ring_next(ref, &cursor, d->record, DRAIN_RECORD, &position))
		;
	ring_release(ref, from, &cursor);
}

static bool commit_calls(struct slot_ref *ref, const struct drain_step *step)
{
	struct ring_cursor cursor = { .position = step->to,
				      .freed = step->more,
				      .damaged = step->damaged };

	return ring_release(ref, step->from, &cursor);
}

bool drain_commit_step(struct drain *d, struct slot_ref *ref, const struct drain_step *step)
{
	uint64_t from = step->from;
	bool done;

	if (SPOOL_MOMENT_WHAT(step->moment) == SPOOL_CALLS)
		return commit_calls(ref, step);
	if (step->more >= SLOT_TICKS)
		return false;
	done = atomic_compare_exchange_strong(&ref->slot->tick[step->more], &from, step->to);
	baseline_remove(&d->baselines, ref->lifecycle, (uint32_t)step->more,
			done ? step->from : step->to);
	return done;
}

void drain_forget_step(struct drain *d, const struct slot_ref *ref, const struct drain_step *step)
{
	if (SPOOL_MOMENT_WHAT(step->moment) == SPOOL_TICK)
		baseline_remove(&d->baselines, ref->lifecycle, (uint32_t)step->more, step->to);
}

bool drain_step_is_open(const struct slot_ref *ref, const struct spool_mark *mark)
{
	if (SPOOL_MOMENT_WHAT(mark->moments) == SPOOL_CALLS)
		return has_ring(ref) && atomic_load(&ref->slot->ring_done) == mark->from;
	return mark->more < SLOT_TICKS && atomic_load(&ref->slot->tick[mark->more]) == mark->from;
}

bool drain_has_steps(const struct drain_group *group)
{
	struct slot *slot = group->ref->slot;

	if (has_ring(group->ref) &&
	    atomic_load_explicit(&slot->ring_done, memory_order_relaxed) !=
		    atomic_load_explicit(&slot->ring_tail, memory_order_relaxed))
		return true;
	return drain_tick_is_due(group);
}
