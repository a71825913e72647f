/*
 * From services, events and destinations to the bytes of the image.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/identity.h"
#include "policy/compile/calls.h"
#include "policy/compile/destinations.h"
#include "policy/node.h"

/* What a slot's ring has to hold until a drainer comes by. */
#define RING_COMMAND (8u << 10)
#define RING_SERVICE (32u << 10)

static uint32_t longest_exit(const struct compiler *c, const struct policy_service *s)
{
	uint32_t longest = 0;

	for (unsigned i = 0; i < s->events; i++) {
		const struct expr *to = s->event[i].scope.to;

		for (unsigned j = 0; to != NULL && j < to->count; j++) {
			uint32_t ms = c->destination[to->operand[j]->value].constants.exit_ms;

			longest = ms > longest ? ms : longest;
		}
	}
	return longest;
}

static uint32_t write_now(struct compiler *c, struct section_writer *w, uint32_t number)
{
	struct policy_service *s = &c->service[number];
	struct image_now h = { .service = number, .capture = s->capture };

	section_begin(w, &c->heap, ++c->sections, sizeof(h));
	h.flags = (s->command ? NOW_COMMAND : 0) | (s->helper ? NOW_HELPER : 0) |
		  (s->thread ? NOW_THREAD : 0) | (s->workers ? NOW_WORKERS : 0) |
		  (s->ticks != 0 ? NOW_TICKS : 0);
	h.exit_ms = longest_exit(c, s);
	h.name = section_write(w, expr_text(&c->heap, NODE_TEXT, s->name, s->at));
	h.match = section_write(w, s->match);
	h.consent = section_write(w, s->scope.consent);
	h.live = section_write(w, reach_live(c, s));
	h.environment = section_write(w, s->environment);
	h.commands = section_write(w, s->commands);
	h.value_options = section_write(w, s->value_options);
	h.children = section_write(w, s->children);
	h.calls_bytes = s->calls != NULL ? s->calls->used : 0;
	h.counter_bytes = s->counter_bytes;
	h.ring_bytes = !s->ring ? 0 : s->command ? RING_COMMAND : RING_SERVICE;
	h.bytes = section_reserve(w, 0);
	memcpy(w->bytes, &h, sizeof(h));
	h.check = checksum(w->bytes + sizeof(h.check), h.bytes - sizeof(h.check), number);
	memcpy(w->bytes, &h, sizeof(h));
	if (h.bytes > NOW_BYTES_MAX)
		diagnose(&c->d, s->at,
			 "the match, consent and command rules of '%.60s' take %u bytes, at most "
			 "%u fit",
			 s->name, h.bytes, NOW_BYTES_MAX);
	return h.bytes;
}

static void write_event(struct compiler *c, struct section_writer *w, const struct policy_event *e,
			uint32_t service, uint32_t at)
{
	struct image_event h = e->constants;

	h.service = service;
	h.label = section_write(w, expr_text(&c->heap, NODE_TEXT, e->label, e->at));
	h.name = section_write(w, e->name);
	h.when = section_write(w, e->when);
	h.condition = section_write(w, e->condition);
	h.user = section_write(w, e->scope.user);
	h.context = section_write(w, e->scope.context);
	h.properties = section_write(w, e->scope.properties);
	h.to = section_write(w, e->scope.to);
	h.for_each = section_write(w, e->for_each);
	h.remember = section_write(w, e->remember);
	h.watch = section_write(w, e->watch);
	memcpy(w->bytes + at, &h, sizeof(h));
}

static void write_measures(struct section_writer *w, const struct policy_service *s,
			   struct compiler *c, struct image_service *h)
{
	h->calls = section_write(w, s->call_names);
	h->stride = s->stride;
	h->counter_bytes = s->counter_bytes;
	h->measure_count = s->measures;
	h->measures = section_reserve(w, s->measures * (uint32_t)sizeof(struct image_measure));
	for (uint32_t i = 0; i < s->measures; i++) {
		const struct policy_measure *m = &s->measure[i];
		struct image_measure place = m->place;

		place.name = section_write(w, expr_text(&c->heap, NODE_TEXT, m->name, m->at));
		memcpy(w->bytes + h->measures + i * sizeof(place), &place, sizeof(place));
	}
}

