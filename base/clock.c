/*
 * The clocks, through clock_gettime: libc's or, inside a host, our own (shim/clock.c), the vDSO's
 * and no system call on common machines, as long as the process may use that.
 */
#include "base/clock.h"

#include <stdatomic.h>
#include <time.h>

#include "base/sys.h"

static _Atomic unsigned barred;			/* enum clock_barred; any thread of the host */
static _Atomic uint64_t still_boot, still_real; /* the clocks when the last bar came */

static uint64_t now_ns_cold(clockid_t clock)
{
	struct timespec now = { 0, 0 };

	sys_call(SYS_clock_gettime, clock, &now, 0, 0);
	return (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
}

static uint64_t now_ns(clockid_t clock, _Atomic uint64_t *still)
{
	struct timespec now = { 0, 0 };

	if (clock_is_barred(CLOCK_COUNTER))
		return clock_is_barred(CLOCK_CALLS) ? atomic_load(still) : now_ns_cold(clock);
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
}

/* Who may still ask the kernel does: the counter may be barred already without our knowing. */
void clock_bar(enum clock_barred what)
{
	bool still = clock_is_barred(CLOCK_CALLS);

	atomic_store(&still_boot, still ? clock_boot_ns() : clock_boot_ns_cold());
	atomic_store(&still_real, still ? clock_real_ns() : clock_real_ns_cold());
	atomic_fetch_or(&barred, what);
}

void clock_unbar(enum clock_barred what)
{
	atomic_fetch_and(&barred, ~(unsigned)what);
}

bool clock_is_barred(enum clock_barred what)
{
	return atomic_load_explicit(&barred, memory_order_relaxed) & what;
}

uint64_t clock_boot_ns(void)
{
	return now_ns(CLOCK_BOOTTIME, &still_boot);
}

uint64_t clock_real_ns(void)
{
	return now_ns(CLOCK_REALTIME, &still_real);
}

uint64_t clock_boot_ns_cold(void)
{
	return now_ns_cold(CLOCK_BOOTTIME);
}

uint64_t clock_real_ns_cold(void)
{
	return now_ns_cold(CLOCK_REALTIME);
}
