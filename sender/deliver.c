/*
 * The scheduler. Segments are taken a few megabytes at a time, oldest first, so that memory stays
 * bounded however much waits; within such a window all routes run side by side.
 */
#include "sender/deliver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "sender/answer.h"
#include "sender/say.h"
#include "sender/sent_log.h"

#define WINDOW_BYTES  (4u << 20)
#define ROUTES_KEPT   64 /* with their connections, from window to window */
#define BACKOFF_LEAST (30 * CLOCK_SECOND)
#define BACKOFF_MOST  (3600 * CLOCK_SECOND)

uint64_t deliver_backoff_ns(uint32_t failures)
{
	uint32_t doublings = failures > 1 ? failures - 1 : 0;

	return doublings > 6 ? BACKOFF_MOST : BACKOFF_LEAST << doublings;
}

uint64_t deliver_rest_ns(const struct deliver *d)
{
	uint64_t rest = d->failures ? deliver_backoff_ns(d->failures) : 0;
	uint64_t asked = d->rest_s * CLOCK_SECOND;

	if (asked > BACKOFF_MOST)
		asked = BACKOFF_MOST;
	return asked > rest ? asked : rest;
}

void deliver_open(struct deliver *d, const struct sender_options *options, struct spool *spool,
		  struct images *images, struct stats *stats)
{
	*d = (struct deliver){
		.options = options, .spool = spool, .images = images, .stats = stats
	};
	stopped_open(&d->stopped, options->state);
}

static void *common_of(const struct deliver *d, const struct route *route)
{
	return d->transport[transport_place(route->transport)].common;
}

void deliver_close(struct deliver *d)
{
	for (uint32_t i = 0; i < d->routes; i++)
		route_free(d->route[i], common_of(d, d->route[i]));
	free(d->route);
	for (uint32_t i = 0; i < TRANSPORTS; i++)
		if (d->transport[i].open)
			transport_number(i)->close(d->transport[i].common);
	d->route = NULL;
	d->routes = 0;
	stopped_close(&d->stopped);
}

static bool stopped(const struct deliver *d, uint64_t deadline_ns)
{
	return (d->options->stop && *d->options->stop) || clock_boot_ns() >= deadline_ns;
}

static int open_transport(struct deliver *d, const struct route *route)
{
	uint32_t place = transport_place(route->transport);
	int r;

	if (d->transport[place].open)
		return 0;
	r = route->transport->open(&d->transport[place].common);
	d->transport[place].open = r == 0;
	return r;
}

/* Nothing can take these events there; they stay. */
static void no_way(struct deliver *d, const char *destination, const char *why)
{
	d->failures = d->failures ? d->failures : 1;
	stats_outcome(d->stats, destination, why);
	say(d->options, SAY_ERROR, "destination %s: %s", destination, why);
}

static void refuse_url(struct deliver *d, const struct image *image,
		       const struct segment_route *route)
{
	struct late_destination to;
	char why[256];

	if (late_destination(image, route->destination, &to))
		return;
	snprintf(why, sizeof(why),
		 "%.*s: no way to send there: put http:// or https://, or file: or unix: with "
		 "format ndjson",
		 (int)strcspn(route->url, ":"), route->url);
	no_way(d, to.name, why);
}

static int add_route(struct deliver *d, const struct segment *segment, uint32_t number,
		     struct route **into)
{
	const struct image *image = images_get(d->images, segment->image, NULL);
	struct route **more;
	int r;

