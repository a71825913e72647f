/*
 * The stubs of x86-64: three pools, whose n-th stub belongs to the n-th record of stubs_record
 * (hooks/stub.c), and the two routines that the stubs of ENTRY and CALL share. Slots of the host
 * point here, so everything that a caller may have passed is kept: System V ABI for x86-64, 3.2,
 * with rax (vector registers of a variadic call), r10 (static chain), xmm0-7 and whatever is on the
 * stack. r11 and the flags are free there, and so they are for a PLT.
 */
#include <cet.h>

#include "hooks/stub_offsets.h"
#include "hooks_frame.h"
#include "hooks_machine.h"

	.section .text.stubs, "ax", @progbits
	.hidden stubs_record
	.hidden stubs_shards
	.hidden stubs_words
	.hidden stubs_cell
	.hidden stubs_full
	.hidden stubs_claim

/*
 * Reached from: a slot of the host that names the stub; any thread.
 * On entry:     as the function behind it.
 * Does:         counter[shard] += 1: that of this thread, which nobody else adds to, in one
 *               instruction; else as stubs_do_count.
 * On exit:      a jump to the function.
 * Keeps:        all but r11 and the flags. Frame: none.
 * Proved by:    tests/hooks, calls with every kind of argument; counts exact over threads, signals
 *               and forks.
 */
	.globl	stubs_count
	.hidden	stubs_count
	.type	stubs_count, @function
	.p2align 6
stubs_count:
	.cfi_startproc
	.set	number, 0
	.rept	STUB_COUNT
	.org	stubs_count + number*STUBS_COUNT_BYTES, 0xcc
	_CET_ENDBR
	mov	stubs_cell@gottpoff(%rip), %r11
	mov	%fs:(%r11), %r11
	mov	(%r11), %r11
	test	%r11, %r11
	jz	1f
	add	stubs_record+number*STUB_BYTES+STUB_COUNTER(%rip), %r11
	incq	(%r11)
	jmp	*stubs_record+number*STUB_BYTES+STUB_TARGET(%rip)
1:	lea	stubs_record+number*STUB_BYTES(%rip), %r11
	jmp	stubs_do_count
	.set	number, number + 1
	.endr
	.org	stubs_count + STUB_COUNT*STUBS_COUNT_BYTES, 0xcc
	.cfi_endproc
	.size	stubs_count, . - stubs_count

/*
 * Reached from: stubs_count, in a thread that owns no shard.
 * On entry:     as the function behind it; r11: the record.
 * Does:         counter[shard of this processor] += 1, as one atomic instruction.
 * Calls:        stubs_claim, unless all shards are taken.
 * On exit:      a jump to the function.
 * Keeps:        all but r11 and the flags.
 * Frame:        rbp and the registers that a function may destroy, over the claim.
 * Proved by:    as stubs_count.
 */
	.type	stubs_do_count, @function
	.p2align 4
stubs_do_count:
	.cfi_startproc
	push	%rax
	.cfi_adjust_cfa_offset 8
	mov	stubs_shards+SHARDS_PROCESSOR(%rip), %rax
	mov	%fs:(%rax), %eax
	and	stubs_shards+SHARDS_MASK(%rip), %eax
	imul	stubs_shards+SHARDS_STRIDE(%rip), %rax
	add	STUB_COUNTER(%r11), %rax
	lock incq (%rax)
	push	%rcx
	.cfi_adjust_cfa_offset 8
	mov	stubs_cell@gottpoff(%rip), %rax
	lea	stubs_full(%rip), %rcx
	cmp	%rcx, %fs:(%rax)
	pop	%rcx
	.cfi_adjust_cfa_offset -8
	pop	%rax
	.cfi_adjust_cfa_offset -8
	jne	1f
	jmp	*STUB_TARGET(%r11)
1:	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	push	%rax
	push	%rcx
	push	%rdx
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	and	$-16, %rsp
	call	stubs_claim
	lea	-72(%rbp), %rsp
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rdx
	pop	%rcx
	pop	%rax
	leave
	.cfi_def_cfa %rsp, 8
	jmp	*STUB_TARGET(%r11)
	.cfi_endproc
	.size	stubs_do_count, . - stubs_do_count

/*
 * Reached from: a slot of the host that names the stub; any thread.
 * On entry:     as the function behind it.
 * On exit:      the routine of the pool, with the record's address in r11.
 * Keeps:        all but r11 and the flags. Frame: none.
 */
	.macro	POOL name, bytes
	.globl	stubs_\name
	.hidden	stubs_\name
	.type	stubs_\name, @function
	.p2align 4
