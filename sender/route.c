/*
 * The way of a route through its segments, and the batches on it.
 */
#include "sender/route.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sender/compose.h"

#define BODY_BYTES 500000 /* where neither policy nor format says less */

/* scheme://host/path, without user, query and fragment. */
static void make_label(const char *url, char *into, size_t capacity)
{
	const char *host = strstr(url, "://");
	size_t scheme = host ? (size_t)(host - url) + 3 : 0;
	size_t end = scheme + strcspn(url + scheme, "?#");
	size_t authority = scheme + strcspn(url + scheme, "/?#");
	const char *user = memchr(url + scheme, '@', authority - scheme);
	size_t from = user ? (size_t)(user - url) + 1 : scheme;

	snprintf(into, capacity, "%.*s%.*s", (int)scheme, url, (int)(end - from), url + from);
}

/* A URL without a path gets the encoder's. */
static char *make_endpoint(const char *url, const char *path)
{
	const char *host = strstr(url, "://");
	size_t length = strlen(url);
	char *endpoint = malloc(length + strlen(path) + 1);
	size_t bare;

	if (!endpoint)
		return NULL;
	bare = host ? (size_t)(host - url) + 3 + strcspn(host + 3, "/?#") : length;
	if (host && (!url[bare] || !strcmp(url + bare, "/"))) {
		memcpy(endpoint, url, bare);
		strcpy(endpoint + bare, path);
	} else {
		memcpy(endpoint, url, length + 1);
	}
	return endpoint;
}

static void add_percent(char *into, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";

	for (into += strlen(into); *text; text++) {
		if (strchr(plain, *text))
			*into++ = *text;
		else
			into += sprintf(into, "%%%02X", (unsigned char)*text);
	}
	*into = 0;
}

/* The key as a parameter of the URL. */
static char *add_query(char *endpoint, const char *name, const char *key)
{
	size_t length = endpoint ? strlen(endpoint) : 0;
	char *more = realloc(endpoint, length + 3 * (strlen(name) + strlen(key)) + 3);

	if (!endpoint || !more) {
		free(more ? more : endpoint);
		return NULL;
	}
	strcpy(more + length, strchr(more, '?') ? "&" : "?");
	add_percent(more, name);
	strcat(more, "=");
	add_percent(more, key);
	return more;
}

static void fill_auth(struct route *route)
{
	route->request.auth = route->to.auth;
	route->request.auth_name = route->to.auth_name;
	if (route->to.auth != AUTH_DEFAULT)
		return;
	route->request.auth = route->encoder->auth;
	if (route->encoder->auth_name)
		route->request.auth_name = route->encoder->auth_name;
}

static int fill_texts(struct route *route, const struct segment_route *from)
{
	bool single = route->to.batch <= 1;

	route->url = strdup(from->url);
	route->key = strdup(from->key);
	route->headers = strdup(from->headers);
	route->endpoint = make_endpoint(from->url, single ? route->encoder->path_single
							  : route->encoder->path_batch);
	if (route->request.auth == AUTH_QUERY && from->key[0])
		route->endpoint = add_query(route->endpoint, route->request.auth_name, from->key);
	return route->url && route->key && route->headers && route->endpoint ? 0 : -ENOMEM;
}

static int fill_route(struct route *route, const struct segment_route *from)
{
	int r = late_destination(route->from, route->destination, &route->to);

	if (r)
		return r;
	route->encoder = encode_find(route->to.format);
	route->transport = transport_find(from->url);
	make_label(from->url, route->label, sizeof(route->label));
	if (!route->encoder || !route->transport ||
	    (route->transport->lines && !route->encoder->lines))
		return -EPROTONOSUPPORT;
	fill_auth(route);
	return fill_texts(route, from);
}

int route_new(const struct image *image, const struct segment *segment, uint32_t number,
	      struct route **into)
{
	struct route *route = calloc(1, sizeof(*route));
	int r;

	if (!route)
		return -ENOMEM;
	memcpy(route->image, segment->image, sizeof(route->image));
	route->from = image;
	route->destination = segment->route[number].destination;
	r = fill_route(route, &segment->route[number]);
	if (r) {
		route_free(route, NULL);
		return r;
	}
	route->request.url = route->endpoint;
	route->request.key = route->key;
	route->request.headers = route->headers;
	route->request.to = &route->to;
	route->request.content_type = route->encoder->content_type;
	route->request.owner = route;
	*into = route;
	return 0;
}

