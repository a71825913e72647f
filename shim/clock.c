/*
 * The clock_gettime() of the preloaded object, its own: the kernel's function in the vDSO. That of
 * libc is anybody's to interpose: a preloaded libfaketime would tell us another hour, and its
 * function, called from our constructor, would begin before there is an environment. Uses general
 * registers only. Any thread, signal handlers too; no system call where there is a vDSO.
 */
#include <stdatomic.h>
#include <time.h>

#include "base/sys.h"
#include "hooks/symbol.h"

typedef int clock_fn(clockid_t clock, struct timespec *into);

static int clock_ask_kernel(clockid_t clock, struct timespec *into)
{
	return (int)sys_call(SYS_clock_gettime, clock, into, 0, 0);
}

/* The kernel's vdso(7): each machine has one of these names. */
static clock_fn *clock_find(void)
{
	void *at = symbol_in_vdso("__vdso_clock_gettime");

	if (!at)
		at = symbol_in_vdso("__kernel_clock_gettime");
	return at ? (clock_fn *)at : clock_ask_kernel;
}

int clock_gettime(clockid_t clock, struct timespec *into)
{
	static clock_fn *_Atomic found; /* two threads that look find the same */
	clock_fn *ask = atomic_load_explicit(&found, memory_order_relaxed);

	if (!ask) {
		ask = clock_find();
		atomic_store_explicit(&found, ask, memory_order_relaxed);
	}
	return ask(clock, into);
}