stubs_\name:
	.cfi_startproc
	.set	number, 0
	.rept	STUB_COUNT
	.org	stubs_\name + number*\bytes, 0xcc
	_CET_ENDBR
	lea	stubs_record+number*STUB_BYTES(%rip), %r11
	jmp	stubs_do_\name
	.set	number, number + 1
	.endr
	.org	stubs_\name + STUB_COUNT*\bytes, 0xcc
	.cfi_endproc
	.size	stubs_\name, . - stubs_\name
	.endm

	POOL	entry, STUBS_ENTRY_BYTES
	POOL	call, STUBS_CALL_BYTES

/* The registers of a call into the frame at rsp, and back. rbp is the caller's already. */
	.macro	KEEP
	mov	%rdi, 0(%rsp)
	mov	%rsi, 8(%rsp)
	mov	%rdx, 16(%rsp)
	mov	%rcx, 24(%rsp)
	mov	%r8, 32(%rsp)
	mov	%r9, 40(%rsp)
	mov	%rax, FRAME_RAX(%rsp)
	mov	%r10, FRAME_R10(%rsp)
	mov	%r11, FRAME_STUB(%rsp)
	mov	STUB_SPEC(%r11), %rax
	mov	%rax, FRAME_SPEC(%rsp)
	lea	16(%rbp), %rax
	mov	%rax, FRAME_STACK(%rsp)
	cmpl	$0, STUB_FLOATS(%r11)
	jz	1f
	movaps	%xmm0, FRAME_FLOATING+0(%rsp)
	movaps	%xmm1, FRAME_FLOATING+16(%rsp)
	movaps	%xmm2, FRAME_FLOATING+32(%rsp)
	movaps	%xmm3, FRAME_FLOATING+48(%rsp)
	movaps	%xmm4, FRAME_FLOATING+64(%rsp)
	movaps	%xmm5, FRAME_FLOATING+80(%rsp)
	movaps	%xmm6, FRAME_FLOATING+96(%rsp)
	movaps	%xmm7, FRAME_FLOATING+112(%rsp)
1:
	.endm

	.macro	GIVE_BACK frame
	mov	0(\frame), %rdi
	mov	8(\frame), %rsi
	mov	16(\frame), %rdx
	mov	24(\frame), %rcx
	mov	32(\frame), %r8
	mov	40(\frame), %r9
	mov	FRAME_RAX(\frame), %rax
	mov	FRAME_R10(\frame), %r10
	mov	FRAME_STUB(\frame), %r11
	.endm

/*
 * Reached from: stubs_entry.
 * On entry:     as the function behind it; r11: the record.
 * Calls:        its entry routine.
 * On exit:      HOOKS_ANSWER: a return with the frame's result; else a jump to the function.
 * Keeps:        all but r11 and the flags. Vector registers are untouched, and so they must be by
 *               the routine.
 * Frame:        rbp; struct hooks_frame, aligned to 16 whatever the caller did.
 * Proved by:    tests/hooks, the cases of arguments, stacks and unwinding.
 */
	.type	stubs_do_entry, @function
	.p2align 4
stubs_do_entry:
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	sub	$FRAME_BYTES, %rsp
	and	$-16, %rsp
	KEEP
	mov	%rsp, %rdi
	call	*STUB_ENTRY(%r11)
	cmp	$NEXT_ANSWER, %eax
	je	2f
	GIVE_BACK %rsp
	.cfi_remember_state
	leave
	.cfi_def_cfa %rsp, 8
	jmp	*STUB_TARGET(%r11)
2:	.cfi_restore_state
	mov	FRAME_RESULT(%rsp), %rax
	leave
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	stubs_do_entry, . - stubs_do_entry

/*
 * Reached from: stubs_call.
 * On entry:     as the function behind it; r11: the record.
 * Calls:        its entry routine, if there is one; the function, with the stack words of the
 *               record copied; its leave routine.
 * On exit:      a return with the function's result (rax, rdx; those in xmm0, xmm1 and on the x87
 *               stack were never touched). HOOKS_PASS: a jump to the function. HOOKS_ANSWER: a
 *               return with the frame's result.
 * Bare records: nothing is called before the function, and so nothing is kept for it.
 * Keeps:        all but r11 and the flags up to the function, then what the function kept.
 * Frame:        rbp, rbx; struct hooks_frame, aligned to 16, to which rbx points over the call; the
 *               copied words.
 * Proved by:    tests/hooks, the cases of arguments, results, stacks and unwinding.
 */
	.type	stubs_do_call, @function
	.p2align 4
