/*
 * One system call by the x86-64 convention (System V ABI, A.2.1): number and result in rax,
 * arguments in rdi rsi rdx r10 r8 r9; the instruction destroys rcx and r11. Errors come back as
 * -4095..-1.
 */
#ifndef BOOKEND_BASE_ARCH_SYSCALL_H
#define BOOKEND_BASE_ARCH_SYSCALL_H

static inline long sys_call6(long number, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

#endif
