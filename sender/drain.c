/*
 * The pass over the pool. A claim is committed only after its records are durable; a claim that was
 * lost meanwhile (this drainer was paused for longer than its lease) leaves a void mark behind its
 * records, before anything is sent.
 */
#include "sender/drain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sender/drain_group.h"
#include "sender/open.h"
#include "sender/say.h"

#define COMMIT_BYTES SPOOL_SEGMENT
#define COMMIT_NS    (2 * CLOCK_SECOND) /* well below the lease */
#define RENEW_NS     (5 * CLOCK_SECOND)
#define BOTH	     (DRAIN_DONE_START | DRAIN_DONE_STOP)

/* A probe may take longer than a lease. */
static void keep_claims(void *context)
{
	struct drain *d = context;
	uint64_t now = clock_boot_ns();

	if (d->tick)
		d->tick(d->context);
	if (now - d->renewed_ns < RENEW_NS)
		return;
	d->renewed_ns = now;
	if (d->claim)
		drain_renew(d->claim);
	for (uint32_t i = 0; i < d->count; i++)
		drain_renew(&d->held[i].claim);
}

int drain_open(struct drain *d, const struct sender_options *options, struct pool *pool,
	       struct spool *spool, struct images *images, struct stats *stats)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < pool->classes; i++)
		if (pool->class[i].payload_bytes > most)
			most = pool->class[i].payload_bytes;
	*d = (struct drain){ .options = options,
			     .pool = pool,
			     .spool = spool,
			     .images = images,
			     .ids = { options->state },
			     .stats = stats,
			     .number = spool->drainer,
			     .payload_bytes = most };
	probes_open(&d->probes, options);
	d->probes.tick = keep_claims;
	d->probes.context = d;
	d->arena = malloc(LATE_ARENA);
	d->payload = malloc(most ? most : 1);
	d->held = calloc(DRAIN_HELD, sizeof(*d->held));
	if (d->arena && d->payload && d->held)
		return 0;
	drain_close(d);
	return -ENOMEM;
}

void drain_close(struct drain *d)
{
	probes_close(&d->probes);
	free(d->arena);
	free(d->payload);
	free(d->held);
	*d = (struct drain){ 0 };
}

/* Claims the slot, past the claim of a drainer that is dead or has let its lease run out. */
static int take(struct drain *d, uint32_t number, struct drain_claim *claim)
{
	uint32_t holder = 0;
	int r = drain_claim(d->pool, number, d->number, false, claim, &holder);

	if (r == -EBUSY && spool_drainer_dead(d->spool, holder))
		r = -ESTALE;
	else if (r == -ESTALE)
		spool_drainer_dead(d->spool, holder);
	if (r == -ESTALE)
		r = drain_claim(d->pool, number, d->number, true, claim, &holder);
	return r;
}

static void hold(struct drain *d, const struct drain_claim *claim, struct segment *segment,
		 unsigned moments)
{
	if (!d->count)
		d->since_ns = clock_boot_ns();
	d->held[d->count++] = (struct drain_held){
		.claim = *claim, .segment = segment, .moments = moments, .events = d->events
	};
}

/* Everything pending to disk. The first error; what was not written is marked in the held claims.
 */
static int write_segments(struct drain *d)
{
	int first = 0;

	for (uint32_t i = 0; i < d->count; i++)
		d->held[i].written = d->held[i].segment == NULL;
	for (uint32_t i = 0; i < d->spool->count; i++) {
		struct segment *segment = d->spool->held[i];
		int r;

		buffer_free(&segment->own); /* of an earlier commit: one is enough in memory */
		if (!segment->pending.length)
			continue;
		r = segment_write(segment, true);
		if (r && !first)
			first = r;
		for (uint32_t h = 0; h < d->count; h++)
			if (d->held[h].segment == segment)
				d->held[h].written = r == 0;
	}
	return first;
}

/*
 * What receivers know has begun, and its end is not known: kept beside the spool. Before the
 * commit: whoever gets the slot next, because we were killed, comes through here again.
 */
static void keep_open(struct drain *d, const struct slot_ref *ref, unsigned moments,
		      uint32_t events, bool wait)
{
	struct start_block start;
	uint8_t *payload;

	if (moments == DRAIN_DONE_STOP)
		open_remove(d->options->state, d->pool->id, ref->lifecycle);
	if (moments != DRAIN_DONE_START || !events)
		return;
	payload = malloc(d->payload_bytes + 1);
	if (payload && !slot_read_start(ref, &start, payload, d->payload_bytes))
		open_add(d->options->state, d->pool, ref->lifecycle, &start, payload, wait);
	free(payload);
}

