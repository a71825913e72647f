/*
 * A hot pool that others wrote over: patches at arbitrary places of header, claim words and slots,
 * then all that a shim and a drainer do with it. Nothing may crash, read outside the mapping or
 * loop for ever. An input is a row of patches: place (1 byte), offset (2 bytes), length (1 byte),
 * bytes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/drain_claim.h"
#include "base/pool.h"
#include "base/ring.h"

#define STATE	"/nonexistent/fuzz"
#define PATCHES 64

static struct pool pool;
static char folder[64];
static uint8_t *keep; /* the pool as it was */

static void remove_folder(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	if (system(command) != 0)
		perror(folder);
}

/* A lifecycle in each class, with records in the rings. */
static void record(const struct pool_class *class)
{
	struct slot_ref ref;
	struct start_block facts = { .payload = 100 };
	const struct note_facts note = { .reason = EXIT_EXIT, .pid = 2 };

	if (slot_claim(&pool, (uint32_t)getpid(), class->payload_bytes, class->ring_bytes, &ref) !=
	    0)
		abort();
	memset(slot_payload(&ref), 'x', 100);
	slot_commit_start(&ref, &facts);
	for (int i = 0; i < 5 && class->ring_bytes; i++)
		ring_append(&ref, 1, 1, "payload", 7);
	slot_note_own(&ref, &note);
	slot_unmap(&ref);
}

static void open_pool(void)
{
	enum reason why;

	strcpy(folder, "/dev/shm/bookend-fuzz-XXXXXX");
	if (!mkdtemp(folder) ||
	    pool_open_in(&pool, folder, geteuid(), STATE, true, true, &why) != 0)
		abort();
	atexit(remove_folder);
	for (uint32_t i = 0; i < pool.classes; i++)
		record(&pool.class[i]);
	keep = malloc(pool.file_bytes);
	if (!keep)
		abort();
	memcpy(keep, pool.whole, pool.file_bytes);
}

/* Where patches go: mostly to the few places where something is. */
static uint64_t place_of(uint8_t place, uint16_t offset)
{
	uint64_t at = offset;

	if (place % 8 == 1)
		at += POOL_PAGE;
	else if (place % 8 > 1 && place % 8 < 2 + pool.classes)
		at += pool.class[place % 8 - 2].offset;
	return at < pool.file_bytes - 256 ? at : 0;
}

static size_t patch(const uint8_t *data, size_t size, uint64_t places[PATCHES])
{
	size_t count = 0;

	while (size >= 4 && count < PATCHES) {
		size_t length = data[3] < size - 4 ? data[3] : size - 4;

		places[count] = place_of(data[0], (uint16_t)(data[1] | data[2] << 8));
		memcpy(pool.whole + places[count++], data + 4, length);
		data += 4 + length;
		size -= 4 + length;
	}
	return count;
}

static void read_ring(struct slot_ref *ref)
{
	static _Alignas(struct ring_record)
		uint8_t record_of[RING_PAYLOAD_MAX + sizeof(struct ring_record)];
	struct ring_cursor cursor;
	uint64_t position;

	ring_begin(ref, true, &cursor);

	uint64_t from = cursor.position;
	while (ring_next(ref, &cursor, (struct ring_record *)record_of, sizeof(record_of),
			 &position) == 0)
		continue;
	ring_release(ref, from, &cursor);
}

static void drain(uint32_t number)
{
	static uint8_t payload[65536];
	struct drain_claim claim;
	struct start_block facts;
	struct stop_facts stop;
	struct note note;
	uint32_t holder;

	slot_view(&pool, number, &claim.ref);
	slot_read_start(&claim.ref, &facts, payload, sizeof(payload));
	slot_read_own(&claim.ref, &note);
	slot_read_waited(&claim.ref, &note);
	if (drain_claim(&pool, number, 1, true, &claim, &holder) != 0)
		return;
	if (claim.ref.class.ring_bytes)
		read_ring(&claim.ref);
	if (drain_observe(&claim, &stop) == DRAIN_OVER &&
	    drain_commit(&claim, DRAIN_DONE_START | DRAIN_DONE_STOP))
		drain_free(&claim.ref);
	else
		drain_abandon(&claim);
}

static void use(void)
{
	struct pool second;
	struct slot_ref ref;
	enum reason why;

	if (pool_open_in(&second, folder, geteuid(), STATE, false, false, &why) == 0) {
		if (slot_find(&second, (uint32_t)getpid(), &ref) == 0) {
			slot_change(&ref, (uint32_t)getpid(), CLAIM_RUNNING, CLAIM_EXECUTING);
			slot_unmap(&ref);
		}
		if (slot_claim(&second, 1, 100, 0, &ref) == 0)
			slot_unmap(&ref);
		pool_close(&second);
	}
	for (uint32_t i = 0; i < pool.classes; i++)
		drain(pool.class[i].first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t places[PATCHES];

	if (!keep)
		open_pool();

	size_t count = patch(data, size, places);
	use();
	for (size_t i = 0; i < count; i++)
		memcpy(pool.whole + places[i], keep + places[i], 256);
	/* What the use itself wrote. */
	memcpy(pool.whole, keep, pool.class[0].offset);
	for (uint32_t i = 0; i < pool.classes; i++)
		memcpy(pool.whole + pool.class[i].offset, keep + pool.class[i].offset,
		       sizeof(struct slot));
	return 0;
}
