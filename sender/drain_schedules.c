/*
 * A killed drainer leaves the schedule's file as it was: the event is made again, with the same id.
 * When it was made last is kept in memory, so that a pass opens no file before its time has come.
 */
#include "sender/drain_schedules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/image.h"
#include "sender/say.h"

/* How long what a living process counted may wait for the sums. */
#define COUNT_NS (60 * CLOCK_SECOND)

struct drain_seen {
	uint8_t image[16];
	uint32_t event;
	uint64_t lifecycle; /* 0: of the schedule itself */
	uint64_t made_ns;   /* real time, as the file said */
	uint64_t looked_ns; /* boot time */
};

static struct drain_seen *find_seen(struct drain *d, const struct drain_group *group,
				    uint32_t event, uint64_t lifecycle)
{
	struct drain_seen *more;

	for (uint32_t i = 0; i < d->seens; i++) {
		struct drain_seen *seen = &d->seen[i];

		if (seen->event == event && seen->lifecycle == lifecycle &&
		    !memcmp(seen->image, group->start->image, 16))
			return seen;
	}
	if (d->seens == d->seen_room) {
		d->seen_room = d->seen_room ? 2 * d->seen_room : 16;
		more = realloc(d->seen, d->seen_room * sizeof(*more));
		if (!more)
			return NULL;
		d->seen = more;
	}
	more = &d->seen[d->seens++];
	*more = (struct drain_seen){ .event = event, .lifecycle = lifecycle };
	memcpy(more->image, group->start->image, 16);
	return more;
}

static const char *label_of(const struct image *image, uint32_t event)
{
	return node_text_at(&image->late, image->event[event].label);
}

static int open_schedule(struct drain *d, const struct image *image, uint32_t event,
			 const struct measures *measures, struct schedule *s)
{
	return schedule_open(s, d->options->state, late_service(image, image->event[event].service),
			     label_of(image, event), measures, clock_real_ns());
}

/* The process's counts into the sums; when it was made last into *seen. */
static void look(struct drain *d, const struct drain_group *group, uint32_t event,
		 struct drain_seen *seen)
{
	struct schedule s;

	if (open_schedule(d, group->image, event, d->measures, &s))
		return;
	if (d->measures)
		schedule_add(&s, d->pool->id, group->lifecycle, d->measures);
	seen->made_ns = s.made_ns;
	seen->looked_ns = clock_boot_ns();
	schedule_save(&s);
	schedule_close(&s);
}

static bool is_noted(const struct drain *d, const struct drain_group *group, uint32_t event)
{
	for (uint32_t i = 0; i < d->dues; i++)
		if (d->due[i].event == event && d->due[i].image == group->image)
			return true;
	return false;
}

static void note_due(struct drain *d, const struct drain_group *group, uint32_t event)
{
	struct drain_due *due;

	if (is_noted(d, group, event))
		return;
	if (d->dues == d->due_room) {
		d->due_room = d->due_room ? 2 * d->due_room : 8;
		due = realloc(d->due, d->due_room * sizeof(*due));
		if (!due)
			return;
		d->due = due;
	}
	due = &d->due[d->dues];
	*due = (struct drain_due){ .event = event,
				   .image = group->image,
				   .start = *group->start,
				   .ref = *group->ref,
				   .payload = malloc(group->start->payload + 1) };
	if (!due->payload)
		return;
	memcpy(due->payload, d->payload, group->start->payload);
	d->dues++;
}

static void look_at(struct drain *d, const struct drain_group *group, uint32_t event)
{
	const struct image_event *rule = &group->image->event[event];
	bool counts = d->measures && rule->flags & EVENT_MEASURES;
	struct drain_seen *seen = find_seen(d, group, event, counts ? group->lifecycle : 0);
	bool due;

	if (!seen)
		return;
	due = seen->looked_ns && schedule_is_due(rule, seen->made_ns, clock_real_ns());
	if (!seen->looked_ns || due ||
	    (counts && (group->stop || clock_boot_ns() - seen->looked_ns > COUNT_NS)))
		look(d, group, event, seen);
	if (seen->looked_ns && schedule_is_due(rule, seen->made_ns, clock_real_ns()))
		note_due(d, group, event);
}

