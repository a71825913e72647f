/*
 * Time inside a call. The hour is asked of the kernel's function in the vDSO (clock.c); how long a
 * call takes, of the processor's counter, whose speed is found out against that clock.
 */
#include <stddef.h>
#include <time.h>

#include "base/clock.h"
#include "cycles.h" /* base/arch */
#include "shim/calls.h"
#include "shim/calls_private.h"

/* Its speed is known for good when so much time has been compared: to 1 in 20,000. */
#define CALLS_SPEED_NS	  (CLOCK_SECOND / 1000)
#define CALLS_SPEED_SHIFT 24

static uint64_t calls_begin_cycles, calls_begin_ns;
static _Atomic uint64_t calls_speed; /* ns a cycle, shifted; 0: not known yet */

/* Of the clock that stands still while the machine sleeps, as the counter does. */
static uint64_t calls_ask(clockid_t clock)
{
	struct timespec now = { 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
}

void calls_clock_begin(void)
{
	calls_begin_ns = calls_ask(CLOCK_MONOTONIC);
	calls_begin_cycles = cycles();
}

uint64_t calls_clock(void)
{
	return clock_is_barred(CLOCK_COUNTER) ? clock_boot_ns() : calls_ask(CLOCK_BOOTTIME);
}

uint64_t calls_cycles(void)
{
	return clock_is_barred(CLOCK_COUNTER) ? 1 : cycles();
}

static uint64_t calls_compare(void)
{
	uint64_t ns = calls_ask(CLOCK_MONOTONIC) - calls_begin_ns;
	uint64_t passed = cycles() - calls_begin_cycles;
	uint64_t speed =
		passed ? (uint64_t)(((unsigned __int128)ns << CALLS_SPEED_SHIFT) / passed) : 0;

	if (ns >= CALLS_SPEED_NS)
		atomic_store_explicit(&calls_speed, speed, memory_order_relaxed);
	return speed;
}

uint64_t calls_passed_ns(uint64_t begin)
{
	uint64_t passed = calls_cycles() - begin;
	uint64_t speed = atomic_load_explicit(&calls_speed, memory_order_relaxed);

	if (passed >> 63 || begin == 1)
		return 0; /* the counter was set back, or may not be read */
	if (!speed)
		speed = calls_compare();
	return (uint64_t)((unsigned __int128)passed * speed >> CALLS_SPEED_SHIFT);
}