static void commit_claim(struct drain *d, struct drain_held *held, uint64_t written_ns)
{
	if (!held->written) {
		drain_abandon(&held->claim);
		return;
	}
	/* Not past the lease, when there are many and the disk is slow. */
	keep_open(d, &held->claim.ref, held->moments, held->events,
		  clock_boot_ns() - written_ns < COMMIT_NS);
	if (!drain_commit(&held->claim, held->moments)) {
		if (held->segment)
			segment_add_mark(held->segment, SPOOL_VOID, held->claim.ref.lifecycle,
					 held->moments, 0);
		return;
	}
	stats_add(d->stats, STATS_RECORDED, held->events);
	if (((DRAIN_DONE(held->claim.word) | held->moments) & BOTH) == BOTH)
		drain_free(&held->claim.ref);
}

static int commit_all(struct drain *d)
{
	int r = write_segments(d);
	uint64_t written_ns = clock_boot_ns();

	for (uint32_t i = 0; i < d->count; i++)
		commit_claim(d, &d->held[i], written_ns);
	d->count = 0;
	d->bytes = 0;
	for (uint32_t i = 0; i < d->spool->count; i++)
		if (d->spool->held[i]->pending.length)
			segment_write(d->spool->held[i], false);
	return r;
}

static bool commit_due(const struct drain *d)
{
	return d->count == DRAIN_HELD || d->bytes >= COMMIT_BYTES ||
	       (d->count && clock_boot_ns() - d->since_ns > COMMIT_NS);
}

/* Off: what was recorded is discarded once its process is gone. */
static void discard(struct drain *d, struct drain_claim *claim)
{
	d->events = 0;
	pool_count(d->pool, POOL_DISCARDED, 1);
	hold(d, claim, NULL, BOTH);
}

static bool is_off(const struct drain *d)
{
	return atomic_load_explicit(&d->pool->header->control, memory_order_relaxed) &
	       POOL_CONTROL_OFF;
}

struct found {
	struct start_block start;
	int start_error; /* of slot_read_start() */
	struct stop_facts stop;
	const struct image *image;
};

/* Under the claim: which moments are new, and are they to be written? */
static int move(struct drain *d, struct drain_claim *claim, struct found *found, enum drain_end end)
{
	unsigned done = DRAIN_DONE(claim->word);
	unsigned moments = end == DRAIN_OVER ? BOTH & ~done : DRAIN_DONE_START & ~done;
	struct segment *segment = NULL;
	struct drain_group group;
	int r = 0;

	d->events = 0;
	if (found->start_error == -ENODATA && end != DRAIN_OVER)
		moments = 0;
	/* A damaged start waits for the end of its process, and then makes no event. */
	if (found->start_error && end != DRAIN_OVER)
		moments = 0;
	if (!found->start_error && end != DRAIN_OVER && !drain_start_settled(&found->start))
		moments = 0;
	if (!moments && end != DRAIN_OVER) {
		drain_abandon(claim);
		return 0;
	}
	if (moments && !found->start_error) {
		group = (struct drain_group){ claim->ref.lifecycle, &found->start, found->image,
					      end == DRAIN_OVER ? &found->stop : NULL, moments };
		d->claim = claim;
		d->renewed_ns = clock_boot_ns();
		r = drain_write_group(d, &group, &segment);
		d->claim = NULL;
	}
	if (r) {
		drain_abandon(claim);
		return r;
	}
	hold(d, claim, segment, moments);
	return 0;
}

static void count_end(struct drain_result *result, enum drain_end end)
{
	result->living += end == DRAIN_LIVES;
	result->waiting += end == DRAIN_WAITING;
}

/* The image is looked for before the claim: a slot whose image is missing is left alone. */
static bool look(struct drain *d, struct slot_ref *ref, struct found *found,
		 struct drain_result *result)
{
	found->image = NULL;
	found->start_error = slot_read_start(ref, &found->start, d->payload, d->payload_bytes);
	if (found->start_error)
		return true;
	found->image = images_get(d->images, found->start.image,
				  late_image_path(d->payload, found->start.payload));
	if (found->image || is_off(d))
		return true;
	result->stuck++;
	stats_add(d->stats, STATS_NO_IMAGE, 1);
	return false;
}

/*
 * A segment of ours tells others when we are dead: who claims without one, and is killed, leaves
 * its lease to run out. Not for a process that lives and has nothing new, which a pass lets go at
 * once.
 */
static void show_life(struct drain *d, const struct slot_ref *ref, const struct found *found)
{
	unsigned state = CLAIM_STATE(atomic_load_explicit(ref->claim, memory_order_relaxed));
	uint64_t word = atomic_load_explicit(&ref->slot->drain, memory_order_relaxed);
	struct segment *segment;

	if (d->spool->count || found->start_error || is_off(d))
		return;
	/* When it fails, the same failure is met, and told, under the claim. */
	if (state != CLAIM_RUNNING || !(DRAIN_DONE(word) & DRAIN_DONE_START))
		spool_segment(d->spool, found->start.image, &segment);
}

