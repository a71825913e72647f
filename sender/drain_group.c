/*
 * From a slot's copy to records. Events without a live destination leave no record, but their
 * moment is done all the same.
 */
#include "sender/drain_group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sender/host.h"

#include "base/switches.h"
#include "sender/drain_steps.h"

/* An event has no more destinations than a segment routes. */
static int number_routes(struct drain *d, const struct late_event *event, uint64_t *bits,
			 uint32_t number[SPOOL_ROUTES])
{
	*bits = 0;
	if (event->route_count > SPOOL_ROUTES)
		return -E2BIG;
	for (uint32_t i = 0; i < event->route_count; i++) {
		int r = segment_route(d->segment, &event->routes[i]);

		if (r < 0)
			return r;
		number[i] = (uint32_t)r;
		*bits |= UINT64_C(1) << r;
	}
	return 0;
}

static void note_refusal(struct drain *d, const struct late_refusal *refusal)
{
	struct drain_refusal *last = &d->refusal[d->refusals];

	stats_add(d->stats, STATS_REFUSED, 1);
	if (!refusal->asked)
		return;
	for (uint32_t i = 0; i < d->refusals; i++)
		if (d->refusal[i].destination == refusal->destination &&
		    !memcmp(d->refusal[i].image, d->segment->image, sizeof(last->image)))
			return;
	/* More are asked again, with the next event. */
	if (d->refusals == DRAIN_REFUSALS)
		return;
	memcpy(last->image, d->segment->image, sizeof(last->image));
	last->destination = refusal->destination;
	d->refusals++;
}

static bool is_off(const struct drain *d, const char *service)
{
	return switches_off(d->pool->header, switches_hash(service, strlen(service)));
}

static int emit(void *context, const struct late_event *late)
{
	uint32_t number[SPOOL_ROUTES];
	struct drain *d = context;
	struct event event;

	for (uint32_t i = 0; i < late->refusal_count; i++)
		note_refusal(d, &late->refusals[i]);
	if (!late->route_count)
		return 0;
	if (is_off(d, late->service)) {
		stats_add(d->stats, STATS_DISCARDED, late->route_count);
		return 0;
	}
	event_from_late(&event, late, d->lifecycle, d->moment);
	d->error = number_routes(d, late, &event.routes, number);
	if (d->error)
		return d->error;
	segment_add_event_each(d->segment, &event, late->routes, number, late->route_count);
	d->events++;
	return 0;
}

/* What the moment remembers stands before its mark. */
static void add_states(struct drain *d, uint64_t lifecycle, uint32_t moment)
{
	const struct memory_entry *entry = d->memory.staged;

	for (; entry; entry = entry->next)
		segment_add_state(d->segment, lifecycle, moment, entry->service, entry->name,
				  entry->json);
}

/* After a change of credentials, of which it is known when it was; the start was before it. */
static bool is_untrusted(const struct drain_group *group, enum late_moment which)
{
	if (which == LATE_START)
		return false;
	if (which == LATE_STOP)
		return group->stop->untrusted;
	return group->untrusted ||
	       (group->ref && atomic_load(&group->ref->slot->untrusted_ns) != 0);
}

int drain_write_moment(struct drain *d, const struct drain_group *group, enum late_moment which,
		       uint32_t moment)
{
	const struct stop_facts *stop = which == LATE_STOP ? group->stop : NULL;
	bool untrusted = is_untrusted(group, which);
	struct late_process process = { .image = group->image,
					.start = group->start,
					.snapshot = d->payload,
					.stop = stop,
					.call = d->call,
					.tick = d->turn,
					.pool_id = d->pool->id,
					.lifecycle = group->lifecycle,
					.measures = d->measures,
					.since = drain_since,
					.state = &d->memory.late,
					.id = ids_get,
					.context = &d->ids,
					.host = host_get,
					.untrusted = untrusted,
					.probe = untrusted ? NULL : probes_ask,
					.since_context = d,
					.probe_context = &d->probes };
	char frames[SLOT_FRAMES + 1];
	uint32_t left_out = 0;
	int r;

	if (stop && group->ref && !slot_read_frames(group->ref, frames, sizeof(frames)))
		process.frames = frames;
	d->moment = moment;
	d->lifecycle = group->lifecycle;
	d->error = 0;
	r = late_events(&process, which, d->arena, LATE_ARENA, emit, d, &left_out);
	if (d->memory.busy)
		d->error = d->error ? d->error : -EAGAIN;
	if (d->probes.cancelled)
		d->error = d->error ? d->error : -EINTR;
	if (d->error) {
		memory_drop(&d->memory);
		return d->error;
	}
	add_states(d, group->lifecycle, moment);
	memory_take(&d->memory);
	stats_add(d->stats, STATS_LEFT_OUT, left_out);
	if (r == -EBADMSG)
		pool_count(d->pool, POOL_DAMAGED, 1);
	return d->segment->pending.failed ? -ENOMEM : 0;
}

