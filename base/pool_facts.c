/*
 * The facts of a pool: the geometry of a new one, and the check of one that is there.
 */
#include "base/pool_private.h"

#include <errno.h>
#include <string.h>

#include "base/checksum.h"
#include "base/machine.h"
#include "base/process.h"

#define KIB 1024

/*
 * Cells for commands; small extents for commands that count or record calls and for forked workers
 * that do; extents for services with counters and a ring; a few large ones. 18 MiB in all, of the
 * 64 MiB that a container's /dev/shm has by default. first and offset are worked out.
 */
static const struct pool_class usual[] = {
	{ .count = 2048, .slot_bytes = 4 * KIB, .payload_bytes = 3 * KIB },
	{ .count = 128,
	  .slot_bytes = 16 * KIB,
	  .payload_bytes = 3 * KIB,
	  .counter_bytes = 4 * KIB,
	  .ring_bytes = 8 * KIB },
	{ .count = 64,
	  .slot_bytes = 64 * KIB,
	  .payload_bytes = 7 * KIB,
	  .counter_bytes = 24 * KIB,
	  .ring_bytes = 32 * KIB },
	{ .count = 8,
	  .slot_bytes = 512 * KIB,
	  .payload_bytes = 31 * KIB,
	  .counter_bytes = 224 * KIB,
	  .ring_bytes = 256 * KIB },
};
#define USUAL_CLASSES (sizeof(usual) / sizeof(usual[0]))
static_assert(USUAL_CLASSES <= POOL_CLASSES, "format");

static uint32_t usual_slots(void)
{
	uint32_t slots = 0;

	for (size_t i = 0; i < USUAL_CLASSES; i++)
		slots += usual[i].count;
	return slots;
}

uint64_t pool_usual_head_bytes(void)
{
	return pool_head_bytes(usual_slots());
}

static uint32_t facts_check(const struct pool_facts *facts)
{
	return checksum(facts, offsetof(struct pool_facts, check), 0);
}

static void fill_geometry(struct pool_facts *facts)
{
	uint64_t offset = pool_usual_head_bytes();

	for (size_t i = 0; i < USUAL_CLASSES; i++) {
		struct pool_class *class = &facts->class[i];

		*class = usual[i];
		class->first = facts->slots;
		class->offset = offset;
		facts->slots += class->count;
		offset += (uint64_t) class->count * class->slot_bytes;
	}
	facts->classes = USUAL_CLASSES;
	facts->file_bytes = offset;
}

int pool_facts_fill(struct pool_facts *facts, unsigned uid, const char *state)
{
	size_t length = strlen(state);
	int error;

	memset(facts, 0, sizeof(*facts));
	if (length >= sizeof(facts->state))
		return -ENAMETOOLONG;
	error = machine_random(facts->id);
	if (error != 0)
		return error;
	memcpy(facts->magic, POOL_MAGIC, sizeof(facts->magic));
	facts->major = POOL_MAJOR;
	facts->minor = POOL_MINOR;
	facts->uid = uid;
	memcpy(facts->state, state, length);
	machine_boot_id(facts->boot_id);
	facts->pid_namespace = process_pid_namespace();
	facts->proc_device = facts->pid_namespace != 0 ? process_proc_device() : 0;
	fill_geometry(facts);
	facts->check = facts_check(facts);
	return 0;
}

/* Does the class follow on what was before it, and do its areas fit into its slots? */
static bool class_holds(const struct pool_class *class, uint64_t first, uint64_t offset)
{
	uint64_t areas = sizeof(struct slot) + (uint64_t) class->payload_bytes +
			 class->counter_bytes + class->ring_bytes;
	bool aligned = class->slot_bytes % POOL_PAGE == 0 && class->payload_bytes % 64 == 0 &&
		       class->counter_bytes % 64 == 0 &&
		       (class->ring_bytes & (class->ring_bytes - 1)) == 0 &&
		       class->ring_bytes % RING_UNIT == 0;

	return aligned && class->first == first && class->offset == offset && class->count > 0 &&
	       areas <= class->slot_bytes;
}

static bool geometry_holds(const struct pool_facts *facts)
{
	uint64_t first = 0;
	uint64_t offset = pool_head_bytes(facts->slots);

	for (uint32_t i = 0; i < facts->classes; i++) {
		const struct pool_class *class = &facts->class[i];

		if (!class_holds(class, first, offset))
			return false;
		first += class->count;
		offset += (uint64_t) class->count * class->slot_bytes;
		if (first > POOL_SLOTS || offset > facts->file_bytes)
			return false;
	}
	return first == facts->slots && offset == facts->file_bytes;
}

bool pool_facts_hold(const struct pool_facts *facts, uint64_t file_bytes)
{
	return memcmp(facts->magic, POOL_MAGIC, sizeof(facts->magic)) == 0 &&
	       facts->major == POOL_MAJOR && facts->check == facts_check(facts) &&
	       facts->file_bytes == file_bytes && facts->classes > 0 &&
	       facts->classes <= POOL_CLASSES && geometry_holds(facts) &&
	       memchr(facts->state, '\0', sizeof(facts->state)) != NULL;
}