void drain_look_at_schedules(struct drain *d, const struct drain_group *group)
{
	const struct image_service *s;

	if (group->start->flags & (START_ONLY_CHILD | START_WORKER) ||
	    group->start->service >= group->image->tables->service_count)
		return;
	drain_open_measures(d, group);
	s = &group->image->service[group->start->service];
	for (uint32_t i = 0; i < s->event_count; i++) {
		uint32_t event = s->first_event + i;

		if (event < group->image->tables->event_count &&
		    group->image->event[event].flags & EVENT_PER_INSTALLATION &&
		    group->image->event[event].every_ns)
			look_at(d, group, event);
	}
}

static int write_event(struct drain *d, const struct drain_due *due, struct schedule *s,
		       uint64_t now_ns)
{
	struct drain_group group = { .lifecycle = due->ref.lifecycle,
				     .start = &due->start,
				     .image = due->image,
				     .untrusted = atomic_load(&due->ref.slot->untrusted_ns) != 0 };
	struct late_tick tick = {
		.event = due->event, .number = now_ns / TICK_NS, .real_ns = now_ns, .key = s->key
	};
	uint32_t moment = SPOOL_MOMENT(SPOOL_TICK, SLOT_TICKS | (tick.number & 0xffff) << 8);
	struct spool_mark mark = { .lifecycle = group.lifecycle,
				   .moments = moment,
				   .more = SLOT_TICKS };
	size_t length;
	uint32_t routes;
	int r = spool_segment(d->spool, due->start.image, &d->segment);

	if (r)
		return r;
	length = d->segment->pending.length;
	routes = d->segment->routes;
	/* The id is that of the period: who makes it again makes the same one. */
	tick.number = s->made_ns / TICK_NS;
	d->events = 0;
	probes_begin(&d->probes, &due->start, group.lifecycle);
	d->turn = &tick;
	d->tick_event = due->event;
	d->shared = d->measures ? s : NULL;
	d->group = &group;
	r = drain_write_moment(d, &group, LATE_TICK, moment);
	d->turn = NULL;
	d->shared = NULL;
	d->group = NULL;
	mark.events = d->events;
	if (!r && d->events)
		segment_add_mark(d->segment, SPOOL_END, &mark);
	if (r)
		segment_cut_pending(d->segment, length, routes);
	else if (d->segment->pending.length)
		r = segment_write(d->segment, true);
	return r;
}

static bool slot_is_still(const struct drain *d, const struct slot_ref *ref)
{
	uint64_t word = atomic_load(&d->pool->claims[ref->number]);

	return CLAIM_GENERATION(word) == ref->lifecycle >> 16 && CLAIM_STATE(word) != CLAIM_FREE;
}

/* Under the schedule's lock, from the look to the file. */
static void make(struct drain *d, struct drain_due *due)
{
	const struct image_event *rule = &due->image->event[due->event];
	uint64_t now_ns = clock_real_ns();
	struct schedule s;
	int r;

	d->measures = measures_open(&due->ref, due->image, due->start.service, &d->measures_memory)
			      ? NULL
			      : &d->measures_memory;
	if (open_schedule(d, due->image, due->event, d->measures, &s))
		return;
	if (schedule_is_due(rule, s.made_ns, now_ns)) {
		if (d->measures && slot_is_still(d, &due->ref))
			schedule_add(&s, d->pool->id, due->ref.lifecycle, d->measures);
		memcpy(d->payload, due->payload, due->start.payload);
		r = write_event(d, due, &s, now_ns);
		if (!r)
			r = memory_commit(&d->memory);
		if (!r) {
			stats_add(d->stats, STATS_RECORDED, d->events);
			schedule_forget(&s, d->pool);
			schedule_made(&s, now_ns);
			r = schedule_save(&s);
		}
		if (r && r != -EINTR)
			say(d->options, SAY_WARNING, "the schedule of %s can not be kept: %s",
			    label_of(due->image, due->event), strerror(-r));
	}
	memory_forget(&d->memory);
	schedule_close(&s);
}

void drain_make_schedules(struct drain *d)
{
	for (uint32_t i = 0; i < d->dues; i++) {
		make(d, &d->due[i]);
		free(d->due[i].payload);
	}
	if (d->dues)
		for (uint32_t i = 0; i < d->seens; i++)
			d->seen[i].looked_ns = 0;
	d->dues = 0;
}

void drain_free_schedules(struct drain *d)
{
	for (uint32_t i = 0; i < d->dues; i++)
		free(d->due[i].payload);
	free(d->due);
	free(d->seen);
	d->due = NULL;
	d->seen = NULL;
}
