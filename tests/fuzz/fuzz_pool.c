/*
 * Arbitrary bytes as a pool, and everything a drainer does with one. The first byte chooses: 0 the
 * bytes as they are; 1 with the header's check made right; 2 as patches (offset, offset, byte) of a
 * sound pool with a recorded lifecycle in each slot; 3 likewise with all checks made right
 * afterwards, since no fuzzer finds a checksum.
 */
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/drain_claim.h"
#include "base/pool_private.h"
#include "base/ring.h"

#define SLOT_BYTES 8192
#define PAYLOAD	   1024
#define COUNTERS   64
#define RING	   4096
#define SLOTS	   3
#define OFFSET	   8192 /* of the first slot */
#define IMAGE	   (OFFSET + SLOTS * SLOT_BYTES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void seal(struct pool_facts *facts)
{
	facts->check = checksum(facts, offsetof(struct pool_facts, check), 0);
}

static void sound_header(struct pool_facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	memcpy(facts->magic, POOL_MAGIC, sizeof(facts->magic));
	facts->major = POOL_MAJOR;
	facts->file_bytes = IMAGE;
	facts->slots = SLOTS;
	facts->classes = 1;
	facts->class[0] = (struct pool_class){ .count = SLOTS,
					       .slot_bytes = SLOT_BYTES,
					       .payload_bytes = PAYLOAD,
					       .counter_bytes = COUNTERS,
					       .ring_bytes = RING,
					       .offset = OFFSET };
	seal(facts);
}

static void right_note(struct note *note)
{
	note->check = checksum(&note->reason, sizeof(*note) - offsetof(struct note, reason),
			       note->commit);
}

static void right_start(struct slot *slot)
{
	struct start_block *start = &slot->start;
	uint32_t fields =
		checksum(&start->payload, sizeof(*start) - offsetof(struct start_block, payload),
			 start->commit);

	if (start->payload <= PAYLOAD)
		start->check = checksum(slot + 1, start->payload, fields);
}

static void right_ring(uint8_t *ring)
{
	for (uint32_t unit = 0; unit < RING / RING_UNIT; unit++) {
		struct ring_record *record = (struct ring_record *)(ring + unit * RING_UNIT);
		uint64_t position = record->commit - 1;
		uint32_t body = checksum(&record->length, 12, position);

		if (record->length <= RING - unit * RING_UNIT - sizeof(*record))
			record->check = checksum(record->payload, record->length, body);
	}
}

static void right_checks(uint8_t *image)
{
	for (unsigned i = 0; i < SLOTS; i++) {
		struct slot *slot = (struct slot *)(image + OFFSET + i * SLOT_BYTES);

		for (unsigned n = 0; n < SLOT_NOTES; n++)
			right_note(&slot->own[n]);
		right_note(&slot->waited);
		right_start(slot);
		right_ring((uint8_t *)(slot + 1) + PAYLOAD + COUNTERS);
	}
}

/* A lifecycle as a shim records it. */
static void record(struct pool *pool, uint32_t pid)
{
	struct start_block start = { .pid = pid, .payload = 200 };
	struct note_facts facts = { .reason = EXIT_EXIT, .code = 1, .pid = pid };
	struct slot_ref ref;

	slot_claim(pool, pid, 200, 0, RING, &ref);
	slot_commit_start(&ref, &start);
	for (uint32_t i = 0; i < 40; i++)
		ring_append(&ref, 1, i, &start, i * 7 % sizeof(start));
	slot_note_own(&ref, &facts);
	slot_note_waited(&ref, &facts);
	slot_change(&ref, pid, CLAIM_RUNNING, CLAIM_STOPPED);
}

static void patched_pool(uint8_t *image, const uint8_t *data, size_t size)
{
	struct pool pool;

	sound_header((struct pool_facts *)image);
	if (pool_over_memory(&pool, image, IMAGE) != 0)
		abort();
	for (uint32_t i = 0; i < SLOTS; i++)
		pool.claims[i] = CLAIM_WORD(1, 0, CLAIM_FREE);
	for (uint32_t i = 0; i < SLOTS; i++)
		record(&pool, i + 1000);
	for (size_t i = 0; i + 3 <= size; i += 3)
		image[POOL_PAGE + (data[i] | data[i + 1] << 8) % (IMAGE - POOL_PAGE)] ^=
			data[i + 2];
}

/* The image that the input stands for, in memory of exactly its size. */
static uint8_t *image_of(const uint8_t *data, size_t size, unsigned mode, size_t *bytes)
{
	uint8_t *image;

	*bytes = mode < 2 ? size : IMAGE;
	image = calloc(1, *bytes > 0 ? *bytes : 1);
	if (mode < 2)
		memcpy(image, data, size);
	if (mode == 1 && size >= sizeof(struct pool_facts)) {
		((struct pool_facts *)image)->file_bytes = size;
		seal((struct pool_facts *)image);
	}
	if (mode >= 2)
		patched_pool(image, data, size);
	if (mode == 3)
		right_checks(image);
	return image;
}

static void walk(struct slot_ref *ref, bool dead)
{
	union {
		struct ring_record record;
		uint8_t bytes[sizeof(struct ring_record) + RING_PAYLOAD_MAX];
	} out;
	struct ring_cursor cursor;
	uint64_t position, from;

	ring_begin(ref, dead, &cursor);
	from = cursor.position;
	while (ring_next(ref, &cursor, &out.record, sizeof(out), &position) == 0)
		;
	ring_append(ref, 1, 1, &out, 100);
	ring_release(ref, from, &cursor);
}

static void drain(struct pool *pool, uint32_t number)
{
	static uint8_t payload[65536];
	struct drain_claim claim;
	struct stop_facts stop;
	struct start_block start;
	struct note note;
	uint32_t holder = 0;

	if (drain_claim(pool, number, drain_number(pool), true, &claim, &holder) != 0)
		return;
	slot_read_start(&claim.ref, &start, payload, sizeof(payload));
	slot_read_own(&claim.ref, &note);
	slot_read_waited(&claim.ref, &note);
	walk(&claim.ref, false);
	drain_renew(&claim);
	if (drain_observe(&claim, &stop) == DRAIN_OVER) {
		walk(&claim.ref, true);
		drain_commit(&claim, DRAIN_DONE_START | DRAIN_DONE_STOP);
		drain_free(&claim.ref);
	}
	drain_abandon(&claim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slot_ref ref;
	struct pool pool;
	uint32_t taken, slots;
	uint8_t *image;
	size_t bytes;

	if (size < 1)
		return 0;
	image = image_of(data + 1, size - 1, data[0] % 4, &bytes);
	if (pool_over_memory(&pool, image, bytes) == 0) {
		pool_usage(&pool, &taken, &slots);
		for (uint32_t i = 0; i < pool.slots && i < 64; i++)
			drain(&pool, i);
		slot_find(&pool, 1, 0, &ref);
		slot_claim(&pool, 2, PAYLOAD, 0, RING, &ref);
	}
	free(image);
	return 0;
}