static int write_end(struct drain *d, const struct drain_group *group, enum late_moment which,
		     unsigned moment)
{
	uint32_t before = d->events;
	int r = drain_write_moment(d, group, which, moment);
	struct spool_mark mark = { .lifecycle = group->lifecycle,
				   .moments = moment,
				   .events = d->events - before };

	if (!r)
		segment_add_mark(d->segment, SPOOL_END, &mark);
	return r;
}

int drain_add_step(struct drain *d, const struct drain_step *step)
{
	struct drain_step *more;

	if (d->steps == d->step_room) {
		d->step_room = d->step_room ? 2 * d->step_room : 64;
		more = realloc(d->step, d->step_room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		d->step = more;
	}
	d->step[d->steps++] = *step;
	return 0;
}

/* In the order in which they happened. */
static int write_all(struct drain *d, const struct drain_group *group)
{
	int r = 0;

	d->events = 0;
	if (group->moments & DRAIN_DONE_START)
		r = write_end(d, group, LATE_START, DRAIN_DONE_START);
	if (!r && group->ref)
		r = drain_write_calls(d, group, group->stop != NULL);
	if (!r && group->ref && !group->stop)
		r = drain_write_ticks(d, group);
	if (!r && group->moments & DRAIN_DONE_STOP)
		r = write_end(d, group, LATE_STOP, DRAIN_DONE_STOP);
	return r;
}

static int write_moments(struct drain *d, const struct drain_group *group)
{
	size_t length = d->segment->pending.length;
	uint32_t routes = d->segment->routes;
	uint32_t steps = d->steps;
	int r = write_all(d, group);

	if (!r) {
		d->bytes += d->segment->pending.length - length;
		return 0;
	}
	segment_cut_pending(d->segment, length, routes);
	while (d->steps > steps)
		drain_forget_step(d, group->ref, &d->step[--d->steps]);
	d->events = 0;
	return r;
}

/* Where the calls of the group's process are counted: a worker counts into its service's slot. Who
 * can not carry the shim counts nothing, and its slot's counters are not its own. */
static bool counts_in(const struct drain *d, const struct drain_group *group, struct slot_ref *into)
{
	uint32_t number = group->start->ancestor & 0xffff;

	if (!group->ref || group->start->flags & (START_ONLY_CHILD | START_BY_PARENT))
		return false;
	*into = *group->ref;
	if (!(group->start->flags & START_WORKER))
		return true;
	if (number >= d->pool->slots)
		return false;
	slot_view(d->pool, number, into);
	return into->lifecycle == group->start->ancestor;
}

void drain_open_measures(struct drain *d, const struct drain_group *group)
{
	struct slot_ref slot;

	d->group = group;
	d->measures = NULL;
	if (group->start->service < group->image->tables->service_count &&
	    counts_in(d, group, &slot) &&
	    !measures_open(&slot, group->image, group->start->service, &d->measures_memory))
		d->measures = &d->measures_memory;
}

int drain_write_group(struct drain *d, const struct drain_group *group, struct segment **into)
{
	int r = spool_segment(d->spool, group->start->image, &d->segment);

	if (r)
		return r;
	probes_begin(&d->probes, group->start, group->lifecycle);
	drain_open_measures(d, group);
	r = write_moments(d, group);
	if (r == -E2BIG) {
		/* No room for its routes: a segment of its own. */
		d->segment->full = true;
		r = spool_segment(d->spool, group->start->image, &d->segment);
		if (!r)
			r = write_moments(d, group);
	}
	if (!r)
		*into = d->segment;
	return r;
}

static uint64_t count_waiting(struct segment *segment, uint32_t route)
{
	uint64_t waiting = 0;

	if (segment_load(segment))
		return 0;
	for (uint32_t i = 0; i < segment->items; i++)
		waiting += segment->item[i].routes >> route & 1 &&
			   segment->item[i].end > segment->route[route].acked;
	segment_unload(segment);
	return waiting;
}

static void erase(struct drain *d, struct segment *segment, const struct drain_refusal *refusal)
{
	if (memcmp(segment->image, refusal->image, sizeof(segment->image)) != 0)
		return;
	for (uint32_t i = 0; i < segment->routes; i++) {
		if (segment->route[i].destination != refusal->destination ||
		    segment->route[i].acked >= segment->end)
			continue;
		stats_add(d->stats, STATS_REFUSED, count_waiting(segment, i));
		segment_acknowledge(segment, i, segment->end);
	}
}

void drain_erase(struct drain *d)
{
	for (uint32_t i = 0; i < d->refusals; i++)
		for (uint32_t s = 0; s < d->spool->count; s++)
			erase(d, d->spool->held[s], &d->refusal[i]);
	if (d->refusals)
		spool_retire(d->spool);
	d->refusals = 0;
}
