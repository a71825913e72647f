#include "base/futex.h"

#include <linux/futex.h>
#include <stddef.h>
#include <time.h>

#include "base/sys.h"

void futex_wait(_Atomic uint32_t *word, uint32_t value, uint32_t ms)
{
	struct timespec most = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	sys_call(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, &most);
}

void futex_wake(_Atomic uint32_t *word)
{
	sys_call(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL);
}
