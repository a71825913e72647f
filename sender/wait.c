/*
 * By pidfd where the kernel has it, else by looking into /proc.
 */
#include "sender/wait.h"

#include <poll.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/process.h"

#define LOOK_MS 50

/* linux/pidfd.h of Linux 6.15, first version of the struct: older headers lack it. */
struct wait_info {
	uint64_t mask;
	uint64_t other[6];
	uint32_t fsgid;
	int32_t exit_code;
};
_Static_assert(sizeof(struct wait_info) == 64, "PIDFD_INFO_SIZE_VER0");

#define WAIT_GET_INFO  _IOWR(0xFF, 11, struct wait_info)
#define WAIT_INFO_EXIT (UINT64_C(1) << 3)

/* Of a process that was reaped after its pidfd was opened. */
static int reaped_status(int file)
{
	struct wait_info info = { .mask = WAIT_INFO_EXIT };

	if (file < 0 || ioctl(file, WAIT_GET_INFO, &info) != 0 || !(info.mask & WAIT_INFO_EXIT))
		return -1;
	return info.exit_code;
}

/* It may be reaped between the two looks. */
static int status_of(int file, uint32_t pid, uint64_t seen_ns)
{
	int status;

	if (process_end((int)pid, seen_ns, &status) == PROCESS_DEAD && status >= 0)
		return status;
	return reaped_status(file);
}

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

int wait_for_death(uint32_t pid, int file, int timeout_ms, const volatile int *stop)
{
	uint64_t begun = clock_boot_ns();
	int status;

	if (file <= 0)
		file = (int)syscall(SYS_pidfd_open, (int)pid, 0);
	while (!dead(file, pid, begun)) {
		if (stop && *stop)
			break;
		if (clock_boot_ns() - begun > (uint64_t)timeout_ms * 1000000)
			break;
	}
	status = status_of(file, pid, begun);
	if (file >= 0)
		close(file);
	return status;
}
