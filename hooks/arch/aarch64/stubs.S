/*
 * The stubs of aarch64: three pools, whose n-th stub belongs to the n-th record of stubs_record
 * (hooks/stub.c), and the routines that they share. Slots of the host point here, so everything that
 * a caller may have passed is kept: Procedure Call Standard for the Arm 64-bit Architecture, 6.8,
 * with x8, q0-q7 and whatever is on the stack. x16, x17 and the flags are free there, and so they are
 * for a PLT. Landing pads (BTI) and signed return addresses (PAC) are hints, so they run everywhere.
 */
#include "hooks/stub_offsets.h"
#include "hooks_frame.h"
#include "hooks_machine.h"

#define PAD_CALL hint #34   /* bti c */
#define SIGN	 hint #25   /* paciasp */
#define CHECK	 hint #29   /* autiasp */

	/* In front of all other code, so that this stays on the pages that it needs. */
	.section .text.unlikely.stubs, "ax", @progbits
	.hidden stubs_record
	.hidden stubs_shards
	.hidden stubs_words
	.hidden stubs_cell

/*
 * Reached from: a slot of the host that names the stub; any thread.
 * On entry:     as the function behind it.
 * On exit:      the routine of the pool, with the record's address in x16.
 * Keeps:        all but x16. Frame: none.
 */
	.macro	POOL name, bytes
	.globl	stubs_\name
	.hidden	stubs_\name
	.type	stubs_\name, %function
	.p2align 4
stubs_\name:
	.cfi_startproc
	.set	number, 0
	.rept	STUB_COUNT
	.org	stubs_\name + number*\bytes
	PAD_CALL
	adrp	x16, stubs_record + number*STUB_BYTES
	add	x16, x16, :lo12:stubs_record + number*STUB_BYTES
	b	stubs_do_\name
	.set	number, number + 1
	.endr
	.org	stubs_\name + STUB_COUNT*\bytes
	.cfi_endproc
	.size	stubs_\name, . - stubs_\name
	.endm

	POOL	count, STUBS_COUNT_BYTES
	POOL	entry, STUBS_ENTRY_BYTES
	POOL	call, STUBS_CALL_BYTES

/*
 * Reached from: stubs_count.
 * On entry:     as the function behind it; x16: the record.
 * Does:         counter[shard of this processor] += 1, atomically; a muted thread's goes elsewhere.
 * On exit:      a jump to the function.
 * Keeps:        all but x16, x17. Frame: x9, x10.
 * Proved by:    tests/hooks, calls with every kind of argument; counts exact over threads.
 */
	.type	stubs_do_count, %function
	.p2align 4
