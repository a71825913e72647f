/*
 * Claiming, finding, mapping, and changes of owner. The blocks of a slot are in slot_blocks.c.
 */
#include "base/slot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/process.h"
#include "base/shared.h"
#include "base/sys.h"

/* Spreads neighbouring pids over a class, so that processes started together meet on no claim word.
 */
#define SPREAD UINT32_C(2654435761)

static const struct pool_class *class_of(const struct pool *pool, uint32_t number)
{
	const struct pool_class *class = pool->class;

	while (number >= class->first + class->count)
		class ++;
	return class;
}

static uint64_t offset_of(const struct pool_class *class, uint32_t number)
{
	return class->offset + (uint64_t)(number - class->first) * class->slot_bytes;
}

static void set_lifecycle(struct slot_ref *ref, uint64_t word)
{
	ref->lifecycle = CLAIM_GENERATION(word) << 16 | ref->number;
}

/* Everything but the lifecycle. */
static int map_slot(struct pool *pool, uint32_t number, struct slot_ref *into)
{
	const struct pool_class *class = class_of(pool, number);
	uint64_t offset = offset_of(class, number);
	long at;

	if (pool->whole != NULL) {
		at = (long)(pool->whole + offset);
	} else {
		at = sys_mmap(NULL, class->slot_bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			      pool->file, offset);
		if (sys_failed(at))
			return (int)at;
	}
	into->pool = pool;
	into->slot = (struct slot *)at;
	into->claim = &pool->claims[number];
	into->number = number;
	into->class = *class;
	return 0;
}

void slot_unmap(struct slot_ref *ref)
{
	if (ref->slot != NULL && ref->pool->whole == NULL)
		sys_munmap(ref->slot, ref->class.slot_bytes);
	ref->slot = NULL;
}

void slot_view(struct pool *pool, uint32_t number, struct slot_ref *into)
{
	map_slot(pool, number, into); /* can not fail: the pool is mapped whole */
	set_lifecycle(into, atomic_load_explicit(into->claim, memory_order_acquire));
}

/* What a former tenant left. Notes and start embed its lifecycle and need nothing. */
static void reset(struct slot *slot)
{
	uint64_t tail = atomic_load_explicit(&slot->ring_tail, memory_order_relaxed);

	atomic_store_explicit(&slot->drain, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->waiter_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->waiter, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->notes, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->adopted, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->pending_forks, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->heirs_lost, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->waited_for, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->missed_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->sender, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->sender_drainer, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->untrusted_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&slot->frames, 0, memory_order_relaxed);
	for (unsigned i = 0; i < SLOT_HEIRS; i++)
		atomic_store_explicit(&slot->heirs[i], 0, memory_order_relaxed);
	atomic_store_explicit(&slot->ring_head, tail, memory_order_relaxed);
	atomic_store_explicit(&slot->ring_done, tail, memory_order_relaxed);
	atomic_store_explicit(&slot->ring_dropped, 0, memory_order_relaxed);
	for (unsigned i = 0; i < SLOT_TICKS; i++)
		atomic_store_explicit(&slot->tick[i], 0, memory_order_relaxed);
	/* From here on a drainer may judge the owner; 0 until now told it to wait. */
	atomic_store_explicit(&slot->seen_ns, clock_boot_ns_cold(), memory_order_release);
}

/* Takes a free slot of the class: its number, with the claim word in *word. -ENOSPC: all are taken.
 */
static int64_t take(struct pool *pool, const struct pool_class *class, uint32_t pid, uint64_t *word)
{
	uint32_t at = (uint32_t)((uint64_t)(pid * SPREAD) * class->count >> 32);

	for (uint32_t i = 0; i < class->count; i++, at = at + 1 < class->count ? at + 1 : 0) {
		_Atomic uint64_t *claim = &pool->claims[class->first + at];
		uint64_t old = atomic_load_explicit(claim, memory_order_relaxed);

		if (CLAIM_STATE(old) != CLAIM_FREE)
			continue;
		*word = CLAIM_WORD(CLAIM_GENERATION(old), pid, CLAIM_TAKEN);
		/* Acquire: what the drainer that freed it did; see drain_free(). */
		if (atomic_compare_exchange_strong_explicit(
			    claim, &old, *word, memory_order_acq_rel, memory_order_relaxed))
			return class->first + at;
	}
	return -ENOSPC;
}

/* What a claimer wants of a slot, in bytes. */
struct wishes {
	uint32_t payload, counters, ring;
};

