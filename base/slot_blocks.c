/*
 * The fixed blocks of a slot: start, own notes, the waiter's note. Each is a sequence lock over its
 * commit word (shared.h), and the checksum is the second line of defence.
 */
#include "base/slot.h"

#include <errno.h>
#include <string.h>

#include "base/checksum.h"
#include "base/clock.h"
#include "base/shared.h"

/* Behind commit and check. */
#define NOTE_BODY  offsetof(struct note, reason)
#define START_BODY offsetof(struct start_block, payload)

/* Behind commit. */
#define NOTE_REST  offsetof(struct note, check)
#define START_REST offsetof(struct start_block, check)

/* A reader that meets a writer looks again; who changes a block more often than that leaves it
 * damaged. */
#define READ_TRIES 3

uint8_t *slot_payload(const struct slot_ref *ref)
{
	return (uint8_t *)(ref->slot + 1);
}

uint8_t *slot_counters(const struct slot_ref *ref)
{
	return slot_payload(ref) + ref->class.payload_bytes;
}

static uint32_t note_check(const struct note *note, uint64_t commit)
{
	return checksum((const uint8_t *)note + NOTE_BODY, sizeof(*note) - NOTE_BODY, commit);
}

/* Fields, then the payload seeded with the checksum of the fields. */
static uint32_t start_check(const struct start_block *start, const void *payload, uint64_t commit)
{
	uint32_t fields =
		checksum((const uint8_t *)start + START_BODY, sizeof(*start) - START_BODY, commit);

	return checksum(payload, start->payload, fields);
}

void slot_commit_start(struct slot_ref *ref, const struct start_block *facts)
{
	struct start_block *target = &ref->slot->start;
	uint64_t commit = ref->lifecycle << 8 | 1;
	uint64_t word = atomic_load_explicit(ref->claim, memory_order_relaxed);
	struct start_block block;

	memcpy(&block, facts, sizeof(block));
	if (block.payload > ref->class.payload_bytes)
		block.payload = ref->class.payload_bytes;
	block.check = start_check(&block, slot_payload(ref), commit);
	atomic_store_explicit(&target->commit, 0, memory_order_relaxed);
	shared_store((uint8_t *)target + START_REST, (const uint8_t *)&block + START_REST,
		     sizeof(block) - START_REST);
	/* Pairs with the acquire in read_block(). */
	atomic_store_explicit(&target->commit, commit, memory_order_release);
	if (slot_change(ref, CLAIM_PID(word), CLAIM_TAKEN, CLAIM_RUNNING))
		pool_count(ref->pool, POOL_STARTS, 1);
}

void slot_withdraw(struct slot_ref *ref)
{
	uint64_t word = atomic_load_explicit(ref->claim, memory_order_relaxed);

	atomic_store_explicit(&ref->slot->start.commit, 0, memory_order_release);
	slot_change(ref, CLAIM_PID(word), CLAIM_RUNNING, CLAIM_TAKEN);
}

static void note_write(struct note *target, uint64_t commit, const struct note_facts *facts)
{
	struct note note = {
		.reason = (uint16_t)facts->reason,
		.flags = facts->flags,
		.code = facts->code,
		.signal = facts->signal,
		.after_signal = facts->after_signal,
		.pid = facts->pid,
		.boot_ns = facts->confined ? clock_boot_ns() : clock_boot_ns_cold(),
		.real_ns = facts->confined ? clock_real_ns() : clock_real_ns_cold(),
	};

	note.check = note_check(&note, commit);
	atomic_store_explicit(&target->commit, 0, memory_order_relaxed);
	shared_store((uint8_t *)target + NOTE_REST, (const uint8_t *)&note + NOTE_REST,
		     sizeof(note) - NOTE_REST);
	/* Pairs with the acquire in read_block(). */
	atomic_store_explicit(&target->commit, commit, memory_order_release);
}

void slot_note_own(struct slot_ref *ref, const struct note_facts *facts)
{
	uint32_t sequence =
		atomic_fetch_add_explicit(&ref->slot->notes, 1, memory_order_relaxed) + 1;

	note_write(&ref->slot->own[sequence % SLOT_NOTES], ref->lifecycle << 8 | (sequence & 0xff),
		   facts);
}

static void set_waiter(struct slot_ref *ref, uint32_t word)
{
	atomic_store_explicit(&ref->slot->waiter_ns, clock_boot_ns_cold(), memory_order_relaxed);
	/* Pairs with the acquire in drain_observe(). */
	atomic_store_explicit(&ref->slot->waiter, word, memory_order_release);
}

