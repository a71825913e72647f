/*
 * Schedules of a living process: an event is due when its time has come since its word says it was
 * made last. What was missed is not made up for; what was counted meanwhile is in the next one.
 */
#include "sender/drain_steps.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"
#include "policy/image.h"
#include "sender/schedule.h"

#define NOT_DUE UINT64_MAX

static const struct image_event *event_of(const struct drain_group *group, uint32_t i)
{
	const struct image_service *s = &group->image->service[group->start->service];

	if (s->first_event > group->image->tables->event_count || i >= s->event_count ||
	    i >= group->image->tables->event_count - s->first_event)
		return NULL;
	return &group->image->event[s->first_event + i];
}

/* When it was made last, as the slot says: the process's start at first. In TICK_NS. */
static uint64_t made_of(const struct drain_group *group, uint64_t word)
{
	return word ? TICK_MADE(word) : group->start->boot_ns / TICK_NS;
}

/* The word's time when it is made now, or NOT_DUE. */
static uint64_t due(const struct drain_group *group, const struct image_event *event, uint64_t word,
		    uint64_t now_ns)
{
	uint64_t made = made_of(group, word);
	uint64_t made_ns = made * TICK_NS;
	uint64_t real_ns = clock_real_ns();

	if (now_ns < made_ns)
		return NOT_DUE;
	if (event->flags & EVENT_AT)
		return schedule_turn(event, real_ns - (now_ns - made_ns)) !=
				       schedule_turn(event, real_ns)
			       ? now_ns / TICK_NS
			       : NOT_DUE;
	if (now_ns - made_ns < event->every_ns)
		return NOT_DUE;
	/* On the beat of the first one. */
	return (made_ns + (now_ns - made_ns) / event->every_ns * event->every_ns) / TICK_NS;
}

static bool is_ticking(const struct image_event *event)
{
	return event->tick < SLOT_TICKS && event->every_ns >= TICK_NS &&
	       !(event->flags & EVENT_PER_INSTALLATION);
}

/* Neither a child nor a worker has a schedule of its own. */
static bool has_schedules(const struct drain_group *group)
{
	return !(group->start->flags & (START_ONLY_CHILD | START_WORKER)) &&
	       group->start->service < group->image->tables->service_count;
}

bool drain_tick_is_due(const struct drain_group *group)
{
	const struct image_event *event;
	uint64_t now_ns = clock_boot_ns();

	if (!has_schedules(group))
		return false;
	for (uint32_t i = 0; (event = event_of(group, i)) != NULL; i++)
		if (is_ticking(event) &&
		    due(group, event, atomic_load(&group->ref->slot->tick[event->tick]), now_ns) !=
			    NOT_DUE)
			return true;
	return false;
}

void drain_since(void *context, uint32_t event, uint32_t measure, uint64_t *total)
{
	struct drain *d = context;
	const struct image_event *rule = &d->group->image->event[event];
	uint64_t lifecycle = d->group->lifecycle;
	uint64_t earlier[MEASURES_WORDS_MAX];
	uint64_t word;

	if (d->shared && d->tick_event == event) {
		schedule_total(d->shared, d->measures, measure, total);
		return;
	}
	if (rule->tick >= SLOT_TICKS)
		return;
	word = atomic_load(&d->group->ref->slot->tick[rule->tick]);
	/* At a tick: as it was saved for the next one, not as it is by now. */
	if (d->turn && d->tick_event == event)
		baseline_read(&d->baselines, lifecycle, rule->tick, d->tick_word, d->measures,
			      measure, total);
	if (word && baseline_read(&d->baselines, lifecycle, rule->tick, word, d->measures, measure,
				  earlier))
		measures_subtract(d->measures->measure[measure].kind, total, earlier);
}

/* Before the evaluation: what it sees is what the next tick begins from. */
static int save(struct drain *d, const struct drain_group *group, const struct image_event *event,
		uint64_t to)
{
	if (!d->measures || !(event->flags & EVENT_MEASURES))
		return 0;
	return baseline_save(&d->baselines, group->lifecycle, event->tick, to, d->measures);
}

/* Nothing was made, so nothing needs to be on the disk: the schedule goes on. */
static void skip(struct drain *d, const struct drain_group *group, const struct image_event *event,
		 uint64_t from, uint64_t to)
{
	struct drain_step step = {
		.moment = SPOOL_TICK, .from = from, .to = to, .more = event->tick
	};

	if (d->measures && event->flags & EVENT_MEASURES) {
		baseline_remove(&d->baselines, group->lifecycle, event->tick, to);
		if (from && baseline_carry(&d->baselines, group->lifecycle, event->tick, from, to))
			return;
	}
	drain_commit_step(d, group->ref, &step);
}

static int write_tick(struct drain *d, const struct drain_group *group,
		      const struct image_event *event, uint64_t from, uint64_t made)
{
	uint64_t to = TICK_WORD(made, d->number);
	struct late_tick tick = { .event = (uint32_t)(event - group->image->event),
				  .number = made,
				  .real_ns = clock_real_ns(),
				  .boot_ns = clock_boot_ns() };
	struct drain_step step = { .moment = SPOOL_MOMENT(SPOOL_TICK, event->tick | (made & 0xffff)
											    << 8),
				   .from = from,
				   .to = to,
				   .more = event->tick };
	struct spool_mark mark = { .lifecycle = group->lifecycle,
				   .moments = step.moment,
				   .from = from,
				   .to = to,
				   .more = event->tick };
	uint32_t before = d->events;
	int r = save(d, group, event, to);

	if (r)
		return 0; /* the next pass tries again */
	d->turn = &tick;
	d->tick_event = tick.event;
	d->tick_word = to;
	r = drain_write_moment(d, group, LATE_TICK, step.moment);
	d->turn = NULL;
	mark.events = d->events - before;
	if (r) {
		drain_forget_step(d, group->ref, &step);
		return r;
	}
	if (!mark.events) {
		skip(d, group, event, from, to);
		return 0;
	}
	segment_add_mark(d->segment, SPOOL_END, &mark);
	return drain_add_step(d, &step);
}

int drain_write_ticks(struct drain *d, const struct drain_group *group)
{
	const struct image_event *event;
	uint64_t now_ns = clock_boot_ns();
	int r = 0;

	if (!has_schedules(group))
		return 0;
	for (uint32_t i = 0; !r && (event = event_of(group, i)) != NULL; i++) {
		uint64_t word, made;

		if (!is_ticking(event))
			continue;
		word = atomic_load(&group->ref->slot->tick[event->tick]);
		made = due(group, event, word, now_ns);
		if (made != NOT_DUE)
			r = write_tick(d, group, event, word, made);
	}
	return r;
}

void drain_end_ticks(struct drain *d, const struct slot_ref *ref)
{
	for (uint32_t i = 0; i < SLOT_TICKS; i++) {
		uint64_t word = atomic_load_explicit(&ref->slot->tick[i], memory_order_relaxed);

		if (word)
			baseline_remove(&d->baselines, ref->lifecycle, i, word);
	}
}
