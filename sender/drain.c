/*
 * The pass over the pool. A claim is committed only after its records are durable; a claim that was
 * lost meanwhile (this drainer was paused for longer than its lease) leaves a void mark behind its
 * records, before anything is sent.
 */
#include "sender/drain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sender/drain_commit.h"
#include "sender/drain_schedules.h"
#include "sender/drain_steps.h"

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
	/* None is in use while a slot's moments are evaluated. */
	if (d->claim)
		drain_save_schedules(d);
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
			     .schedules = { .state = options->state },
			     .stats = stats,
			     .number = spool->drainer,
			     .payload_bytes = most };
	memory_init(&d->memory, options->state);
	baseline_init(&d->baselines, options->uid, options->state);
	probes_open(&d->probes, options);
	d->probes.tick = keep_claims;
	d->probes.context = d;
	d->arena = malloc(LATE_ARENA);
	d->payload = malloc(most ? most : 1);
	d->held = calloc(DRAIN_HELD, sizeof(*d->held));
	d->record = malloc(DRAIN_RECORD);
	if (d->arena && d->payload && d->held && d->record)
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
	free(d->record);
	free(d->step);
	memory_fini(&d->memory);
	drain_free_schedules(d);
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

/* Of the steps those that came after `steps` are its. */
static void hold(struct drain *d, const struct drain_claim *claim, struct segment *segment,
		 unsigned moments, uint32_t steps)
{
	if (!d->count)
		d->since_ns = clock_boot_ns();
	d->held[d->count++] = (struct drain_held){ .claim = *claim,
						   .segment = segment,
						   .moments = moments,
						   .events = d->events,
						   .step = steps,
						   .steps = d->steps - steps };
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
	hold(d, claim, NULL, BOTH, d->steps);
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

/* Under the claim: which of start and stop are new, and may be told? */
static unsigned new_moments(const struct found *found, unsigned done, enum drain_end end)
{
	if (end == DRAIN_OVER)
		return BOTH & ~done;
	/* A damaged start waits for the end of its process, and then makes no event. */
	if (found->start_error || !drain_start_settled(&found->start))
		return 0;
	return DRAIN_DONE_START & ~done;
}

static int write_group(struct drain *d, struct drain_claim *claim, const struct drain_group *group,
		       struct segment **segment)
{
	int r;

	d->claim = claim;
	d->renewed_ns = clock_boot_ns();
	r = drain_write_group(d, group, segment);
	d->claim = NULL;
	return r;
}

static int move(struct drain *d, struct drain_claim *claim, struct found *found, enum drain_end end)
{
	unsigned moments = new_moments(found, DRAIN_DONE(claim->word), end);
	bool started = (DRAIN_DONE(claim->word) | moments) & DRAIN_DONE_START;
	struct segment *segment = NULL;
	uint32_t steps = d->steps;
	struct drain_group group = { claim->ref.lifecycle,
				     &found->start,
				     found->image,
				     end == DRAIN_OVER ? &found->stop : NULL,
				     moments,
				     &claim->ref,
				     false };
	int r = 0;

	d->events = 0;
	if (!found->start_error && started) {
		r = drain_look_at_schedules(d, &group);
		if (!r && (moments || drain_has_steps(&group)))
			r = write_group(d, claim, &group, &segment);
	}
	if (r || (!moments && !segment && end != DRAIN_OVER)) {
		drain_abandon(claim);
		return r;
	}
	hold(d, claim, segment, moments, steps);
	return 0;
}

/* What turned out to be no worker has no start and no stop, but the calls that it made. */
static int move_void(struct drain *d, struct drain_claim *claim, struct found *found)
{
	struct segment *segment = NULL;
	uint32_t steps = d->steps;
	struct drain_group group = { .lifecycle = claim->ref.lifecycle,
				     .start = &found->start,
				     .image = found->image,
				     .stop = &found->stop,
				     .ref = &claim->ref };
	int r = 0;

	d->events = 0;
	found->stop = (struct stop_facts){ 0 };
	if (is_off(d))
		drain_discard_calls(d, &claim->ref, true);
	else if (!found->start_error && found->image && drain_has_steps(&group))
		r = write_group(d, claim, &group, &segment);
	if (r)
		drain_abandon(claim);
	else
		hold(d, claim, segment, BOTH, steps);
	return r;
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

	if (d->spool->count || !found->image || is_off(d))
		return;
	/* When it fails, the same failure is met, and told, under the claim. */
	if (state != CLAIM_RUNNING || !(DRAIN_DONE(word) & DRAIN_DONE_START) ||
	    drain_has_schedules(found->image, &found->start))
		spool_segment(d->spool, found->start.image, &segment);
}

static int drain_slot(struct drain *d, uint32_t number, struct drain_result *result)
{
	struct drain_claim claim;
	struct slot_ref ref;
	struct found found;
	enum drain_end end;
	bool off;
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
	if (end == DRAIN_VOID)
		return move_void(d, &claim, &found);
	count_end(result, end);
	off = is_off(d);
	/* The tenant may have changed, or committed, since we looked, or what was off is on again:
	 * the next pass sees it. */
	if (claim.ref.lifecycle != ref.lifecycle || (!found.start_error && !found.image && !off) ||
	    (end == DRAIN_OVER && found.start_error == -ENODATA &&
	     slot_read_start(&claim.ref, &found.start, NULL, 0) == 0)) {
		drain_abandon(&claim);
		return 0;
	}
	if (!off) {
		r = move(d, &claim, &found, end);
		/* A probe was broken off, since we are to stop, or another drainer has what is
		 * remembered: the next pass, ours or its. */
		result->waiting += r == -EINTR || r == -EAGAIN;
		return r == -EINTR || r == -EAGAIN ? 0 : r;
	}
	drain_discard_calls(d, &claim.ref, end == DRAIN_OVER);
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
		r = drain_commit_held(d);
	return r;
}

/* Of a sender thread: is it its own lifecycle, or a worker of it? Most are dismissed by a look. */
static bool is_ours(const struct drain *d, uint32_t number)
{
	uint64_t lifecycle = d->options->only;
	uint64_t word = atomic_load_explicit(&d->pool->claims[number], memory_order_relaxed);
	struct start_block start;
	struct slot_ref ref;

	if (CLAIM_STATE(word) == CLAIM_FREE)
		return false;
	if ((CLAIM_GENERATION(word) << 16 | number) == lifecycle)
		return true;
	slot_view(d->pool, number, &ref);
	return d->options->workers && ref.slot->start.ancestor == lifecycle &&
	       !slot_read_start(&ref, &start, NULL, 0) && start.flags & START_WORKER &&
	       start.ancestor == lifecycle;
}

static int pass_all(struct drain *d, struct drain_result *result)
{
	int first = 0;

	for (uint32_t number = 0; number < d->pool->slots; number++) {
		int r = 0;

		if (!d->options->only || is_ours(d, number))
			r = pass_slot(d, number, result);
		if (r && !first)
			first = r;
	}
	return first;
}

static int pass(struct drain *d, struct drain_result *result)
{
	uint32_t own = d->options->only & 0xffff;
	int first, r;

	*result = (struct drain_result){ 0 };
	if (!d->options->only || d->options->workers)
		first = pass_all(d, result);
	else
		first = own < d->pool->slots && is_ours(d, own) ? pass_slot(d, own, result) : 0;
	r = drain_commit_held(d);
	drain_make_schedules(d);
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
