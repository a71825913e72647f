/*
 * The record of a call, written where it will lie. Its size must be known first, so texts are
 * looked at twice.
 */
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "base/ring.h"
#include "base/sys.h"
#include "shim/calls_private.h"
#include "shim/confine.h"
#include "shim/worker.h"

#define CALLS_ALIGNED(bytes) (((bytes) + CALL_ALIGN - 1) / CALL_ALIGN * CALL_ALIGN)

/* The record's own process? A child in our memory has another pid, one in a copy of it no mark. */
static bool calls_here(const struct calls *all)
{
	const struct self *self = all->self;
	bool here = confine_is_here(self);

	if (self->confined)
		return here;
	if (self->here && !here)
		return false;
	return (here && !all->doubt) || self->pid == sys_getpid();
}

static void calls_make_ring(struct calls *all)
{
	if (!atomic_exchange_explicit(&all->claiming, 1, memory_order_relaxed))
		atomic_store_explicit(&all->ring, worker_ring(all->self), memory_order_release);
}

/*
 * Once for a worker, with no signal handler in the midst of it, which may call what is hooked, or
 * never return. Of two threads the later one goes without, and that is counted.
 */
static struct slot_ref *calls_claim(struct calls *all)
{
	uint64_t every = ~UINT64_C(0), mask;
	struct slot_ref *ring;

	if (!all->self->confined && !atomic_load_explicit(&all->claiming, memory_order_relaxed)) {
		sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &every, &mask, sizeof(every));
		calls_make_ring(all);
		sys_call(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
	}
	ring = atomic_load_explicit(&all->ring, memory_order_acquire);
	if (!ring)
		pool_count(&all->self->pool, POOL_CALLS_LOST, 1);
	return ring;
}

struct slot_ref *calls_ring(struct calls *all)
{
	struct self *self = all->self;
	struct slot_ref *ring;

	if (!calls_here(all))
		return NULL;
	if (self_owns(self))
		return &self->slot;
	ring = atomic_load_explicit(&all->ring, memory_order_acquire);
	return ring ? ring : calls_claim(all);
}

/* Where a text is and how long its length parameter says. False: that can not be read. */
static bool calls_text_at(const struct calls_now *now, uint32_t key, uint64_t *address,
			  long *length)
{
	uint64_t word;

	*length = -1;
	if (!calls_word(now, key, address))
		return false;
	if (!CALL_KEY_LENGTH(key))
		return true;
	if (!calls_word(now, CALL_KEY(CALL_KEY_LENGTH(key), CALL_INT, 0), &word) ||
	    (int64_t)word < 0)
		return false;
	*length = (long)word;
	return true;
}

/* Bytes of the captured value, -1: none. */
static long calls_measure(const struct calls_now *now, uint32_t key)
{
	uint64_t word;
	long length;

	if (CALL_KEY_KIND(key) != CALL_TEXT)
		return calls_word(now, key, &word) ? CALL_ALIGN : -1;
	if (!calls_text_at(now, key, &word, &length))
		return -1;
	return calls_length(now->symbol->all->self, word, length);
}

static void calls_fill(const struct calls_now *now, uint32_t key, struct call_item *into)
{
	uint64_t word = 0;

	calls_word(now, key, &word);
	if (CALL_KEY_KIND(key) == CALL_TEXT)
		calls_copy(now->symbol->all->self, word, into->bytes, into->length);
	else
		memcpy(into->bytes, &word, sizeof(word));
}

static void calls_head(const struct calls_now *now, const struct image_action *action,
		       uint8_t *into)
{
	struct call_record *record = (struct call_record *)into;
	uint32_t flags = action->flags & ACTION_DECIDED ? CALL_DECIDED : 0;

	if (action->record & CALL_NEEDS_RESULT)
		flags |= CALL_HAS_RESULT | CALL_RESULT_FLAGS(now->symbol->call->result) |
			 (now->failed ? CALL_FAILED : 0);
	if (action->record & CALL_NEEDS_ERROR)
		flags |= CALL_HAS_ERROR;
	if (action->record & CALL_NEEDS_DURATION)
		flags |= CALL_HAS_DURATION;
	record->event = action->event;
	record->call = now->symbol->number;
	record->result = flags & CALL_HAS_RESULT ? now->result : 0;
	record->error = flags & CALL_HAS_ERROR ? now->error : 0;
	record->flags = flags;
	record->duration_ns = flags & CALL_HAS_DURATION ? now->duration_ns : 0;
}

/* What is to be recorded, measured: at most as many captures as a record has room for. */
struct calls_plan {
	uint32_t bytes; /* of the whole record */
	uint32_t there; /* a bit for each capture that has a value */
	uint8_t length[(CALL_RECORD_MAX - sizeof(struct call_record)) /
		       (sizeof(struct call_item) + CALL_ALIGN)];
};

static void calls_plan(const struct calls_now *now, const struct image_action *action,
		       struct calls_plan *plan)
{
	const uint32_t *key = now->symbol->all->capture + action->capture;

	plan->bytes = sizeof(struct call_record);
	plan->there = 0;
	for (uint32_t i = 0; i < action->captures && i < sizeof(plan->length); i++) {
		long length = calls_measure(now, key[i]);
		uint32_t bytes = sizeof(struct call_item) + CALLS_ALIGNED((uint32_t)length);

		/* What has no room is absent: several long texts. */
		if (length < 0 || plan->bytes + bytes > CALL_RECORD_MAX)
			continue;
		plan->bytes += bytes;
		plan->there |= UINT32_C(1) << i;
		plan->length[i] = (uint8_t)length;
	}
}

static void calls_items(const struct calls_now *now, const struct image_action *action,
			const struct calls_plan *plan, uint8_t *at)
{
	const uint32_t *key = now->symbol->all->capture + action->capture;

	for (uint32_t i = 0; i < action->captures && i < sizeof(plan->length); i++) {
		struct call_item *item = (struct call_item *)at;

		if (!(plan->there >> i & 1))
			continue;
		*item = (struct call_item){ key[i], plan->length[i] };
		calls_fill(now, key[i], item);
		at += sizeof(*item) + CALLS_ALIGNED(item->length);
	}
}

/* Apart from calls_record(), so that a worker's claim does not come on top of this on the stack. */
static __attribute__((noinline)) void
calls_write(struct calls_now *now, const struct image_action *action, struct slot_ref *ring)
{
	struct calls_plan plan;
	struct ring_place place;

	calls_plan(now, action, &plan);
	if (!now->time_ns)
		now->time_ns = calls_clock();
	if (ring_reserve(ring, plan.bytes, &place) < 0)
		return;
	calls_head(now, action, place.payload);
	calls_items(now, action, &plan, place.payload + sizeof(struct call_record));
	ring_commit(ring, &place, CALL_RING_TYPE, now->time_ns);
}

void calls_record(struct calls_now *now, const struct image_action *action)
{
	struct slot_ref *ring = calls_ring(now->symbol->all);

	if (ring)
		calls_write(now, action, ring);
}