stubs_do_call:
	.cfi_startproc
	push	%rbp
	.cfi_def_cfa_offset 16
	.cfi_offset %rbp, -16
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	cmpl	$0, STUB_BARE(%r11)
	jne	9f
	push	%rbx
	.cfi_offset %rbx, -24
	sub	$FRAME_BYTES, %rsp
	and	$-16, %rsp
	KEEP
	mov	%rsp, %rbx
	mov	STUB_ENTRY(%r11), %rax
	test	%rax, %rax
	jz	2f
	mov	%rsp, %rdi
	call	*%rax
	cmp	$NEXT_FOLLOW, %eax
	jne	6f
	mov	FRAME_STUB(%rbx), %r11
2:	mov	STUB_WORDS(%r11), %eax
	test	%eax, %eax
	jz	5f
	lea	16(%rbp), %rdi
	mov	%edi, %ecx
	and	$4095, %ecx
	lea	(%rcx,%rax,8), %ecx
	cmp	$4096, %ecx
	ja	7f
3:	lea	15(,%rax,8), %rcx
	and	$-16, %rcx
	sub	%rcx, %rsp
	test	$1, %al
	jz	4f
	mov	-8(%rdi,%rax,8), %rcx
	mov	%rcx, -8(%rsp,%rax,8)
	dec	%eax
	jz	5f
4:	mov	-8(%rdi,%rax,8), %rcx
	mov	-16(%rdi,%rax,8), %rdx
	mov	%rcx, -8(%rsp,%rax,8)
	mov	%rdx, -16(%rsp,%rax,8)
	sub	$2, %eax
	jnz	4b
5:	GIVE_BACK %rbx
	call	*STUB_TARGET(%r11)
	mov	%rbx, %rsp
	mov	%rax, FRAME_RESULT(%rbx)
	mov	%rdx, FRAME_RESULT+8(%rbx)
	mov	FRAME_STUB(%rbx), %r11
	mov	%rbx, %rdi
	call	*STUB_LEAVE(%r11)
	mov	FRAME_RESULT+8(%rbx), %rdx
	mov	FRAME_RESULT(%rbx), %rax
	.cfi_remember_state
	mov	-8(%rbp), %rbx
	.cfi_restore %rbx
	leave
	.cfi_def_cfa %rsp, 8
	ret
6:	.cfi_restore_state
	cmp	$NEXT_ANSWER, %eax
	je	8f
	GIVE_BACK %rbx
	.cfi_remember_state
	mov	-8(%rbp), %rbx
	.cfi_restore %rbx
	leave
	.cfi_def_cfa %rsp, 8
	jmp	*STUB_TARGET(%r11)
7:	.cfi_restore_state
	mov	%eax, %esi
	call	stubs_words
	lea	16(%rbp), %rdi
	mov	FRAME_STUB(%rbx), %r11
	test	%eax, %eax
	jz	5b
	jmp	3b
8:	mov	FRAME_RESULT(%rbx), %rax
	.cfi_remember_state
	mov	-8(%rbp), %rbx
	.cfi_restore %rbx
	leave
	.cfi_def_cfa %rsp, 8
	ret
9:	.cfi_restore_state
	.cfi_restore %rbx
	sub	$FRAME_BYTES, %rsp
	and	$-16, %rsp
	mov	%r11, FRAME_STUB(%rsp)
	call	*STUB_TARGET(%r11)
	mov	FRAME_STUB(%rsp), %r11
	mov	%rax, FRAME_RESULT(%rsp)
	mov	%rdx, FRAME_RESULT+8(%rsp)
	mov	STUB_SPEC(%r11), %rax
	mov	%rsp, %rdi
	mov	%rax, FRAME_SPEC(%rsp)
	call	*STUB_LEAVE(%r11)
	mov	FRAME_RESULT+8(%rsp), %rdx
	mov	FRAME_RESULT(%rsp), %rax
	leave
	.cfi_def_cfa %rsp, 8
	ret
	.cfi_endproc
	.size	stubs_do_call, . - stubs_do_call

	.section .note.GNU-stack, "", @progbits
