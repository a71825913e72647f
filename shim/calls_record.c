/*
 * The record of a call, written where it will lie. Its size must be known first, so texts are
 * looked at twice.
 */
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

/* Once for a worker; of two threads, or a handler in the middle of it, the later one goes without.
 */
static struct slot_ref *calls_claim(struct calls *all)
{
	struct slot_ref *ring = NULL;

	if (all->self->confined ||
	    atomic_exchange_explicit(&all->claiming, 1, memory_order_relaxed))
		return NULL;
	ring = worker_ring(all->self);
	atomic_store_explicit(&all->ring, ring, memory_order_release);
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
	char scratch[CALL_TEXT_MAX + 1];
	uint64_t word;
	long length;

	if (CALL_KEY_KIND(key) != CALL_TEXT)
		return calls_word(now, key, &word) ? CALL_ALIGN : -1;
	if (!calls_text_at(now, key, &word, &length))
		return -1;
	return calls_text(now->symbol->all->self, word, length, scratch, CALL_TEXT_MAX);
}

/* The same again, into its place; what has become shorter since is filled up with NULs. */
static void calls_fill(const struct calls_now *now, uint32_t key, uint8_t *into, uint32_t bytes)
{
	uint64_t word = 0;
	long length;

	if (CALL_KEY_KIND(key) != CALL_TEXT) {
		calls_word(now, key, &word);
		memcpy(into, &word, sizeof(word));
		return;
	}
	if (calls_text_at(now, key, &word, &length))
		length = calls_text(now->symbol->all->self, word, bytes, into, bytes);
	if (length < 0)
		memset(into, 0, bytes);
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

#define CALLS_CAPTURES 32

void calls_record(struct calls_now *now, const struct image_action *action)
{
	struct calls *all = now->symbol->all;
	const uint32_t *key = all->capture + action->capture;
	struct slot_ref *ring = calls_ring(all);
	int16_t bytes[CALLS_CAPTURES];
	uint32_t total = sizeof(struct call_record);
	struct ring_place place;
	uint8_t *at;

	if (!ring)
		return;
	for (uint32_t i = 0; i < action->captures; i++) {
		bytes[i] = (int16_t)calls_measure(now, key[i]);
		if (bytes[i] >= 0)
			total += sizeof(struct call_item) + CALLS_ALIGNED((uint32_t)bytes[i]);
	}
	if (!now->time_ns)
		now->time_ns = calls_clock();
	if (ring_reserve(ring, total, &place) < 0)
		return;
	calls_head(now, action, place.payload);
	at = place.payload + sizeof(struct call_record);
	for (uint32_t i = 0; i < action->captures; i++) {
		struct call_item *item = (struct call_item *)at;

		if (bytes[i] < 0)
			continue;
		*item = (struct call_item){ key[i], (uint32_t)bytes[i] };
		calls_fill(now, key[i], item->bytes, item->length);
		at += sizeof(*item) + CALLS_ALIGNED(item->length);
	}
	ring_commit(ring, &place, CALL_RING_TYPE, now->time_ns);
}
