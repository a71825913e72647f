#include "sender/step.h"

#include <stddef.h>

#include "base/futex.h"
#include "sender/namespace.h"

#define HOLD_MS 1000

static struct sender_thread *host;

void step_of(struct sender_thread *thread)
{
	host = thread;
}

bool step_is_needed(void)
{
	return host != NULL;
}

/* Our word first, then theirs: they do it the other way round. */
bool step_begin(void)
{
	uint32_t hold;

	if (!host)
		return true;
	for (;;) {
		atomic_store(&host->loading, 1);
		hold = atomic_load(&host->hold);
		if (!hold)
			return true;
		atomic_store(&host->loading, 0);
		futex_wake(&host->loading);
		futex_wait(&host->hold, hold, HOLD_MS);
		if (atomic_load(&host->leave))
			return false;
	}
}

bool step_end(void)
{
	bool harmless;

	if (!host)
		return true;
	harmless = namespace_defuse();
	atomic_store(&host->loading, 0);
	futex_wake(&host->loading);
	return harmless;
}
