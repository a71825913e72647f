/*
 * `bookend doctor --hooks` looks into every object that a command loads.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/symtab.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const char *const names[] = { "one", "two", "out" };
	enum symtab_kind kinds[3];
	char path[64];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (symtab_look(path, names, 3, kinds))
		for (int i = 0; i < 3; i++)
			if (kinds[i] != SYMTAB_NONE)
				abort();
	close(fd);
	return 0;
}
