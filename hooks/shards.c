#include "hooks/shards.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "base/sys.h"
#include "hooks/hooks.h"
#include "hooks/stub_offsets.h"
#include "hooks/symbol.h"
#include "hooks_machine.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

/* Read by stubs.S. processor: of rseq's cpu_id_start, which linux/rseq.h says may be loaded at any
 * time and is 0 before registration, behind the thread pointer. */
struct {
	uintptr_t processor;
	uint64_t stride;
	uint64_t mask;
} stubs_shards;
static_assert(offsetof(__typeof__(stubs_shards), stride) == SHARDS_STRIDE, "stubs.S");
static_assert(offsetof(__typeof__(stubs_shards), mask) == SHARDS_MASK, "stubs.S");

/* Cells of those that own nothing: not yet, and for good; and of muted ones. */
const uint64_t stubs_none, stubs_full;
static uint64_t shards_mute;

/* The thread's cell: its shard's offset; 0: none. */
__thread const uint64_t *stubs_cell = &stubs_none;

void stubs_claim(void);

static struct {
	_Atomic uint64_t *owners;
	uint64_t *cells; /* wiped by fork */
	uint32_t count;	 /* of shards that can be owned; the first one is behind as many */
} shards;

/* The cell of a muted thread before that. */
static __thread const uint64_t *shards_before;

/* Reads as 0 in every thread: the processor where there is no rseq. */
static __thread uint32_t shards_no_processor;

static uintptr_t shards_processor(void)
{
	const ptrdiff_t *offset = symbol_first_data("__rseq_offset");
	const unsigned *size = symbol_first_data("__rseq_size");

	if (offset && size && *size)
		return (uintptr_t)*offset;
	return (uintptr_t)&shards_no_processor - machine_thread_pointer();
}

static long shards_map(size_t bytes)
{
	return sys_mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static uint64_t *shards_cells(void)
{
	long at = shards_map(sizeof(uint64_t));

	if (sys_failed(at))
		return NULL;
	if (sys_call(SYS_madvise, at, sizeof(uint64_t), MADV_WIPEONFORK, 0) == 0)
		return (uint64_t *)at;
	sys_munmap((void *)at, sizeof(uint64_t));
	return NULL;
}

/* Memory for every counter of a stub, at the same distance. */
static uint64_t shards_nowhere(const struct hooks_setup *setup)
{
	uintptr_t first = UINTPTR_MAX, last = 0;
	long at;

	for (uint32_t i = 0; i < setup->count; i++) {
		uintptr_t counter = (uintptr_t)setup->specs[i].counter;

		if (setup->specs[i].kind != HOOKS_COUNT)
			continue;
		first = counter < first ? counter : first;
		last = counter > last ? counter : last;
	}
	if (!last)
		return 0;
	at = shards_map(last - first + sizeof(uint64_t));
	return sys_failed(at) ? 0 : (uint64_t)at - first;
}

void shards_begin(const struct hooks_setup *setup)
{
	uint32_t count = setup->shards;
	uint64_t *cells = NULL;

	if (MACHINE_OWNS_SHARDS && setup->owners && count > 1)
		cells = shards_cells();
	if (cells) {
		count /= 2;
		shards.owners = setup->owners;
		shards.count = count;
		shards.cells = cells;
	}
	stubs_shards.mask = count - 1;
	stubs_shards.stride = setup->stride;
	stubs_shards.processor = shards_processor();
	shards_mute = shards_nowhere(setup);
}

void hooks_mute(bool on)
{
	if (on == hooks_is_muted())
		return;
	if (on)
		shards_before = stubs_cell;
	stubs_cell = on ? &shards_mute : shards_before;
}

bool hooks_is_muted(void)
{
	return stubs_cell == &shards_mute;
}

/* Of two claims in one thread, by a signal handler in between, one is in vain. */
void stubs_claim(void)
{
	uint64_t number = shards.count;

	if (stubs_cell == &stubs_full || hooks_is_muted())
		return;
	if (shards.cells)
		number = atomic_fetch_add_explicit(shards.owners, 1, memory_order_relaxed);
	if (number >= shards.count) {
		stubs_cell = &stubs_full;
		return;
	}
	shards.cells[number] = (shards.count + number) * stubs_shards.stride;
	stubs_cell = &shards.cells[number];
}

static uint32_t shards_of_processor(void)
{
	const volatile uint32_t *processor =
		(const uint32_t *)(machine_thread_pointer() + stubs_shards.processor);

	return (uint32_t)((*processor & stubs_shards.mask) * stubs_shards.stride);
}

/* Where the counter's word is that this thread, which owns no shard, adds to. */
static _Atomic uint64_t *shards_common(_Atomic uint64_t *counter)
{
	return (_Atomic uint64_t *)((uintptr_t)counter + shards_of_processor());
}

static uint64_t *shards_own(_Atomic uint64_t *counter, uint64_t offset)
{
	return (uint64_t *)((uintptr_t)counter + offset);
}

static void shards_add(_Atomic uint64_t *counter, uint64_t by)
{
	atomic_fetch_add_explicit(shards_common(counter), by, memory_order_relaxed);
	stubs_claim();
}

void hooks_count(_Atomic uint64_t *counter, uint64_t by)
{
	const uint64_t *cell = stubs_cell;

	if (cell == &shards_mute)
		return;
	if (*cell)
		machine_add(shards_own(counter, *cell), by);
	else
		shards_add(counter, by);
}

void hooks_sum(_Atomic uint64_t *counter, uint64_t by)
{
	const uint64_t *cell = stubs_cell;

	if (cell == &shards_mute)
		return;
	if (!*cell) {
		atomic_fetch_add_explicit(shards_common(counter + 1), by, memory_order_relaxed);
		shards_add(counter, 1);
		return;
	}
	machine_add(shards_own(counter + 1, *cell), by);
	machine_add(shards_own(counter, *cell), 1);
}
