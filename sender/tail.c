/*
 * A round gathers what is new in pool and spool, sorts it by time and hands it out; each id once.
 * What is printed may be provisional nowhere: a stop appears only once the death is observed.
 */
#include "sender/tail.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/drain_claim.h"
#include "sender/encode.h"
#include "sender/host.h"
#include "sender/ids.h"
#include "sender/images.h"
#include "sender/seen.h"
#include "sender/spool_look.h"

#define FOLLOW_MS 100

struct tail_line {
	uint64_t time_ns;
	size_t offset; /* in text */
	size_t length;
};

/* What of a slot's tenant was handed out. */
struct tail_slot {
	uint64_t lifecycle;
	unsigned moments;
};

struct tail {
	const struct sender_options *options;
	bool has_pool;
	struct pool pool;
	struct images images;
	struct ids ids;
	struct seen seen;
	struct tail_slot *slot;
	void *arena;
	uint8_t *payload;
	uint32_t payload_bytes;
	uint64_t lifecycle; /* of the slot at hand */
	unsigned moment;
	struct buffer text;
	struct tail_line *line;
	size_t lines, room;
};

static void add_line(struct tail *t, const struct event *event)
{
	struct tail_line *more;
	size_t offset = t->text.length;

	if (!seen_add(&t->seen, event->id.bytes))
		return;
	if (t->lines == t->room) {
		t->room = t->room ? 2 * t->room : 256;
		more = realloc(t->line, t->room * sizeof(*more));
		if (!more)
			return;
		t->line = more;
	}
	encode_native(&t->text, event);
	t->line[t->lines++] = (struct tail_line){ event->time_ns, offset, t->text.length - offset };
}

static void look_segment(void *context, const struct segment *segment)
{
	struct tail *t = context;
	struct event event;

	for (uint32_t i = 0; i < segment->items; i++)
		if (segment->item[i].routes &&
		    !event_unpack(segment->item[i].payload, segment->item[i].length, &event))
			add_line(t, &event);
}

static int emit(void *context, const struct late_event *late)
{
	struct tail *t = context;
	struct event event;

	event_from_late(&event, late, t->lifecycle, t->moment);
	add_line(t, &event);
	return 0;
}

static void look_moment(struct tail *t, struct late_process *process, unsigned moment)
{
	struct tail_slot *slot = &t->slot[process->lifecycle & 0xffff];
	uint32_t left_out;

	if (slot->lifecycle == process->lifecycle && slot->moments & moment)
		return;
	if (slot->lifecycle != process->lifecycle)
		*slot = (struct tail_slot){ .lifecycle = process->lifecycle };
	slot->moments |= moment;
	t->moment = moment;
	t->lifecycle = process->lifecycle;
	late_events(process, moment == DRAIN_DONE_STOP ? LATE_STOP : LATE_START, t->arena,
		    LATE_ARENA, emit, t, &left_out);
}

static void look_slot(struct tail *t, uint32_t number)
{
	struct late_process process;
	struct start_block start;
	struct stop_facts stop;
	struct slot_ref ref;
	enum drain_end end;

	slot_view(&t->pool, number, &ref);
	if (slot_read_start(&ref, &start, t->payload, t->payload_bytes))
		return;
	process = (struct late_process){ .image = images_get(
						 &t->images, start.image,
						 late_image_path(t->payload, start.payload)),
					 .start = &start,
					 .snapshot = t->payload,
					 .pool_id = t->pool.id,
					 .lifecycle = ref.lifecycle,
					 .id = ids_get,
					 .host = host_get,
					 .context = &t->ids,
					 .mask = true };
	if (!process.image)
		return;
	end = drain_peek(&ref, &stop);
	if (end == DRAIN_VOID || (end != DRAIN_OVER && !drain_start_settled(&start)))
		return;
	look_moment(t, &process, DRAIN_DONE_START);
	if (end != DRAIN_OVER)
		return;
	process.stop = &stop;
	look_moment(t, &process, DRAIN_DONE_STOP);
}

static int by_time(const void *a, const void *b)
{
	const struct tail_line *x = a;
	const struct tail_line *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static int round_of(struct tail *t, void (*line)(void *, const char *, uint32_t))
{
	int r;

	t->text.length = 0;
	t->lines = 0;
	/* The pool first: what moves to the spool meanwhile is found there. */
	for (uint32_t number = 0; t->has_pool && number < t->pool.slots; number++)
		if (CLAIM_STATE(atomic_load(&t->pool.claims[number])) != CLAIM_FREE)
			look_slot(t, number);
	r = spool_look_each(t->options, look_segment, t);
	if (t->lines)
		qsort(t->line, t->lines, sizeof(*t->line), by_time);
	for (size_t i = 0; i < t->lines && !t->text.failed; i++)
		line(t->options->context, t->text.data + t->line[i].offset,
		     (uint32_t)t->line[i].length);
	return t->text.failed ? -ENOMEM : r;
}

static int open_pool(struct tail *t)
{
	enum reason why;
	int r = pool_open(&t->pool, t->options->uid, t->options->state, false, true, &why);

	if (r)
		return r == -ENOENT ? 0 : r;
	pool_close_file(&t->pool);
	t->has_pool = true;
	for (uint32_t i = 0; i < t->pool.classes; i++)
		if (t->pool.class[i].payload_bytes > t->payload_bytes)
			t->payload_bytes = t->pool.class[i].payload_bytes;
	t->slot = calloc(t->pool.slots, sizeof(*t->slot));
	t->payload = malloc(t->payload_bytes + 1);
	t->arena = malloc(LATE_ARENA);
	return t->slot && t->payload && t->arena ? 0 : -ENOMEM;
}

static void close_tail(struct tail *t)
{
	if (t->has_pool)
		pool_close(&t->pool);
	images_close(&t->images);
	seen_free(&t->seen);
	buffer_free(&t->text);
	free(t->slot);
	free(t->payload);
	free(t->arena);
	free(t->line);
}

int tail_run(const struct sender_options *options,
	     void (*line)(void *context, const char *json, uint32_t length))
{
	struct tail t = { .options = options, .ids = { options->state } };
	int r;

	images_open(&t.images, options);
	r = open_pool(&t);
	if (!r)
		r = round_of(&t, line);
	while (!r && options->follow && !(options->stop && *options->stop)) {
		nanosleep(&(struct timespec){ .tv_nsec = FOLLOW_MS * 1000000L }, NULL);
		if (!t.has_pool)
			r = open_pool(&t);
		if (!r)
			r = round_of(&t, line);
	}
	close_tail(&t);
	return r;
}
