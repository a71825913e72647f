/*
 * By pidfd where the kernel has it, else by looking into /proc.
 */
#include "sender/wait.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"

#define LOOK_MS 50

static bool dead(int file, uint32_t pid, uint64_t seen_ns)
{
	struct pollfd look = { .fd = file, .events = POLLIN };

	if (file >= 0)
		return poll(&look, 1, LOOK_MS) > 0;
	if (process_life((int)pid, seen_ns) == PROCESS_DEAD)
		return true;
	nanosleep(&(struct timespec){ .tv_nsec = LOOK_MS * 1000000L }, NULL);
	return false;
}

void wait_for_death(uint32_t pid, int timeout_ms, const volatile int *stop)
{
	uint64_t begun = clock_boot_ns();
	int file = (int)syscall(SYS_pidfd_open, (int)pid, 0);

	while (!dead(file, pid, begun)) {
		if (stop && *stop)
			break;
		if (clock_boot_ns() - begun > (uint64_t)timeout_ms * 1000000)
			break;
	}
	if (file >= 0)
		close(file);
}