static void write_services(struct compiler *c, struct section_writer *w,
			   const struct image_late *tables)
{
	uint32_t event = 0;

	for (uint32_t i = 0; i < c->services; i++) {
		const struct policy_service *s = &c->service[i];
		struct image_service h = { .first_event = event, .event_count = s->events };

		h.name = section_write(w, expr_text(&c->heap, NODE_TEXT, s->name, s->at));
		h.commands = section_write(w, s->commands);
		h.value_options = section_write(w, s->value_options);
		h.consent = section_write(w, s->asks_files ? s->scope.consent : NULL);
		write_measures(w, s, c, &h);
		memcpy(w->bytes + tables->services + i * sizeof(h), &h, sizeof(h));
		for (uint32_t j = 0; j < s->events; j++, event++)
			write_event(c, w, &s->event[j], i,
				    tables->events + event * (uint32_t)sizeof(struct image_event));
	}
}

static void write_destinations(struct compiler *c, struct section_writer *w,
			       const struct image_late *tables)
{
	for (uint32_t i = 0; i < c->destinations; i++) {
		const struct policy_destination *d = &c->destination[i];
		struct image_destination h = d->constants;
		struct mark nowhere = { 0, 0 };

		h.name = section_write(w, expr_text(&c->heap, NODE_TEXT, d->name, nowhere));
		h.url = section_write(w, d->url);
		h.key = section_write(w, d->key);
		h.headers = section_write(w, d->headers);
		h.auth_name = section_write(w, d->auth_name);
		h.each = section_write(w, d->each);
		h.body = section_write(w, d->body);
		h.drop = section_write(w, d->drop);
		h.consent = section_write(w, d->consent);
		h.client_cert = section_write(w, d->client_cert);
		h.client_key = section_write(w, d->client_key);
		h.ca_file = section_write(w, d->ca_file);
		h.proxy = section_write(w, d->proxy);
		memcpy(w->bytes + tables->destinations + i * sizeof(h), &h, sizeof(h));
	}
}

static uint32_t write_late(struct compiler *c, struct section_writer *w, unsigned events)
{
	struct image_late tables = { .service_count = c->services,
				     .event_count = events,
				     .destination_count = c->destinations };

	section_begin(w, &c->heap, ++c->sections, sizeof(tables));
	tables.services = section_reserve(w, c->services * (uint32_t)sizeof(struct image_service));
	tables.events = section_reserve(w, events * (uint32_t)sizeof(struct image_event));
	tables.destinations =
		section_reserve(w, c->destinations * (uint32_t)sizeof(struct image_destination));
	write_services(c, w, &tables);
	write_destinations(c, w, &tables);
	tables.bytes = section_reserve(w, 0);
	memcpy(w->bytes, &tables, sizeof(tables));
	return tables.bytes;
}

/* The name's place, and on from there to the first empty entry; how far that was. */
static uint32_t index_insert(struct image_index *index, uint32_t entries, const char *name,
			     struct image_index entry)
{
	uint32_t place, far = 0;

	entry.hash = (uint32_t)siphash64(IMAGE_KEY, name, strlen(name));
	place = entry.hash & (entries - 1);
	while (index[place + far].offset != 0)
		far++;
	index[place + far] = entry;
	return far + 1;
}

/*
 * Entries for a table that is at most a quarter full, so that windows stay short; doubled until the
 * longest one fits. The array has room for entries + IMAGE_INDEX_WINDOW_MAX.
 */
static struct image_index *make_index(struct compiler *c, const struct image_index *found,
				      uint32_t *entries, uint32_t *window)
{
	for (*entries = 8; *entries < 4 * c->services;)
		*entries *= 2;
	for (;; *entries *= 2) {
		struct image_index *index =
			heap_take(&c->heap, (*entries + c->services + IMAGE_INDEX_WINDOW_MAX) *
						    sizeof(*index));

		*window = 1;
		for (uint32_t i = 0; i < c->services; i++) {
			uint32_t far = index_insert(index, *entries, c->service[i].name, found[i]);

			if (far > *window)
				*window = far;
		}
		if (*window <= IMAGE_INDEX_WINDOW_MAX)
			return index;
	}
}

struct image_plan {
	struct section_writer *now;
	struct section_writer late;
	struct image_index *found;
	uint32_t entries, window;
	unsigned events;
};

