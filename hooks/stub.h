/*
 * The pool of stubs: code made by the assembler, once for each number (hooks/arch/ARCH/stubs.S),
 * and behind each its record. A stub belongs to one spec and one function, and is found again by
 * them, so that all slots with the same function get the same address.
 *
 * Records are made under the loader's lock, or before there is a second thread, and never change
 * again; a slot that names the stub is written behind its record.
 */
#ifndef BOOKEND_HOOKS_STUB_H
#define BOOKEND_HOOKS_STUB_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hooks/hooks.h"
#include "hooks/names.h"
#include "hooks/stub_offsets.h"

struct stub {
	uintptr_t target; /* the function, or the next stub */
	_Atomic uint64_t *counter;
	const struct hooks_spec *spec;
	hooks_entry_fn *entry;
	hooks_leave_fn *leave;
	intptr_t error; /* errno of the function's namespace, behind the thread pointer */
	uint32_t words;
	uint32_t floats;
	uint32_t next; /* of the same spec, number + 1 */
	uint32_t bare; /* a CALL without stack words and entry, whose leave wants no arguments */
};
static_assert(offsetof(struct stub, target) == STUB_TARGET, "stubs.S");
static_assert(offsetof(struct stub, counter) == STUB_COUNTER, "stubs.S");
static_assert(offsetof(struct stub, spec) == STUB_SPEC, "stubs.S");
static_assert(offsetof(struct stub, entry) == STUB_ENTRY, "stubs.S");
static_assert(offsetof(struct stub, leave) == STUB_LEAVE, "stubs.S");
static_assert(offsetof(struct stub, words) == STUB_WORDS, "stubs.S");
static_assert(offsetof(struct stub, floats) == STUB_FLOATS, "stubs.S");
static_assert(offsetof(struct stub, bare) == STUB_BARE, "stubs.S");
static_assert(sizeof(struct stub) == STUB_BYTES, "stubs.S");
static_assert(STUB_COUNT == HOOKS_STUBS, "stubs.S");
static_assert(HOOKS_FOLLOW == NEXT_FOLLOW && HOOKS_ANSWER == NEXT_ANSWER, "stubs.S");

/* The address of the spec's stub for that function, made when there is none; 0: the pool is used
 * up.
 */
uintptr_t stub_make(struct names_entry *spec, uintptr_t target, intptr_t error);

/* The record of the stub at that address; NULL: it is none. */
const struct stub *stub_at(uintptr_t address);

#endif
