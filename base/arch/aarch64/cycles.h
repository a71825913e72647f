/*
 * The processor's counter: the virtual count of the generic timer (Arm architecture reference
 * manual, D11.2), even and alike on all processors. How fast is for the caller to find out.
 */
#ifndef BOOKEND_BASE_ARCH_CYCLES_H
#define BOOKEND_BASE_ARCH_CYCLES_H

#include <stdint.h>

static inline uint64_t cycles(void)
{
	uint64_t count;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
	return count;
}

#endif
