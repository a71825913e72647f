/*
 * getrandom(2) with /dev/urandom behind it, for old kernels and an early boot; boot_id's text form
 * to bytes.
 */
#include "base/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>

#include "base/sys.h"

static long read_file(const char *path, void *into, size_t capacity)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	long length;

	if (fd < 0)
		return fd;
	length = sys_read(fd, into, capacity);
	sys_close(fd);
	return length;
}

int machine_random(uint8_t into[16])
{
	long length = sys_call(SYS_getrandom, into, 16, GRND_NONBLOCK, 0);

	if (length != 16)
		length = read_file("/dev/urandom", into, 16);
	return length == 16 ? 0 : length < 0 ? (int)length : -EIO;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void machine_boot_id(uint8_t into[16])
{
	char line[36] = "";
	long length = read_file("/proc/sys/kernel/random/boot_id", line, sizeof(line));
	unsigned nibbles = 0;

	memset(into, 0, 16);
	for (long i = 0; i < length && nibbles < 32; i++) {
		int digit = hex_digit(line[i]);

		if (digit < 0)
			continue;
		into[nibbles / 2] = (uint8_t)(into[nibbles / 2] << 4 | digit);
		nibbles++;
	}
}
