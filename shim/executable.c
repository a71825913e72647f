/*
 * A look at /proc/self makes the kernel build its entries for a new process, which costs more than
 * the rest of the constructor's look at itself. AT_EXECFN, the path that was given to execve(2),
 * says the same where it is absolute and holds no symbolic link. For a script it is the script's
 * path, which the kernel also passed to the interpreter as its first or second argument.
 */
#include "shim/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/sys.h"
#include "shim/auxiliary.h"

#define EXECUTABLE_DEPTH 6 /* with more components the links cost more than /proc */

static bool executable_is_dots(const char *name)
{
	return !strncmp(name, "./", 2) || !strncmp(name, "../", 3) || name[0] == '/';
}

/* Is the prefix of path up to end there, and no link? path is changed and changed back. */
static bool executable_is_no_link(char *path, char *end)
{
	char kept = *end;
	char unused[1];
	long rc;

	*end = '\0';
	rc = sys_readlinkat(AT_FDCWD, path, unused, sizeof(unused));
	*end = kept;
	return rc == -EINVAL;
}

static bool executable_is_plain(char *path)
{
	char *at = path;

	for (int depth = 0; *at == '/'; depth++) {
		if (depth == EXECUTABLE_DEPTH || executable_is_dots(at + 1))
			return false;
		at++;
		while (*at && *at != '/')
			at++;
		if (!executable_is_no_link(path, at))
			return false;
	}
	return at != path;
}

static bool executable_from_exec(const char *executed, char exe[PATHS_MAX])
{
	size_t length = executed ? strlen(executed) : 0;

	if (!length || length >= PATHS_MAX)
		return false;
	memcpy(exe, executed, length + 1);
	return executable_is_plain(exe);
}

static void executable_from_proc(char exe[PATHS_MAX])
{
	long length = sys_readlinkat(AT_FDCWD, "/proc/self/exe", exe, PATHS_MAX - 1);

	exe[length > 0 ? length : 0] = '\0';
}

static bool executable_same_file(const char *a, const char *b)
{
	struct stat first, second;

	return !sys_fstatat(AT_FDCWD, a, &first, 0) && !sys_fstatat(AT_FDCWD, b, &second, 0) &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

void executable_of_process(int argc, char **argv, char exe[PATHS_MAX], struct executable *into)
{
	const char *executed = (const char *)auxiliary_value(AT_EXECFN);
	bool passed = executed && ((argc > 1 && !strcmp(argv[1], executed)) ||
				   (argc > 2 && !strcmp(argv[2], executed)));

	into->script = NULL;
	if (!passed && executable_from_exec(executed, exe))
		return;
	executable_from_proc(exe);
	/* `/bin/cat /bin/cat` is no script. */
	if (passed && strcmp(executed, exe) && !executable_same_file(executed, "/proc/self/exe"))
		into->script = executed;
}