void route_free(struct route *route, void *common)
{
	if (route->transport)
		route->transport->forget(common, &route->request);
	free(route->url);
	free(route->key);
	free(route->headers);
	free(route->endpoint);
	free(route->leg);
	free(route->part);
	buffer_free(&route->body);
	buffer_free(&route->scratch);
	buffer_free(&route->secrets);
	free(route);
}

bool route_is(const struct route *route, const struct segment *segment, uint32_t number)
{
	const struct segment_route *other = &segment->route[number];

	return route->destination == other->destination &&
	       !memcmp(route->image, segment->image, sizeof(route->image)) &&
	       !strcmp(route->url, other->url) && !strcmp(route->key, other->key) &&
	       !strcmp(route->headers, other->headers);
}

int route_add_leg(struct route *route, struct segment *segment, uint32_t number)
{
	struct route_leg *more;

	if (route->legs == route->leg_room) {
		route->leg_room = route->leg_room ? 2 * route->leg_room : 8;
		more = realloc(route->leg, route->leg_room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		route->leg = more;
	}
	route->leg[route->legs++] = (struct route_leg){ segment, number };
	return 0;
}

void route_end_legs(struct route *route)
{
	route->legs = 0;
	route->at = (struct route_cursor){ 0, 0 };
}

static bool concerns(const struct route_leg *leg, const struct segment_item *item)
{
	return item->routes >> leg->number & 1 &&
	       item->end > leg->segment->route[leg->number].acked;
}

static bool is_done(const struct route_leg *leg, const struct segment_item *item)
{
	return item->done >> leg->number & 1;
}

static void count_passed(struct route *route, const struct route_leg *leg, uint64_t to)
{
	const struct segment *s = leg->segment;

	for (uint32_t i = 0; i < s->items && s->item[i].end <= to; i++) {
		if (!concerns(leg, &s->item[i]))
			continue;
		route->discarded += s->item[i].off;
		route->stopped += !s->item[i].off && is_done(leg, &s->item[i]);
	}
}

/* The next event at or behind the cursor, which moves there; NULL at the end of the way. */
static const struct segment_item *find_next(const struct route *route, struct route_cursor *at)
{
	for (; at->leg < route->legs; at->leg++, at->item = 0) {
		const struct route_leg *leg = &route->leg[at->leg];

		for (; at->item < leg->segment->items; at->item++)
			if (concerns(leg, &leg->segment->item[at->item]) &&
			    !leg->segment->item[at->item].off &&
			    !is_done(leg, &leg->segment->item[at->item]))
				return &leg->segment->item[at->item];
	}
	return NULL;
}

static void acknowledge(struct route *route, const struct route_leg *leg, uint64_t offset)
{
	if (leg->segment->route[leg->number].acked >= offset)
		return;
	count_passed(route, leg, offset);
	segment_acknowledge(leg->segment, leg->number, offset);
}

/* Everything between two cursors is dealt with. */
static void pass(struct route *route, struct route_cursor to)
{
	for (uint32_t i = route->at.leg; i <= to.leg && i < route->legs; i++) {
		const struct route_leg *leg = &route->leg[i];

		if (i < to.leg)
			acknowledge(route, leg, leg->segment->loaded);
		else if (to.item)
			acknowledge(route, leg, leg->segment->item[to.item - 1].end);
	}
	route->at = to;
}

bool route_has_more(struct route *route)
{
	struct route_cursor at = route->at;
	bool more = find_next(route, &at) != NULL;

	if (!more || at.leg != route->at.leg)
		pass(route, at);
	return more;
}

bool route_stops(const struct route *route)
{
	bool stops = route->to.stop_failures != 0;

	for (unsigned i = 300; i < 600 && !stops; i++)
		stops = route->to.stop_status[i];
	return stops;
}

void route_mark_stopped(struct route *route, struct route_leg *leg, const struct stopped *stopped)
{
	struct segment *s = leg->segment;

	for (uint32_t i = 0; i < s->items; i++)
		if (stopped_has(stopped, s->pool_id, s->item[i].lifecycle, route->destination))
			s->item[i].done |= UINT64_C(1) << leg->number;
}

void route_stop_batch(struct route *route, struct stopped *stopped)
{
	struct route_cursor at = route->at;
	const struct segment_item *item = find_next(route, &at);

	while (item && (at.leg < route->batch_end.leg ||
			(at.leg == route->batch_end.leg && at.item < route->batch_end.item))) {
		stopped_add(stopped, route->leg[at.leg].segment->pool_id, item->lifecycle,
			    route->destination);
		at.item++;
		item = find_next(route, &at);
	}
	for (uint32_t i = 0; i < route->legs; i++)
		route_mark_stopped(route, &route->leg[i], stopped);
}

static int add_part(struct route *route, size_t offset, const struct identity *id)
{
	struct transport_part *more;

	if (route->parts == route->part_room) {
		route->part_room = route->part_room ? 2 * route->part_room : 64;
		more = realloc(route->part, route->part_room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		route->part = more;
	}
	more = &route->part[route->parts++];
	more->offset = offset;
	more->length = route->body.length - offset;
	more->id = *id;
	return 0;
}

static size_t body_limit(const struct route *route)
{
	size_t limit = route->encoder->batch_bytes ? route->encoder->batch_bytes : BODY_BYTES;

	if (route->to.bytes && (route->to.bytes < limit || !route->encoder->batch_bytes))
		limit = route->to.bytes;
	if (route->transport->bytes && route->transport->bytes < limit)
		limit = route->transport->bytes;
	return limit - limit / 16; /* room for what closes the body */
}

enum fit { FIT_YES, FIT_LATER, FIT_NEVER };

static enum fit add_event(struct route *route, const struct event *event)
{
	size_t before = route->body.length;
	size_t length;

	compose_event(route, event, route->parts == 0);
	length = route->body.length - before;
	if (route->encoder->event_bytes && length > route->encoder->event_bytes) {
		route->body.length = before;
		return FIT_NEVER;
	}
	if (route->body.failed || (route->parts && route->body.length > body_limit(route)) ||
	    add_part(route, before, &event->id)) {
		route->body.length = before;
		return FIT_LATER;
	}
	return FIT_YES;
}

uint32_t route_fill(struct route *route,
		    void (*refuse)(void *context, struct route *route, const struct event *event,
				   const char *why),
		    void *context)
{
	bool single = route->to.batch <= 1;
	uint32_t most = route->transport->lines ? UINT32_MAX : single ? 1 : route->to.batch;
	struct route_cursor at = route->at;
	const struct segment_item *item;
	enum fit fit = FIT_YES;
	struct event event;

	if (route->ceiling && route->ceiling < most)
		most = route->ceiling;
	if (route->limit && route->limit < most)
		most = route->limit;
	route->parts = 0;
	compose_begin(route);
	while (route->parts < most && fit == FIT_YES) {
		item = find_next(route, &at);
		if (!item)
			break;
		if (event_unpack(item->payload, item->length, &event)) {
			at.item++; /* its checksum fits and yet it is none: nothing to keep */
			continue;
		}
		event.each = event_each(item->payload, item->length, route->leg[at.leg].number);
		fit = add_event(route, &event);
		if (fit == FIT_NEVER && !route->parts) {
			refuse(context, route, &event, "over the receiver's size limit");
			at.item++;
			pass(route, at);
			fit = FIT_YES;
		} else if (fit == FIT_YES) {
			at.item++;
		}
	}
	compose_end(route, clock_real_ns());
	if (!route->parts)
		pass(route, at);
	route->batch_end = at;
	return route->body.failed ? 0 : route->parts;
}

void route_advance(struct route *route)
{
	pass(route, route->batch_end);
	route_has_more(route);
}

bool route_could_grow(const struct route *route)
{
	struct route_cursor at = route->batch_end;

	return route->parts < route->to.batch && !route->limit && !route->ceiling &&
	       !find_next(route, &at);
}

int route_only(const struct route *route, struct event *into)
{
	struct route_cursor at = route->at;
	const struct segment_item *item = find_next(route, &at);

	return item ? event_unpack(item->payload, item->length, into) : -ENOENT;
}
