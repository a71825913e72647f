/*
 * Two small files.
 */
#include "sender/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MACHINE_ID_BYTES 32

static int read_begin(const char *path, char *into, size_t capacity)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n;

	if (file < 0)
		return -errno;
	n = read(file, into, capacity - 1);
	close(file);
	if (n < 0)
		return -errno;
	into[n] = 0;
	return 0;
}

static int machine_id(char *into, size_t capacity)
{
	int r = read_begin("/etc/machine-id", into, capacity);

	if (r)
		return r;
	into[strcspn(into, "\n")] = 0;
	return strlen(into) == MACHINE_ID_BYTES &&
			       strspn(into, "0123456789abcdef") == MACHINE_ID_BYTES
		       ? 0
		       : -ENODATA;
}

static int cpu_model(char *into, size_t capacity)
{
	char info[2048];
	const char *line;
	int r = read_begin("/proc/cpuinfo", info, sizeof(info));

	if (r)
		return r;
	line = strstr(info, "model name");
	line = line ? strchr(line, ':') : NULL;
	if (!line)
		return -ENODATA;
	line += 1 + strspn(line + 1, " \t");
	snprintf(into, capacity, "%.*s", (int)strcspn(line, "\n"), line);
	return into[0] ? 0 : -ENODATA;
}

int host_get(bool cpu, char *into, size_t capacity)
{
	return cpu ? cpu_model(into, capacity) : machine_id(into, capacity);
}
