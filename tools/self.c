#include "tools/self.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const struct {
	const char *name;
	const char *installed; /* folder, from that of this program; NULL: a library that anybody
				  loads */
} parts[] = {
	[SELF_SHIM] = { "libbookend.so", NULL },
	[SELF_SENDER] = { "libbookend-sender.so", "/../lib/bookend/" },
	[SELF_COLLECTOR] = { "bookend-collector", "/../libexec/bookend/" },
};

const char *self_name(enum self_part part)
{
	return parts[part].name;
}

int self_program(char into[PATHS_MAX])
{
	static const char deleted[] = " (deleted)"; /* the kernel's mark of a replaced file */
	ssize_t length = readlink("/proc/self/exe", into, PATHS_MAX - 1);

	if (length < 0)
		return -errno;
	into[length] = '\0';
	if ((size_t)length > strlen(deleted) &&
	    strcmp(into + length - strlen(deleted), deleted) == 0)
		into[length - (ssize_t)strlen(deleted)] = '\0';
	return 0;
}

static bool there(const char *folder, const char *between, const char *name, char *into)
{
	char path[PATHS_MAX];
	int length = snprintf(path, sizeof(path), "%s%s%s", folder, between, name);

	if (length < 0 || length >= (int)sizeof(path) || access(path, R_OK) != 0)
		return false;
	memcpy(into, path, (size_t)length + 1);
	return true;
}

/* Debian keeps libraries of each machine in a folder of its own, others in lib or lib64. */
static bool there_as_library(const char *folder, const char *name, char *into)
{
	struct utsname system;
	char between[96];

	if (uname(&system) != 0)
		return false;
	snprintf(between, sizeof(between), "/../lib/%s-linux-gnu/", system.machine);
	return there(folder, between, name, into) || there(folder, "/../lib64/", name, into) ||
	       there(folder, "/../lib/", name, into);
}

int self_find(enum self_part part, char into[PATHS_MAX])
{
	char folder[PATHS_MAX];
	char *slash;
	int error = self_program(folder);

	if (error)
		return error;
	slash = strrchr(folder, '/');
	if (!slash)
		return -ENOENT;
	*slash = '\0';
	if (there(folder, "/", parts[part].name, into))
		return 0;
	if (part == SELF_SHIM)
		return there_as_library(folder, parts[part].name, into) ? 0 : -ENOENT;
	return there(folder, parts[part].installed, parts[part].name, into) ? 0 : -ENOENT;
}