/* The index's size depends on the names only, the offsets on its size: so it is made twice. */
static uint64_t plan(struct compiler *c, struct image_plan *p)
{
	uint64_t at;

	make_index(c, p->found, &p->entries, &p->window);
	at = sizeof(struct image_header) +
	     ((uint64_t)p->entries + p->window) * sizeof(struct image_index);
	at = (at + 7) & ~UINT64_C(7);
	for (uint32_t i = 0; i < c->services; i++) {
		p->found[i].offset = (uint32_t)at;
		at += p->found[i].bytes;
	}
	return at;
}

/* Behind the `now` sections, which get to know where. */
static uint64_t plan_calls(struct compiler *c, struct image_plan *p, uint64_t at)
{
	for (uint32_t i = 0; i < c->services; i++) {
		const struct section_writer *calls = c->service[i].calls;
		struct image_now *now = (void *)p->now[i].bytes;

		if (calls == NULL)
			continue;
		now->calls = (uint32_t)at;
		now->check = checksum(p->now[i].bytes + sizeof(now->check),
				      now->bytes - sizeof(now->check), i);
		at += calls->used;
	}
	return at;
}

static void fill_header(struct compiler *c, const struct image_plan *p, uint64_t late,
			uint64_t bytes, struct image_header *h)
{
	memcpy(h->magic, IMAGE_MAGIC, sizeof(h->magic));
	h->major = IMAGE_MAJOR;
	h->minor = IMAGE_MINOR;
	h->bytes = bytes;
	h->source_bytes = c->source_bytes;
	h->source_mtime_ns = c->source_mtime_ns;
	h->services = c->services;
	h->index_entries = p->entries;
	h->index_window = p->window;
	for (uint32_t i = 0; i < c->services; i++)
		h->flags |= c->service[i].children != NULL ? IMAGE_CHILDREN : 0;
	h->late_offset = (uint32_t)late;
	h->late_bytes = p->late.used;
	if (c->options->tool != NULL)
		strncpy(h->tool, c->options->tool, sizeof(h->tool) - 1);
	siphash128(IMAGE_KEY, &h->minor, bytes - IMAGE_HASHED, h->hash);
	h->check = image_header_check(h);
}

static int assemble(struct compiler *c, struct image_plan *p, struct compiled *into)
{
	uint64_t late = plan_calls(c, p, plan(c, p));
	uint64_t bytes = late + p->late.used;
	struct image_index *index;
	uint8_t *image;

	if (bytes > IMAGE_BYTES_MAX) {
		diagnose(&c->d, (struct mark){ 0, 0 },
			 "the compiled policy would be larger than 64 MiB");
		return -EINVAL;
	}
	image = calloc(1, bytes);
	if (image == NULL)
		return -ENOMEM;
	index = make_index(c, p->found, &p->entries, &p->window);
	memcpy(image + sizeof(struct image_header), index,
	       (p->entries + p->window) * sizeof(*index));
	for (uint32_t i = 0; i < c->services; i++) {
		const struct image_now *now = (const void *)p->now[i].bytes;

		memcpy(image + p->found[i].offset, p->now[i].bytes, p->found[i].bytes);
		if (now->calls != 0)
			memcpy(image + now->calls, c->service[i].calls->bytes, now->calls_bytes);
	}
	memcpy(image + late, p->late.bytes, p->late.used);
	fill_header(c, p, late, bytes, (struct image_header *)image);
	*into = (struct compiled){ .bytes = image,
				   .length = bytes,
				   .services = c->services,
				   .events = p->events,
				   .destinations = c->destinations };
	return 0;
}

int layout_image(struct compiler *c, struct compiled *into)
{
	struct image_plan *p = heap_take(&c->heap, sizeof(*p));

	p->now = heap_take(&c->heap, c->services * sizeof(*p->now));
	p->found = heap_take(&c->heap, c->services * sizeof(*p->found));
	for (uint32_t i = 0; i < c->services; i++) {
		c->service[i].calls = call_layout(c, &c->service[i], i, p->events);
		p->found[i].service = i;
		p->found[i].offset = 1; /* not empty */
		p->found[i].bytes = write_now(c, &p->now[i], i);
		p->events += c->service[i].events;
	}
	write_late(c, &p->late, p->events);
	return c->d.count == 0 ? assemble(c, p, into) : -EINVAL;
}
