/*
 * Relocation types (System V ABI for x86-64, 4.4) and the thread pointer.
 */
#ifndef BOOKEND_HOOKS_MACHINE_H
#define BOOKEND_HOOKS_MACHINE_H

/* One stub of each pool of stubs.S. */
#define STUBS_COUNT_BYTES 64
#define STUBS_ENTRY_BYTES 16
#define STUBS_CALL_BYTES  16

#ifndef __ASSEMBLER__
#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

#include "hooks_frame.h"

#define MACHINE_JUMP_SLOT R_X86_64_JUMP_SLOT
#define MACHINE_GLOB_DAT  R_X86_64_GLOB_DAT
#define MACHINE_ADDRESS	  R_X86_64_64

/* Resolvers of indirect functions ask the loader for the processor's capabilities themselves. */
#define MACHINE_RESOLVERS_ASK 0

/*
 * One instruction adds to memory, so a signal handler of the same thread comes before or behind it:
 * a word that one thread alone adds to needs no lock, which costs as much as the call.
 */
#define MACHINE_OWNS_SHARDS 1

static inline void machine_add(uint64_t *word, uint64_t by)
{
	__asm__ volatile("addq %1, %0" : "+m"(*word) : "er"(by) : "cc");
}

static inline uintptr_t machine_thread_pointer(void)
{
	uintptr_t at;

	__asm__("mov %%fs:0, %0" : "=r"(at));
	return at;
}

/* Where the call returns to: the word in front of the arguments. */
static inline uintptr_t machine_caller(const struct hooks_frame *frame)
{
	return frame->stack[-1];
}

/*
 * Of objects with DT_X86_64_PLT the loader may make calls of the PLT direct (glibc's tunable
 * plt_rewrite): an entry, whose place is then the addend of its relocation, begins with jmp rel32
 * or jmpabs instead of an indirect jump.
 */
#define MACHINE_PLT_TAG 0x70000000

static inline bool machine_is_rewritten(uintptr_t base, intptr_t entry)
{
	const uint8_t *code = (const uint8_t *)(base + (uintptr_t)entry);

	if (!entry)
		return false;
	if (code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e && code[3] == 0xfa) /* endbr64 */
		code += 4;
	return code[0] == 0xe9 || (code[0] == 0xd5 && code[1] == 0x00 && code[2] == 0xa1);
}

/* Must a function not be called with the registers that stubs.S keeps? */
static inline bool machine_has_own_convention(const Elf64_Sym *symbol)
{
	(void)symbol;
	return false;
}
#endif

#endif
