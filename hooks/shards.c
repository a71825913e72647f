#include "hooks/shards.h"

#include <assert.h>
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

/* Cells of those that own nothing: not yet, and for good. */
const uint64_t stubs_none, stubs_full;

/* The thread's cell: its shard's offset; 0: none. */
__thread const uint64_t *stubs_cell = &stubs_none;

void stubs_claim(void);

static struct {
	_Atomic uint64_t *owners;
	uint64_t *cells; /* wiped by fork */
	uint32_t count;	 /* of shards that can be owned; the first one is behind as many */
} shards;

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

static uint64_t *shards_cells(void)
{
	long at = sys_mmap(NULL, sizeof(uint64_t), PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (sys_failed(at))
		return NULL;
	if (sys_call(SYS_madvise, at, sizeof(uint64_t), MADV_WIPEONFORK, 0) == 0)
		return (uint64_t *)at;
	sys_munmap((void *)at, sizeof(uint64_t));
	return NULL;
}

void shards_begin(uint32_t count, uint32_t stride, _Atomic uint64_t *owners)
{
	uint64_t *cells = MACHINE_OWNS_SHARDS && owners && count > 1 ? shards_cells() : NULL;

	if (cells) {
		shards.owners = owners;
		shards.count = count / 2;
		shards.cells = cells;
		count /= 2;
	}
	stubs_shards.mask = count - 1;
	stubs_shards.stride = stride;
	stubs_shards.processor = shards_processor();
}

/* Of two claims in one thread, by a signal handler in between, one is in vain. */
void stubs_claim(void)
{
	uint64_t number = shards.count;

	if (stubs_cell == &stubs_full)
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

void hooks_count(_Atomic uint64_t *counter, uint64_t by)
{
	uint64_t own = *stubs_cell;

	if (own) {
		machine_add((uint64_t *)((uintptr_t)counter + own), by);
		return;
	}
	atomic_fetch_add_explicit((_Atomic uint64_t *)((uintptr_t)counter + shards_of_processor()),
				  by, memory_order_relaxed);
	stubs_claim();
}