static int drain_slot(struct drain *d, uint32_t number, struct drain_result *result)
{
	struct drain_claim claim;
	struct slot_ref ref;
	struct found found;
	enum drain_end end;
	int r;

	slot_view(d->pool, number, &ref);
	if (!look(d, &ref, &found, result))
		return 0;
	show_life(d, &ref, &found);
	r = take(d, number, &claim);
	if (r) {
		result->busy += r == -EBUSY;
		return 0;
	}
	end = drain_observe(&claim, &found.stop);
	if (end == DRAIN_EMPTY)
		return 0;
	if (end == DRAIN_VOID) {
		d->events = 0;
		hold(d, &claim, NULL, BOTH);
		return 0;
	}
	count_end(result, end);
	/* The tenant may have changed, or committed, since we looked: the next pass sees it. */
	if (claim.ref.lifecycle != ref.lifecycle ||
	    (end == DRAIN_OVER && found.start_error == -ENODATA &&
	     slot_read_start(&claim.ref, &found.start, NULL, 0) == 0)) {
		drain_abandon(&claim);
		return 0;
	}
	if (!is_off(d)) {
		r = move(d, &claim, &found, end);
		/* A probe was broken off, since we are to stop: the next drainer's. */
		result->waiting += r == -EINTR;
		return r == -EINTR ? 0 : r;
	}
	if (end == DRAIN_OVER)
		discard(d, &claim);
	else
		drain_abandon(&claim);
	return 0;
}

static int pass_slot(struct drain *d, uint32_t number, struct drain_result *result)
{
	uint64_t word = atomic_load_explicit(&d->pool->claims[number], memory_order_relaxed);
	int r = 0;

	if (CLAIM_STATE(word) != CLAIM_FREE)
		r = drain_slot(d, number, result);
	if (!r && commit_due(d))
		r = commit_all(d);
	return r;
}

/* The one lifecycle of a sender thread, and its workers. */
static bool pass_is_for(const struct drain *d, uint32_t number)
{
	uint64_t lifecycle = d->options->only;
	uint64_t word = atomic_load_explicit(&d->pool->claims[number], memory_order_relaxed);
	struct start_block start;
	struct slot_ref ref;

	if (!lifecycle || CLAIM_STATE(word) == CLAIM_FREE)
		return !lifecycle;
	slot_view(d->pool, number, &ref);
	if (ref.lifecycle == lifecycle)
		return true;
	return !slot_read_start(&ref, &start, NULL, 0) && start.flags & START_WORKER &&
	       start.ancestor == lifecycle;
}

static int pass(struct drain *d, struct drain_result *result)
{
	int first = 0;
	int r;

	*result = (struct drain_result){ 0 };
	for (uint32_t number = 0; number < d->pool->slots; number++) {
		r = pass_is_for(d, number) ? pass_slot(d, number, result) : 0;
		if (r && !first)
			first = r;
	}
	r = commit_all(d);
	return first ? first : r;
}

int drain_pass(struct drain *d, struct drain_result *result)
{
	int r = pass(d, result);

	/* What did not go to the disk goes to tmpfs, at once. */
	if (r && spool_fall_back(d->spool, r))
		r = pass(d, result);
	return r;
}

static void settle_mark(struct drain *d, struct segment *segment, uint32_t drainer,
			const struct spool_mark *mark)
{
	uint32_t number = mark->lifecycle & 0xffff;
	struct drain_claim claim;
	uint32_t holder = drainer;
	struct slot_ref ref;

	if (number >= d->pool->slots)
		return;
	slot_view(d->pool, number, &ref);
	if (ref.lifecycle != mark->lifecycle || CLAIM_STATE(atomic_load(ref.claim)) == CLAIM_FREE)
		return;
	if ((DRAIN_DONE(atomic_load(&ref.slot->drain)) & mark->moments) == mark->moments)
		return;
	keep_open(d, &ref, mark->moments, mark->events, true);
	if (drain_claim(d->pool, number, d->number, true, &claim, &holder) ||
	    claim.ref.lifecycle != mark->lifecycle || !drain_commit(&claim, mark->moments)) {
		segment_add_mark(segment, SPOOL_VOID, mark->lifecycle, mark->moments, 0);
		return;
	}
	stats_add(d->stats, STATS_RECORDED, mark->events);
	if ((DRAIN_DONE(claim.word) | mark->moments) == BOTH)
		drain_free(&claim.ref);
}

struct settling {
	struct drain *drain;
	struct segment *segment;
	uint32_t drainer;
};

static void settle_one(void *context, const struct spool_mark *mark)
{
	struct settling *s = context;

	settle_mark(s->drain, s->segment, s->drainer, mark);
}

void drain_settle(void *context, struct segment *segment, uint32_t drainer)
{
	struct settling settling = { context, segment, drainer };

	if (segment_each_end(segment, settle_one, &settling))
		return;
	open_settle(settling.drain->options->state, segment);
	segment_unload(segment);
	if (segment->pending.length)
		segment_write(segment, false);
}