void slot_set_waiter(struct slot_ref *ref, uint32_t pid)
{
	set_waiter(ref, pid);
}

void slot_set_parent(struct slot_ref *ref, uint32_t pid)
{
	set_waiter(ref, pid | WAITER_PARENT);
}

/* Killed between the swap and its commit word, the writer leaves no note: as if it never waited. */
void slot_note_waited(struct slot_ref *ref, const struct note_facts *facts)
{
	uint64_t word = atomic_load_explicit(ref->claim, memory_order_acquire);
	uint32_t told = atomic_load_explicit(&ref->slot->waited_for, memory_order_relaxed);

	/* The slot may have been freed without us: its next tenant's block is not ours to write. */
	if (CLAIM_GENERATION(word) != ref->lifecycle >> 16)
		return;
	if (told == facts->pid ||
	    !atomic_compare_exchange_strong_explicit(&ref->slot->waited_for, &told, facts->pid,
						     memory_order_acq_rel, memory_order_relaxed))
		return;
	note_write(&ref->slot->waited, ref->lifecycle << 8 | 1, facts);
}

/*
 * Copies a block whose first field is its commit word. -ENODATA: not this lifecycle's; -EAGAIN: it
 * changed each time meanwhile.
 */
static int read_block(void *into, const void *block, size_t bytes, uint64_t lifecycle)
{
	const _Atomic uint64_t *commit = block;

	for (int i = 0; i < READ_TRIES; i++) {
		uint64_t before = atomic_load_explicit(commit, memory_order_acquire);

		if (before >> 8 != lifecycle)
			return -ENODATA;
		shared_load(into, block, bytes);
		if (atomic_load_explicit(commit, memory_order_relaxed) == before) {
			memcpy(into, &before, sizeof(before));
			return 0;
		}
	}
	return -EAGAIN;
}

bool slot_untrusted_at(const struct slot_ref *ref, uint64_t boot_ns)
{
	uint64_t since_ns = atomic_load_explicit(&ref->slot->untrusted_ns, memory_order_relaxed);

	return since_ns != 0 && since_ns <= boot_ns;
}

static uint64_t commit_of(const struct note *note)
{
	return atomic_load_explicit(&note->commit, memory_order_relaxed);
}

static int read_note(const struct slot_ref *ref, const struct note *note, struct note *into)
{
	int error = read_block(into, note, sizeof(*into), ref->lifecycle);

	if (error == -EAGAIN || (error == 0 && into->check != note_check(into, commit_of(into))))
		return -EBADMSG;
	return error;
}

/* Sequences are compared modulo 256; four notes are never that far apart. */
static bool is_newer(const struct note *a, const struct note *b)
{
	return (int8_t)(commit_of(a) - commit_of(b)) > 0;
}

int slot_read_own(const struct slot_ref *ref, struct note *into)
{
	int result = -ENODATA;

	for (unsigned i = 0; i < SLOT_NOTES; i++) {
		struct note note;
		int error = read_note(ref, &ref->slot->own[i], &note);

		if (error == 0 && (result != 0 || is_newer(&note, into))) {
			memcpy(into, &note, sizeof(note));
			result = 0;
		} else if (error == -EBADMSG && result == -ENODATA) {
			result = -EBADMSG;
		}
	}
	return result;
}

int slot_read_waited(const struct slot_ref *ref, struct note *into)
{
	struct note note;
	int error = read_note(ref, &ref->slot->waited, &note);

	if (error == 0)
		memcpy(into, &note, sizeof(note));
	return error;
}

int slot_read_start(const struct slot_ref *ref, struct start_block *facts, uint8_t *payload,
		    uint32_t capacity)
{
	struct start_block block;
	const uint8_t *bytes = slot_payload(ref);
	uint64_t commit = ref->lifecycle << 8 | 1;
	int error = read_block(&block, &ref->slot->start, sizeof(block), ref->lifecycle);

	if (error == -EAGAIN || (error == 0 && block.payload > ref->class.payload_bytes))
		return -EBADMSG;
	if (error != 0)
		return error;
	if (payload != NULL) {
		if (block.payload > capacity)
			return -EMSGSIZE;
		shared_load(payload, bytes, block.payload);
		bytes = payload;
	}
	if (atomic_load_explicit(&block.commit, memory_order_relaxed) != commit ||
	    block.check != start_check(&block, bytes, commit))
		return -EBADMSG;
	memcpy(facts, &block, sizeof(block));
	return 0;
}
