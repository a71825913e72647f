/*
 * The two clocks of a record, in nanoseconds. Boot time (CLOCK_BOOTTIME) orders and measures; it
 * goes on in suspend and is the clock of /proc/PID/stat. Real time is what a receiver sees. Any
 * thread, any world; through the vDSO, so about 30 ns each.
 */
#ifndef BOOKEND_BASE_CLOCK_H
#define BOOKEND_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_SECOND UINT64_C(1000000000)

uint64_t clock_boot_ns(void);
uint64_t clock_real_ns(void);

/*
 * The same by system call, about 0.4 us. For what a process does once, at its start and its end:
 * the first use of the vDSO costs it 4.5 us of page faults.
 */
uint64_t clock_boot_ns_cold(void);
uint64_t clock_real_ns_cold(void);

#endif
