/*
 * From a slot's copy to records. Events without a live destination leave no record, but their
 * moment is done all the same.
 */
#include "sender/drain_group.h"

#include <errno.h>
#include <string.h>

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

static int emit(void *context, const struct late_event *late)
{
	uint32_t number[SPOOL_ROUTES];
	struct drain *d = context;
	struct event event;

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
	struct late_process process = { .image = group->image,
					.start = group->start,
					.snapshot = d->payload,
					.stop = moment == DRAIN_DONE_STOP ? group->stop : NULL,
					.pool_id = d->pool->id,
					.lifecycle = group->lifecycle,
					.id = ids_get,
					.context = &d->ids,
					.probe = probes_ask,
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
