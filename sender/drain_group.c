/*
 * From a slot's copy to records. Events without a live destination leave no record, but their
 * moment is done all the same.
 */
#include "sender/drain_group.h"

#include <errno.h>
#include <string.h>

#include "sender/host.h"

#include "base/switches.h"

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

static int emit(void *context, const struct late_event *late)
{
	uint32_t number[SPOOL_ROUTES];
	struct drain *d = context;
	struct event event;

	for (uint32_t i = 0; i < late->refusal_count; i++)
		note_refusal(d, &late->refusals[i]);
	if (!late->route_count)
		return 0;
	event_from_late(&event, late, d->lifecycle, d->moment);
	d->error = number_routes(d, late, &event.routes, number);
	if (d->error)
		return d->error;
	segment_add_event_each(d->segment, &event, late->routes, number, late->route_count);
	d->events++;
	return 0;
}

static int write_moment(struct drain *d, const struct drain_group *group, unsigned moment)
{
	const struct stop_facts *stop = moment == DRAIN_DONE_STOP ? group->stop : NULL;
	bool untrusted = stop && stop->untrusted;
	struct late_process process = { .image = group->image,
					.start = group->start,
					.snapshot = d->payload,
					.stop = stop,
					.pool_id = d->pool->id,
					.lifecycle = group->lifecycle,
					.id = ids_get,
					.context = &d->ids,
					.host = host_get,
					.untrusted = untrusted,
					.probe = untrusted ? NULL : probes_ask,
					.probe_context = &d->probes };
	uint32_t before = d->events;
	uint32_t left_out = 0;
	int r;

	d->moment = moment;
	d->lifecycle = group->lifecycle;
	d->error = 0;
	r = late_events(&process, moment == DRAIN_DONE_STOP ? LATE_STOP : LATE_START, d->arena,
			LATE_ARENA, emit, d, &left_out);
	if (d->error)
		return d->error;
	if (d->probes.cancelled)
		return -EINTR;
	stats_add(d->stats, STATS_LEFT_OUT, left_out);
	if (r == -EBADMSG)
		pool_count(d->pool, POOL_DAMAGED, 1);
	segment_add_mark(d->segment, SPOOL_END, group->lifecycle, moment, d->events - before);
	return d->segment->pending.failed ? -ENOMEM : 0;
}

static int write_moments(struct drain *d, const struct drain_group *group)
{
	size_t length = d->segment->pending.length;
	uint32_t routes = d->segment->routes;
	int r = 0;

	d->events = 0;
	if (group->moments & DRAIN_DONE_START)
		r = write_moment(d, group, DRAIN_DONE_START);
	if (!r && group->moments & DRAIN_DONE_STOP)
		r = write_moment(d, group, DRAIN_DONE_STOP);
	if (r) {
		segment_cut_pending(d->segment, length, routes);
		d->events = 0;
	} else {
		d->bytes += d->segment->pending.length - length;
	}
	return r;
}

int drain_write_group(struct drain *d, const struct drain_group *group, struct segment **into)
{
	int r = spool_segment(d->spool, group->start->image, &d->segment);

	if (r)
		return r;
	probes_begin(&d->probes, group->start, group->lifecycle);
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
