/*
 * When an event was made last is kept in memory, so that a pass opens no file before its time has
 * come.
 */
#include "sender/drain_schedules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/image.h"
#include "sender/drain_commit.h"
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

static void say_not_kept(const struct drain *d, const struct image *image, uint32_t event,
			 int error)
{
	say(d->options, SAY_WARNING, "the schedule of %s can not be kept: %s",
	    label_of(image, event), strerror(-error));
}

static struct schedule *get_schedule(struct drain *d, const struct image *image, uint32_t event,
				     int *error)
{
	return schedule_set_get(&d->schedules, late_service(image, image->event[event].service),
				label_of(image, event), error);
}

void drain_save_schedules(struct drain *d)
{
	int r = schedule_set_close(&d->schedules);

	if (r)
		say(d->options, SAY_WARNING, "what schedules count can not be kept: %s",
		    strerror(-r));
}

/* The process's counts into the sums; when it was made last into *seen. -EAGAIN: another drainer is
 * at it. */
static int look(struct drain *d, const struct drain_group *group, uint32_t event,
		struct drain_seen *seen)
{
	int r = 0;
	struct schedule *s = get_schedule(d, group->image, event, &r);

	if (!s)
		return r == -EBUSY ? -EAGAIN : 0;
	if (d->measures)
		r = schedule_add(s, d->pool, group->lifecycle, d->measures);
	/* A turn that has begun is due, whatever the time. */
	seen->made_ns = s->turn_ns ? 0 : s->made_ns;
	seen->looked_ns = clock_boot_ns();
	if (r)
		say_not_kept(d, group->image, event, r);
	return 0;
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

/* Its process is over, and so is what was seen of it. */
static void forget_seen(struct drain *d, struct drain_seen *seen)
{
	*seen = d->seen[--d->seens];
}

/* -EAGAIN: what the process counted can not be added now, and there is no later. */
static int look_at(struct drain *d, const struct drain_group *group, uint32_t event)
{
	const struct image_event *rule = &group->image->event[event];
	bool counts = d->measures && rule->flags & EVENT_MEASURES;
	struct drain_seen *seen = find_seen(d, group, event, counts ? group->lifecycle : 0);
	int r = 0;
	bool due;

	if (!seen)
		return 0;
	due = seen->looked_ns && schedule_is_due(rule, seen->made_ns, clock_real_ns());
	if (!seen->looked_ns || due ||
	    (counts && (group->stop || clock_boot_ns() - seen->looked_ns > COUNT_NS)))
		r = look(d, group, event, seen);
	if (seen->looked_ns && schedule_is_due(rule, seen->made_ns, clock_real_ns()))
		note_due(d, group, event);
	if (!counts || !group->stop)
		return 0;
	if (!r)
		forget_seen(d, seen);
	return r;
}

static bool is_schedule(const struct image *image, uint32_t event)
{
	return event < image->tables->event_count &&
	       image->event[event].flags & EVENT_PER_INSTALLATION && image->event[event].every_ns;
}

static const struct image_service *service_of(const struct image *image,
					      const struct start_block *start)
{
	if (start->flags & (START_ONLY_CHILD | START_WORKER) ||
	    start->service >= image->tables->service_count)
		return NULL;
	return &image->service[start->service];
}

bool drain_has_schedules(const struct image *image, const struct start_block *start)
{
	const struct image_service *s = service_of(image, start);

	for (uint32_t i = 0; s && i < s->event_count; i++)
		if (is_schedule(image, s->first_event + i))
			return true;
	return false;
}

int drain_look_at_schedules(struct drain *d, const struct drain_group *group)
{
	const struct image_service *s = service_of(group->image, group->start);
	int r = 0;

	if (!s)
		return 0;
	drain_open_measures(d, group);
	for (uint32_t i = 0; !r && i < s->event_count; i++)
		if (is_schedule(group->image, s->first_event + i))
			r = look_at(d, group, s->first_event + i);
	return r;
}

/* For a void mark: no other turn of the same process in this segment, most likely. */
static uint32_t moment_of(const struct schedule *s)
{
	uint32_t number = (s->key[0] | (uint32_t)s->key[1] << 8) ^ (s->turn_ns / TICK_NS & 0xffff);

	return SPOOL_MOMENT(SPOOL_TICK, SLOT_TICKS | number << 8);
}

/* Evaluated and appended. */
static int append_event(struct drain *d, const struct drain_due *due, const struct schedule *s,
			uint32_t moment)
{
	struct drain_group group = { .lifecycle = due->ref.lifecycle,
				     .start = &due->start,
				     .image = due->image,
				     .untrusted = atomic_load(&due->ref.slot->untrusted_ns) != 0 };
	/* The id is that of the period: who makes it again makes the same one. */
	struct late_tick tick = { .event = due->event,
				  .number = s->made_ns / TICK_NS,
				  .real_ns = s->turn_ns,
				  .boot_ns = clock_boot_ns(),
				  .key = s->key };
	int r;

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
	return r;
}

static int write_event(struct drain *d, const struct drain_due *due, const struct schedule *s,
		       uint32_t moment)
{
	struct spool_mark mark = { .lifecycle = due->ref.lifecycle,
				   .moments = moment,
				   .more = SPOOL_TURN(s->turn_ns / TICK_NS, d->number) };
	size_t length;
	uint32_t routes;
	int r = spool_segment(d->spool, due->start.image, &d->segment);

	if (r)
		return r;
	memcpy(&mark.from, s->hash, sizeof(mark.from));
	memcpy(&mark.to, s->hash + sizeof(mark.from), sizeof(mark.to));
	length = d->segment->pending.length;
	routes = d->segment->routes;
	r = append_event(d, due, s, moment);
	mark.events = d->events;
	if (!r && d->events)
		segment_add_mark(d->segment, SPOOL_END, &mark);
	if (r)
		segment_cut_pending(d->segment, length, routes);
	else if (d->segment->pending.length)
		r = segment_write(d->segment, true);
	/* No room for its routes: the next pass takes a segment of its own. */
	if (r == -E2BIG)
		d->segment->full = true;
	return r;
}

static bool slot_is_still(const struct drain *d, const struct slot_ref *ref)
{
	uint64_t word = atomic_load(&d->pool->claims[ref->number]);

	return CLAIM_GENERATION(word) == ref->lifecycle >> 16 && CLAIM_STATE(word) != CLAIM_FREE;
}

/* With what this process has counted by now. */
static int begin_turn(struct drain *d, const struct drain_due *due, struct schedule *s)
{
	if (d->measures && slot_is_still(d, &due->ref))
		schedule_add(s, d->pool, due->ref.lifecycle, d->measures);
	schedule_begin(s, d->pool, clock_real_ns());
	return schedule_save(s);
}

/* Of a turn that has begun: its event into the spool, then its end. When that can not be kept the
 * event does not count: the turn is still there, for another one. */
static int finish_turn(struct drain *d, const struct drain_due *due, struct schedule *s)
{
	uint32_t moment = moment_of(s);
	int r;

	memcpy(d->payload, due->payload, due->start.payload);
	r = write_event(d, due, s, moment);
	if (r) {
		memory_forget(&d->memory);
		return r;
	}
	drain_commit_memory(d);
	schedule_end(s, d->number);
	r = schedule_save(s);
	if (!r) {
		stats_add(d->stats, STATS_RECORDED, d->events);
	} else if (d->events) {
		drain_void(d->segment, due->ref.lifecycle, moment);
		segment_write(d->segment, false);
	}
	return r;
}

/* Under the lock, from the look to the file. */
static void make(struct drain *d, const struct drain_due *due)
{
	const struct image_event *rule = &due->image->event[due->event];
	int r = 0;
	struct schedule *s = get_schedule(d, due->image, due->event, &r);

	if (!s)
		return;
	d->measures = measures_open(&due->ref, due->image, due->start.service, &d->measures_memory)
			      ? NULL
			      : &d->measures_memory;
	if (!s->turn_ns && schedule_is_due(rule, s->made_ns, clock_real_ns()))
		r = begin_turn(d, due, s);
	if (!r && s->turn_ns)
		r = finish_turn(d, due, s);
	/* Broken off, or others have what is remembered: the next pass goes on with it. */
	if (r && r != -EINTR && r != -EAGAIN)
		say_not_kept(d, due->image, due->event, r);
	/* What stands in the file holds. */
	if (r)
		s->changed = false;
	drain_save_schedules(d);
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
	drain_save_schedules(d);
	for (uint32_t i = 0; i < d->dues; i++)
		free(d->due[i].payload);
	free(d->due);
	free(d->seen);
	d->due = NULL;
	d->seen = NULL;
}
