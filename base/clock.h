/*
 * The two clocks of a record, in nanoseconds. Boot time (CLOCK_BOOTTIME) orders and measures; it
 * goes on in suspend and is the clock of /proc/PID/stat. Real time is what a receiver sees. Any
 * thread, any world; through the vDSO, so about 30 ns each.
 */
#ifndef BOOKEND_BASE_CLOCK_H
#define BOOKEND_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_SECOND UINT64_C(1000000000)

uint64_t clock_boot_ns(void);
uint64_t clock_real_ns(void);

/*
 * A process may forbid itself the processor's counter (PR_SET_TSC, and seccomp's strict mode with
 * it), which is deadly to read then, in the vDSO too, and system calls. From clock_bar() on these
 * clocks do without: they ask the kernel, or stand still when that is forbidden as well. Before
 * what is said of it is so; clock_unbar(): it was not so, or is over.
 */
enum clock_barred { CLOCK_COUNTER = 1, CLOCK_CALLS = 2 };
void clock_bar(enum clock_barred what);
void clock_unbar(enum clock_barred what);
bool clock_is_barred(enum clock_barred what);

/*
 * The same by system call, about 0.4 us. For what a process does once, at its start and its end:
 * the first use of the vDSO costs it 4.5 us of page faults.
 */
uint64_t clock_boot_ns_cold(void);
uint64_t clock_real_ns_cold(void);

#endif
