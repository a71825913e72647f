/*
 * The clocks, through libc's clock_gettime, which is the vDSO's and no system call on common
 * machines.
 */
#include "base/clock.h"

#include <time.h>

#include "base/sys.h"

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now = { 0, 0 };

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns_cold(clockid_t clock)
{
	struct timespec now = { 0, 0 };

	sys_call(SYS_clock_gettime, clock, &now, 0, 0);
	return (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t clock_boot_ns(void)
{
	return now_ns(CLOCK_BOOTTIME);
}

uint64_t clock_real_ns(void)
{
	return now_ns(CLOCK_REALTIME);
}

uint64_t clock_boot_ns_cold(void)
{
	return now_ns_cold(CLOCK_BOOTTIME);
}

uint64_t clock_real_ns_cold(void)
{
	return now_ns_cold(CLOCK_REALTIME);
}
