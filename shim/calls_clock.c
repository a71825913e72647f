/*
 * Boot time by the kernel's own function in the vDSO, which uses general registers only and is
 * nobody's to interpose.
 */
#include <stddef.h>
#include <time.h>

#include "base/clock.h"
#include "base/sys.h"
#include "hooks/symbol.h"
#include "shim/calls_private.h"

typedef int calls_clock_fn(clockid_t clock, struct timespec *into);

static calls_clock_fn *calls_vdso;

void calls_clock_begin(void)
{
	/* The kernel's vdso(7): each machine has one of these names. */
	void *at = symbol_next("__vdso_clock_gettime", NULL);

	if (!at)
		at = symbol_next("__kernel_clock_gettime", NULL);
	calls_vdso = (calls_clock_fn *)at;
}

uint64_t calls_clock(void)
{
	struct timespec now = { 0 };

	if (calls_vdso)
		calls_vdso(CLOCK_BOOTTIME, &now);
	else
		sys_call(SYS_clock_gettime, CLOCK_BOOTTIME, &now, 0, 0);
	return (uint64_t)now.tv_sec * CLOCK_SECOND + (uint64_t)now.tv_nsec;
}
