/*
 * Relocation types and marks of symbols (ELF for the Arm 64-bit Architecture, 5.7 and 5.3), and the
 * thread pointer.
 */
#ifndef BOOKEND_HOOKS_MACHINE_H
#define BOOKEND_HOOKS_MACHINE_H

/* One stub of each pool of stubs.S. */
#define STUBS_COUNT_BYTES 16
#define STUBS_ENTRY_BYTES 16
#define STUBS_CALL_BYTES  16

#ifndef __ASSEMBLER__
#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

#include "hooks_frame.h"

#define MACHINE_JUMP_SLOT R_AARCH64_JUMP_SLOT
#define MACHINE_GLOB_DAT  R_AARCH64_GLOB_DAT
#define MACHINE_ADDRESS	  R_AARCH64_ABS64

/* Resolvers of indirect functions take the capabilities (System V ABI for the Arm 64-bit
 * Architecture, 9.4.1). */
#define MACHINE_RESOLVERS_ASK 1

/* Here the loader rewrites no PLT. */
#define MACHINE_PLT_TAG DT_NULL

static inline bool machine_is_rewritten(uintptr_t base, intptr_t entry)
{
	(void)base;
	(void)entry;
	return false;
}

/* A load, an addition and a store can be parted by a signal: shards are for processors only. */
#define MACHINE_OWNS_SHARDS 0

static inline void machine_add(uint64_t *word, uint64_t by)
{
	*word += by;
}

static inline uintptr_t machine_thread_pointer(void)
{
	uintptr_t at;

	__asm__("mrs %0, tpidr_el0" : "=r"(at));
	return at;
}

/* Where the call returns to: in front of the arguments, signed (xpaclri; a nop where nothing is).
 */
static inline uintptr_t machine_caller(const struct hooks_frame *frame)
{
	register uintptr_t x30 __asm__("x30") = frame->stack[-1];

	__asm__("hint #7" : "+r"(x30));
	return x30;
}

/* Must a function not be called with the registers that stubs.S keeps? Vectors of the scalable
 * extension may be its arguments. */
static inline bool machine_has_own_convention(const Elf64_Sym *symbol)
{
	return symbol->st_other & STO_AARCH64_VARIANT_PCS;
}
#endif

#endif
