/*
 * What a routine of a hook sees of a call (Procedure Call Standard for the Arm 64-bit Architecture,
 * 6.8), as stubs.S lays it out. Arguments are read only. Kept and passed on: x8 (where a large
 * result goes), x9-x15 and x18, which no caller expects to survive a call, but may be used by one
 * with an agreement of its own.
 */
#ifndef BOOKEND_HOOKS_FRAME_H
#define BOOKEND_HOOKS_FRAME_H

#define HOOKS_INTEGERS 8
#define HOOKS_FLOATS   8

#define FRAME_KEPT     64
#define FRAME_STUB     136
#define FRAME_SPEC     144
#define FRAME_STACK    152
#define FRAME_RESULT   160
#define FRAME_FLOATING 192
#define FRAME_BYTES    320

#ifndef __ASSEMBLER__
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct hooks_spec;
struct stub;

struct hooks_frame {
	uint64_t integer[HOOKS_INTEGERS];
	uint64_t kept[9];
	const struct stub *stub;
	const struct hooks_spec *spec;
	const uint64_t *stack; /* the arguments that follow those in registers */
	uint64_t result[2];    /* of a CALL, in its leave routine; result[0] of HOOKS_ANSWER */
	uint64_t begin;	       /* the routines' own: when the call began */
	uint64_t pad;
	uint64_t floating[HOOKS_FLOATS][2];
};
static_assert(offsetof(struct hooks_frame, kept) == FRAME_KEPT, "stubs.S");
static_assert(offsetof(struct hooks_frame, stub) == FRAME_STUB, "stubs.S");
static_assert(offsetof(struct hooks_frame, spec) == FRAME_SPEC, "stubs.S");
static_assert(offsetof(struct hooks_frame, stack) == FRAME_STACK, "stubs.S");
static_assert(offsetof(struct hooks_frame, result) == FRAME_RESULT, "stubs.S");
static_assert(offsetof(struct hooks_frame, floating) == FRAME_FLOATING, "stubs.S");
static_assert(sizeof(struct hooks_frame) == FRAME_BYTES && FRAME_BYTES % 16 == 0, "stubs.S");
#endif

#endif
