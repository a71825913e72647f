/*
 * What a routine of a hook sees of a call (System V ABI for x86-64, 3.2.3), as stubs.S lays it out.
 * Arguments are read only. rax and r10 are passed on: the number of vector registers of a variadic
 * call, and the static chain.
 */
#ifndef BOOKEND_HOOKS_FRAME_H
#define BOOKEND_HOOKS_FRAME_H

#define HOOKS_INTEGERS 6
#define HOOKS_FLOATS   8

#define FRAME_RAX      48
#define FRAME_R10      56
#define FRAME_STUB     64
#define FRAME_SPEC     72
#define FRAME_STACK    80
#define FRAME_RESULT   88
#define FRAME_FLOATING 112
#define FRAME_BYTES    240

#ifndef __ASSEMBLER__
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct hooks_spec;
struct stub;

struct hooks_frame {
	uint64_t integer[HOOKS_INTEGERS];
	uint64_t kept[2];
	const struct stub *stub;
	const struct hooks_spec *spec;
	const uint64_t *stack; /* the arguments that follow those in registers */
	uint64_t result[2];    /* of a CALL, in its leave routine; result[0] of HOOKS_ANSWER */
	uint64_t begin;	       /* the routines' own: when the call began */
	uint64_t floating[HOOKS_FLOATS][2];
};
static_assert(offsetof(struct hooks_frame, kept) == FRAME_RAX, "stubs.S");
static_assert(offsetof(struct hooks_frame, stub) == FRAME_STUB, "stubs.S");
static_assert(offsetof(struct hooks_frame, spec) == FRAME_SPEC, "stubs.S");
static_assert(offsetof(struct hooks_frame, stack) == FRAME_STACK, "stubs.S");
static_assert(offsetof(struct hooks_frame, result) == FRAME_RESULT, "stubs.S");
static_assert(offsetof(struct hooks_frame, floating) == FRAME_FLOATING, "stubs.S");
static_assert(sizeof(struct hooks_frame) == FRAME_BYTES && FRAME_BYTES % 16 == 0, "stubs.S");
#endif

#endif