static bool suits(const struct pool_class *class, const struct wishes *w)
{
	return class->payload_bytes >= w->payload && class->counter_bytes >= w->counters &&
	       class->ring_bytes >= w->ring;
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* More than any class has is asked as the most there is: what does not fit is cut, and counted, by
 * the writer. */
static struct wishes limit_wishes(const struct pool *pool, const struct wishes *wanted)
{
	struct wishes most = { 0, 0, 0 };

	for (uint32_t i = 0; i < pool->classes; i++)
		if (pool->class[i].ring_bytes > most.ring)
			most.ring = pool->class[i].ring_bytes;
	most.ring = least(most.ring, wanted->ring);
	for (uint32_t i = 0; i < pool->classes; i++)
		if (suits(&pool->class[i], &most))
			most.counters = pool->class[i].counter_bytes;
	most.counters = least(most.counters, wanted->counters);
	for (uint32_t i = 0; i < pool->classes; i++)
		if (suits(&pool->class[i], &most))
			most.payload = pool->class[i].payload_bytes;
	most.payload = least(most.payload, wanted->payload);
	return most;
}

static int map_taken(struct pool *pool, uint32_t number, uint64_t word, uint32_t counter_bytes,
		     struct slot_ref *into)
{
	int error = map_slot(pool, number, into);

	if (error != 0) {
		uint64_t next = CLAIM_WORD(CLAIM_GENERATION(word) + 1, 0, CLAIM_FREE);

		atomic_compare_exchange_strong_explicit(&pool->claims[number], &word, next,
							memory_order_release, memory_order_relaxed);
		return error;
	}
	set_lifecycle(into, word);
	memset(slot_counters(into), 0, counter_bytes);
	reset(into->slot);
	return 0;
}

int slot_claim(struct pool *pool, uint32_t pid, uint32_t payload_bytes, uint32_t counter_bytes,
	       uint32_t ring_bytes, struct slot_ref *into)
{
	struct wishes wishes = { payload_bytes, counter_bytes, ring_bytes };
	uint64_t word = 0;

	wishes = limit_wishes(pool, &wishes);
	for (uint32_t i = 0; i < pool->classes; i++) {
		int64_t number;

		if (!suits(&pool->class[i], &wishes))
			continue;
		number = take(pool, &pool->class[i], pid, &word);
		if (number >= 0)
			return map_taken(pool, (uint32_t)number, word, wishes.counters, into);
	}
	return -ENOSPC;
}

static bool is_live_of(uint64_t word, uint32_t pid)
{
	unsigned state = CLAIM_STATE(word);

	return CLAIM_PID(word) == pid && state >= CLAIM_TAKEN && state <= CLAIM_DAEMONIZING;
}

/* Whoever lives in it: has the claim word one of two pids? `one` and `other` are theirs in place.
 */
static inline __attribute__((always_inline)) bool names_either(const _Atomic uint64_t *claim,
							       uint32_t one, uint32_t other)
{
	const uint32_t mask = CLAIM_WORD(0, CLAIM_PIDS - 1, 0);
	uint32_t word = (uint32_t)atomic_load_explicit(claim, memory_order_relaxed) & mask;

	return word == one || word == other;
}

/* The next claim word from `at` on that names one of two pids. Every start looks at all of them:
 * what the compiler can not know to stay the same is read once, and four are looked at in a round.
 */
static uint32_t next_named(const struct pool *pool, uint32_t pid, uint32_t other_pid, uint32_t at)
{
	const _Atomic uint64_t *claim = pool->claims + at, *end = pool->claims + pool->slots;
	const uint32_t one = CLAIM_WORD(0, pid, 0), other = CLAIM_WORD(0, other_pid, 0);

	while (end - claim >= 4 && !names_either(claim, one, other) &&
	       !names_either(claim + 1, one, other) && !names_either(claim + 2, one, other) &&
	       !names_either(claim + 3, one, other))
		claim += 4;
	while (claim < end && !names_either(claim, one, other))
		claim++;
	return (uint32_t)(claim - pool->claims);
}

/* The next claim word from *at on by which the pid owns a live lifecycle. */
static bool find_claim(const struct pool *pool, uint32_t pid, uint32_t *at)
{
	for (*at = next_named(pool, pid, pid, *at); *at < pool->slots;
	     *at = next_named(pool, pid, pid, *at + 1))
		if (is_live_of(atomic_load_explicit(&pool->claims[*at], memory_order_acquire), pid))
			return true;
	return false;
}

uint32_t slot_first_of(const struct pool *pool, uint32_t pid, uint32_t other)
{
	return next_named(pool, pid, other != 0 ? other : pid, 0);
}

/*
 * Does the pid mean here who was seen then, in that pid namespace (0: unknown)? Otherwise its
 * former process left the slot, or one elsewhere has the same number, and a drainer will see to it.
 */
static bool is_of_living(struct pool *pool, uint32_t pid, uint64_t seen_ns, uint64_t space)
{
	return process_life((int)pid, seen_ns) == PROCESS_ALIVE &&
	       (space == 0 || space == pool_pid_namespace(pool));
}

int slot_find(struct pool *pool, uint32_t pid, uint32_t from, struct slot_ref *into)
{
	for (uint32_t at = from; find_claim(pool, pid, &at); at++) {
		int error = map_slot(pool, at, into);
		uint64_t seen_ns, space;

		if (error != 0)
			return error;
		set_lifecycle(into, atomic_load_explicit(into->claim, memory_order_acquire));
		seen_ns = atomic_load_explicit(&into->slot->seen_ns, memory_order_acquire);
		shared_load(&space, &into->slot->start.pid_namespace, sizeof(space));
		if (is_of_living(pool, pid, seen_ns, space))
			return 0;
		slot_unmap(into);
	}
	return -ENOENT;
}

/* A field of a slot that is not mapped; `otherwise` when it can not be looked at. */
static uint64_t field_of(const struct pool *pool, uint32_t number, size_t field, uint64_t otherwise)
{
	uint64_t offset = offset_of(class_of(pool, number), number) + field;
	uint64_t value;

	if (pool->whole != NULL)
		return atomic_load_explicit((_Atomic uint64_t *)(pool->whole + offset),
					    memory_order_acquire);
	if (sys_pread(pool->file, &value, sizeof(value), offset) != sizeof(value))
		return otherwise;
	return value;
}

uint64_t slot_owned_by(struct pool *pool, uint32_t pid, uint32_t from)
{
	/* The words of free slots name pid 0, which is a parent outside our namespace. */
	if (pid == 0)
		return 0;
	for (uint32_t at = from; find_claim(pool, pid, &at); at++) {
		uint64_t word = atomic_load_explicit(&pool->claims[at], memory_order_acquire);
		uint64_t seen_ns = field_of(pool, at, offsetof(struct slot, seen_ns), UINT64_MAX);
		uint64_t space = field_of(pool, at, offsetof(struct slot, start.pid_namespace), 0);

		if (is_of_living(pool, pid, seen_ns, space))
			return CLAIM_GENERATION(word) << 16 | at;
	}
	return 0;
}

bool slot_names(const struct pool *pool, uint32_t pid, uint32_t *at)
{
	for (; *at < pool->slots; (*at)++) {
		uint64_t word = atomic_load_explicit(&pool->claims[*at], memory_order_acquire);
		unsigned state = CLAIM_STATE(word);

		if (CLAIM_PID(word) == pid && state >= CLAIM_TAKEN && state <= CLAIM_STOPPED)
			return true;
	}
	return false;
}

int slot_map(struct pool *pool, uint32_t number, struct slot_ref *into)
{
	int error = map_slot(pool, number, into);

	if (error == 0)
		set_lifecycle(into, atomic_load_explicit(into->claim, memory_order_acquire));
	return error;
}

/* A stop counts once, when it is noted: starts look at the count to find delivery overdue. */
static bool is_stop(unsigned from, unsigned to)
{
	if (to == CLAIM_FINAL)
		return from != CLAIM_STOPPED;
	return to == CLAIM_STOPPED || to == CLAIM_ENDED;
}

static bool swap_claim(struct slot_ref *ref, uint64_t from, uint64_t to)
{
	uint64_t expected = from;
	/*
	 * Release: notes and seen_ns before it. Acquire: the next owner's view of them.
	 * Sequentially consistent, because in a hand-over each side changes its word and then looks
	 * at the other's.
	 */
	bool done = atomic_compare_exchange_strong(ref->claim, &from, to);

	if (done && is_stop(CLAIM_STATE(expected), CLAIM_STATE(to)))
		pool_count(ref->pool, POOL_STOPS, 1);
	return done;
}

bool slot_change(struct slot_ref *ref, uint32_t pid, enum claim_state from, enum claim_state to)
{
	return slot_take_over(ref, pid, from, pid, to);
}

bool slot_take_over(struct slot_ref *ref, uint32_t from_pid, enum claim_state from, uint32_t to_pid,
		    enum claim_state to)
{
	uint64_t generation = ref->lifecycle >> 16;

	if (from_pid != to_pid)
		atomic_store_explicit(&ref->slot->seen_ns, clock_boot_ns(), memory_order_relaxed);
	return swap_claim(ref, CLAIM_WORD(generation, from_pid, from),
			  CLAIM_WORD(generation, to_pid, to));
}
