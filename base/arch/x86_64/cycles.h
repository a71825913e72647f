/*
 * The processor's counter: the time stamp counter (AMD64 manual volume 3, RDTSC), which runs evenly
 * and alike on all processors of a machine since about 2008. How fast is for the caller to find
 * out.
 */
#ifndef BOOKEND_BASE_ARCH_CYCLES_H
#define BOOKEND_BASE_ARCH_CYCLES_H

#include <stdint.h>

static inline uint64_t cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

#endif