stubs_do_count:
	.cfi_startproc
	stp	x9, x10, [sp, #-16]!
	.cfi_adjust_cfa_offset 16
	adrp	x17, stubs_shards
	add	x17, x17, :lo12:stubs_shards
	mrs	x9, tpidr_el0
	adrp	x10, :gottprel:stubs_cell
	ldr	x10, [x10, #:gottprel_lo12:stubs_cell]
	ldr	x10, [x9, x10]
	ldr	x10, [x10]
	cbnz	x10, 2f
	ldr	x10, [x17, #SHARDS_PROCESSOR]
	ldr	w9, [x9, x10]
	ldr	x10, [x17, #SHARDS_MASK]
	and	x9, x9, x10
	ldr	x10, [x17, #SHARDS_STRIDE]
	mul	x10, x9, x10
2:	ldr	x9, [x16, #STUB_COUNTER]
	add	x9, x9, x10
1:	ldxr	x10, [x9]
	add	x10, x10, #1
	stxr	w17, x10, [x9]
	cbnz	w17, 1b
	ldp	x9, x10, [sp], #16
	.cfi_adjust_cfa_offset -16
	ldr	x16, [x16, #STUB_TARGET]
	br	x16
	.cfi_endproc
	.size	stubs_do_count, . - stubs_do_count

/* The registers of a call into the frame at sp, and back. */
	.macro	KEEP
	stp	x0, x1, [sp, #0]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #FRAME_KEPT+0]
	stp	x10, x11, [sp, #FRAME_KEPT+16]
	stp	x12, x13, [sp, #FRAME_KEPT+32]
	stp	x14, x15, [sp, #FRAME_KEPT+48]
	str	x18, [sp, #FRAME_KEPT+64]
	str	x16, [sp, #FRAME_STUB]
	ldr	x17, [x16, #STUB_SPEC]
	str	x17, [sp, #FRAME_SPEC]
	add	x17, x29, #16
	str	x17, [sp, #FRAME_STACK]
	ldr	w17, [x16, #STUB_FLOATS]
	cbz	w17, 1f
	stp	q0, q1, [sp, #FRAME_FLOATING+0]
	stp	q2, q3, [sp, #FRAME_FLOATING+32]
	stp	q4, q5, [sp, #FRAME_FLOATING+64]
	stp	q6, q7, [sp, #FRAME_FLOATING+96]
1:
	.endm

	.macro	GIVE_BACK frame
	ldp	x0, x1, [\frame, #0]
	ldp	x2, x3, [\frame, #16]
	ldp	x4, x5, [\frame, #32]
	ldp	x6, x7, [\frame, #48]
	ldp	x8, x9, [\frame, #FRAME_KEPT+0]
	ldp	x10, x11, [\frame, #FRAME_KEPT+16]
	ldp	x12, x13, [\frame, #FRAME_KEPT+32]
	ldp	x14, x15, [\frame, #FRAME_KEPT+48]
	ldr	x18, [\frame, #FRAME_KEPT+64]
	ldr	x16, [\frame, #FRAME_STUB]
	ldr	x16, [x16, #STUB_TARGET]
	.endm

/*
 * Reached from: stubs_entry.
 * On entry:     as the function behind it; x16: the record.
 * Calls:        its entry routine.
 * On exit:      HOOKS_ANSWER: a return with the frame's result; else a jump to the function.
 * Keeps:        all but x16, x17 and the flags. Vector registers are untouched, and so they must be
 *               by the routine.
 * Frame:        x29, x30 signed; struct hooks_frame.
 * Proved by:    tests/hooks, the cases of arguments, stacks and unwinding.
 */
	.type	stubs_do_entry, %function
	.p2align 4
stubs_do_entry:
	.cfi_startproc
	SIGN
	.cfi_negate_ra_state
	stp	x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset x29, -16
	.cfi_offset x30, -8
	mov	x29, sp
	.cfi_def_cfa_register x29
	sub	sp, sp, #FRAME_BYTES
	KEEP
	mov	x0, sp
	ldr	x17, [x16, #STUB_ENTRY]
	blr	x17
	cmp	w0, #NEXT_ANSWER
	b.eq	2f
	GIVE_BACK sp
	.cfi_remember_state
	mov	sp, x29
	.cfi_def_cfa_register sp
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	CHECK
	.cfi_negate_ra_state
	br	x16
2:	.cfi_restore_state
	ldr	x0, [sp, #FRAME_RESULT]
	mov	sp, x29
	.cfi_def_cfa_register sp
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	CHECK
	.cfi_negate_ra_state
	ret
	.cfi_endproc
	.size	stubs_do_entry, . - stubs_do_entry

/* Behind the routine of a CALL: everything as its caller had it, but x0, x1, x16, x17. */
	.macro	LEAVE
	ldr	x19, [x29, #-16]
	.cfi_restore x19
	mov	sp, x29
	.cfi_def_cfa_register sp
	ldp	x29, x30, [sp], #16
	.cfi_def_cfa_offset 0
	.cfi_restore x29
	.cfi_restore x30
	CHECK
	.cfi_negate_ra_state
	.endm

/*
 * Reached from: stubs_call.
 * On entry:     as the function behind it; x16: the record.
 * Calls:        its entry routine, if there is one; the function, with the stack words of the
 *               record copied; its leave routine.
 * On exit:      a return with the function's result (x0, x1; those in q0-q3 and in memory at x8 were
 *               never touched). HOOKS_PASS: a jump to the function. HOOKS_ANSWER: a return with the
 *               frame's result.
 * Keeps:        all but x16, x17 and the flags up to the function, then what the function kept.
 * Frame:        x29, x30 signed; x19; struct hooks_frame, to which x19 points over the call; the
 *               copied words.
 * Proved by:    tests/hooks, the cases of arguments, results, stacks and unwinding.
 */
	.type	stubs_do_call, %function
	.p2align 4
stubs_do_call:
	.cfi_startproc
	SIGN
	.cfi_negate_ra_state
	stp	x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset x29, -16
	.cfi_offset x30, -8
	mov	x29, sp
	.cfi_def_cfa_register x29
	str	x19, [sp, #-16]!
	.cfi_offset x19, -32
	sub	sp, sp, #FRAME_BYTES
	KEEP
	mov	x19, sp
	ldr	x17, [x16, #STUB_ENTRY]
	cbz	x17, 2f
	mov	x0, sp
	blr	x17
	cmp	w0, #NEXT_FOLLOW
	b.ne	6f
	ldr	x16, [x19, #FRAME_STUB]
2:	ldr	w1, [x16, #STUB_WORDS]
	cbz	w1, 5f
	add	x0, x29, #16
	and	x9, x0, #4095
	add	x9, x9, x1, lsl #3
	cmp	x9, #4096
	b.hi	7f
3:	add	x9, x29, #16
	add	x10, x1, #1
	and	x10, x10, #~1
	sub	sp, sp, x10, uxtx #3
4:	sub	x1, x1, #1
	ldr	x10, [x9, x1, lsl #3]
	str	x10, [sp, x1, lsl #3]
	cbnz	x1, 4b
5:	GIVE_BACK x19
	blr	x16
	mov	sp, x19
	stp	x0, x1, [x19, #FRAME_RESULT]
	mov	x0, x19
	ldr	x16, [x19, #FRAME_STUB]
	ldr	x16, [x16, #STUB_LEAVE]
	blr	x16
	ldp	x0, x1, [x19, #FRAME_RESULT]
	.cfi_remember_state
	LEAVE
	ret
6:	.cfi_restore_state
	cmp	w0, #NEXT_ANSWER
	b.eq	8f
	GIVE_BACK x19
	.cfi_remember_state
	LEAVE
	br	x16
7:	.cfi_restore_state
	bl	stubs_words
	mov	w1, w0
	cbz	w1, 5b
	b	3b
8:	ldr	x0, [x19, #FRAME_RESULT]
	LEAVE
	ret
	.cfi_endproc
	.size	stubs_do_call, . - stubs_do_call

	/* BTI and PAC, for the linker. */
	.section .note.gnu.property, "a"
	.p2align 3
	.word	4, 16, 5
	.asciz	"GNU"
	.word	0xc0000000, 4, 3, 0
	.section .note.GNU-stack, "", %progbits