	if (!image) {
		stats_add(d->stats, STATS_NO_IMAGE, 1);
		return -ENOENT;
	}
	if (d->routes == d->route_room) {
		d->route_room = d->route_room ? 2 * d->route_room : 16;
		more = realloc(d->route, d->route_room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		d->route = more;
	}
	r = route_new(image, segment, number, into);
	if (r == -EPROTONOSUPPORT)
		refuse_url(d, image, &segment->route[number]);
	if (r)
		return r;
	r = open_transport(d, *into);
	if (r) {
		no_way(d, (*into)->to.name,
		       r == -ELIBACC ? "libcurl.so.4 can not be loaded: install it" : strerror(-r));
		route_free(*into, NULL);
		return r;
	}
	d->route[d->routes++] = *into;
	return 0;
}

static struct route *find_route(const struct deliver *d, const struct segment *segment,
				uint32_t number)
{
	for (uint32_t i = 0; i < d->routes; i++)
		if (route_is(d->route[i], segment, number))
			return d->route[i];
	return NULL;
}

/* What was switched off since it was recorded. */
static void mark_off(const struct deliver *d, struct segment *segment)
{
	struct event event;

	for (uint32_t i = 0; i < segment->items; i++) {
		struct segment_item *item = &segment->item[i];

		item->off = !event_unpack(item->payload, item->length, &event) &&
			    switches_have(&d->switches,
					  switches_hash(event.service.text, event.service.length));
	}
}

/* May anything of this segment go out now? Then it joins the window. */
static bool enter_window(struct deliver *d, struct segment *segment)
{
	bool wanted = false;

	for (uint32_t i = 0; i < segment->routes; i++) {
		struct route *route = find_route(d, segment, i);

		if (segment->route[i].acked >= segment->end || (route && route->off))
			continue;
		if (!route && add_route(d, segment, i, &route))
			continue;
		if (!segment->bytes) {
			if (segment_load(segment))
				return false;
			if (d->switches.control)
				mark_off(d, segment);
		}
		if (route_add_leg(route, segment, i))
			continue;
		if (route_stops(route))
			route_mark_stopped(route, &route->leg[route->legs - 1], &d->stopped);
		wanted = true;
	}
	return wanted;
}

static uint32_t open_window(struct deliver *d, uint32_t from)
{
	uint64_t bytes = 0;

	while (from < d->spool->count && bytes < WINDOW_BYTES) {
		struct segment *segment = d->spool->held[from++];

		if (enter_window(d, segment))
			bytes += segment->end;
	}
	return from;
}

/* URLs and keys may be as many as processes: only so many routes stay open. */
static void forget_routes(struct deliver *d)
{
	while (d->routes > ROUTES_KEPT) {
		struct route *oldest = d->route[0];

		route_free(oldest, common_of(d, oldest));
		d->routes--;
		memmove(d->route, d->route + 1, d->routes * sizeof(*d->route));
	}
}

static void close_window(struct deliver *d)
{
	for (uint32_t i = 0; i < d->routes; i++) {
		route_end_legs(d->route[i]);
		stats_add(d->stats, STATS_DISCARDED, d->route[i]->discarded);
		stats_add(d->stats, STATS_STOPPED, d->route[i]->stopped);
		d->route[i]->discarded = 0;
		d->route[i]->stopped = 0;
	}
	for (uint32_t i = 0; i < d->spool->count; i++)
		segment_unload(d->spool->held[i]);
	forget_routes(d);
}

/* A drainer that stays waits for a full batch, so long as the destination says. */
static bool rests(struct route *route, uint64_t now)
{
	if (!route->since_ns)
		route->since_ns = now;
	route->resting = !route->tries && route_could_grow(route) &&
			 now - route->since_ns < route->to.fill_ms * UINT64_C(1000000);
	if (!route->resting)
		route->since_ns = 0;
	return route->resting;
}

/* As if it had been sent and accepted. */
static void preview(struct deliver *d, struct route *route)
{
	struct buffer line = { 0 };

	route->request.result = TRANSPORT_STATUS;
	route->request.status = 200;
	route->request.message[0] = '\0';
	if (!sent_log_line(&line, route))
		d->options->preview(d->options->context, line.data, (uint32_t)line.length - 1);
	buffer_free(&line);
	answer_take(d, route);
}

static void start_batch(struct deliver *d, struct route *route)
{
	uint32_t place = transport_place(route->transport);
	uint64_t now = clock_boot_ns();

	if (!route_fill(route, answer_refuse, d)) {
		if (route_has_more(route))
			answer_off(d, route, "out of memory");
		return;
	}
	if (d->options->follow && !d->hurry && rests(route, now))
		return;
	if (route->tries++)
		stats_add(d->stats, STATS_RETRIED, route->parts);
	else
		route->first_try_ns = now;
	stats_add(d->stats, STATS_SENT, route->parts);
	route->request.body = route->body.data;
	route->request.length = route->body.length;
	route->request.part = route->part;
	route->request.parts = route->parts;
	if (d->options->preview) {
		preview(d, route);
		return;
	}
	if (route->transport->submit(d->transport[place].common, &route->request)) {
		answer_take(d, route);
		return;
	}
	route->busy = true;
	d->transport[place].busy++;
}

/* The number of routes that still have something to do; *next_ns is when the first that waits may
 * go on. */
static uint32_t start_batches(struct deliver *d, uint64_t *next_ns)
{
	uint64_t now = clock_boot_ns();
	uint32_t alive = 0;

	*next_ns = UINT64_MAX;
	for (uint32_t i = 0; i < d->routes; i++) {
		struct route *route = d->route[i];

		if (!route->busy && (route->off || route->resting || !route_has_more(route)))
			continue;
		alive++;
		if (route->busy)
			continue;
		if (route->not_before_ns <= now) {
			start_batch(d, route);
			now = clock_boot_ns();
		}
		if (!route->busy && route->not_before_ns < *next_ns)
			*next_ns = route->not_before_ns;
	}
	return alive;
}

static void take_done(struct deliver *d, uint32_t place, int timeout_ms)
{
	struct transport_request *done;

	for (;;) {
		struct route *route;

		done = transport_number(place)->wait(d->transport[place].common, timeout_ms);
		if (!done)
			return;
		route = done->owner;
		route->busy = false;
		d->transport[place].busy--;
		answer_take(d, route);
		timeout_ms = 0;
	}
}

static int wait_ms(const struct deliver *d, uint64_t next_ns)
{
	int most = d->options->only ? DELIVER_HOST_MS : DELIVER_LOOK_MS;
	uint64_t now = clock_boot_ns();

	if (next_ns <= now)
		return 0;
	next_ns = (next_ns - now) / 1000000 + 1;
	return next_ns < (uint64_t)most ? (int)next_ns : most;
}

static void wait_for_something(struct deliver *d, uint64_t next_ns)
{
	int ms = wait_ms(d, next_ns);
	bool waited = false;

	for (uint32_t i = 0; i < TRANSPORTS; i++) {
		if (!d->transport[i].busy)
			continue;
		take_done(d, i, ms);
		waited = true;
	}
	if (!waited && ms)
		nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
	if (d->tick)
		d->tick(d->context);
}

static void cancel_all(struct deliver *d)
{
	for (uint32_t i = 0; i < d->routes; i++) {
		struct route *route = d->route[i];
		uint32_t place = transport_place(route->transport);

		if (!route->busy)
			continue;
		route->transport->cancel(d->transport[place].common, &route->request);
		route->busy = false;
		d->transport[place].busy--;
	}
}

/* Without descriptors or memory nobody can look: nothing goes out, and nothing is thrown away. */
static bool read_switches(const struct deliver *d, struct switches *into)
{
	int r = switches_read(d->options->state, into);

	return r != -EMFILE && r != -ENFILE && r != -ENOMEM;
}

/* Before each request: what is switched off now does not go out with the next one. */
static bool look_at_switches(struct deliver *d)
{
	struct switches now;

	if (!read_switches(d, &now))
		return false;
	if (!memcmp(&now, &d->switches, sizeof(now)))
		return true;
	d->switches = now;
	for (uint32_t i = 0; i < d->spool->count; i++)
		mark_off(d, d->spool->held[i]);
	return true;
}

static void run_window(struct deliver *d, uint64_t deadline_ns)
{
	uint64_t next_ns;

	while (!stopped(d, deadline_ns) && look_at_switches(d)) {
		if (!start_batches(d, &next_ns))
			break;
		wait_for_something(d, next_ns);
	}
	cancel_all(d);
}

void deliver_run(struct deliver *d, uint64_t deadline_ns)
{
	uint32_t next = 0;

	if (!read_switches(d, &d->switches))
		return;
	stopped_look(&d->stopped);
	for (uint32_t i = 0; i < d->routes; i++) {
		struct route *route = d->route[i];

		route->resting = false;
		if (d->options->follow && route->off_until_ns <= clock_boot_ns())
			route->off = false;
	}
	while (next < d->spool->count && !stopped(d, deadline_ns)) {
		next = open_window(d, next);
		run_window(d, deadline_ns);
		close_window(d);
	}
	spool_retire(d->spool);
}

uint64_t deliver_next_ns(const struct deliver *d)
{
	uint64_t first = UINT64_MAX;

	for (uint32_t i = 0; i < d->routes; i++) {
		const struct route *route = d->route[i];
		uint64_t next = UINT64_MAX;

		if (route->off)
			next = route->off_until_ns;
		else if (route->since_ns)
			next = route->since_ns + route->to.fill_ms * UINT64_C(1000000);
		if (next < first)
			first = next;
	}
	return first;
}

static uint64_t count_waiting(struct segment *segment)
{
	uint64_t waiting = 0;

	if (segment_finished(segment) || segment_load(segment))
		return 0;
	for (uint32_t i = 0; i < segment->items; i++)
		waiting += segment_item_waits(segment, &segment->item[i]);
	segment_unload(segment);
	return waiting;
}

uint64_t deliver_waiting(struct deliver *d)
{
	uint64_t waiting = 0;

	for (uint32_t i = 0; i < d->spool->count; i++)
		waiting += count_waiting(d->spool->held[i]);
	return waiting;
}
