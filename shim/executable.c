/*
 * A look at /proc/self makes the kernel build its entries for a new process, which costs more than
 * the rest of the constructor's look at itself. AT_EXECFN, the path that was given to execve(2),
 * says the same where it is absolute, once its symbolic links (/bin, python3) are followed. For a
 * script it is the script's path, which the kernel also passed to the interpreter as its first or
 * second argument. Where the interpreter is env(1), that passed it on.
 */
#include "shim/executable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/program_file.h"
#include "base/sys.h"
#include "shim/auxiliary.h"

#define EXECUTABLE_STEPS 10 /* with more components and links a look costs more than /proc */
#define EXECUTABLE_LINK	 128

/* What only the kernel should follow; what is in /proc changes its name while it is looked at. */
static bool executable_is_odd(const char *path, const char *name)
{
	return !strncmp(name, "./", 2) || !strncmp(name, "../", 3) || name[0] == '/' ||
	       !strncmp(path, "/proc/", 6) || !strncmp(path, "/dev/", 5);
}

/* What the prefix of path up to end links to; -EINVAL: it is there and no link. */
static long executable_link(char *path, char *end, char target[EXECUTABLE_LINK])
{
	char kept = *end;
	long length;

	*end = '\0';
	length = sys_readlinkat(AT_FDCWD, path, target, EXECUTABLE_LINK);
	*end = kept;
	return length;
}

/*
 * Puts the target in the place of the component from name to end, or of all up to end when it is
 * absolute. Where to go on, or NULL when it does not fit.
 */
static char *executable_splice(char *path, char *name, char *end, const char *target, long length)
{
	char *into = target[0] == '/' ? path : name;
	size_t rest = strlen(end) + 1;

	if (length == EXECUTABLE_LINK || (size_t)(into - path) + (size_t)length + rest > PATHS_MAX)
		return NULL;
	memmove(into + length, end, rest);
	memcpy(into, target, (size_t)length);
	return target[0] == '/' ? path : name - 1;
}

/* Follows every link of an absolute path; false: ask /proc. */
static bool executable_resolve(char path[PATHS_MAX])
{
	char target[EXECUTABLE_LINK];
	char *at = path;

	for (int step = 0; *at == '/'; step++) {
		char *name = at + 1, *end = name;
		long length;

		if (step == EXECUTABLE_STEPS || executable_is_odd(path, name))
			return false;
		while (*end && *end != '/')
			end++;
		length = executable_link(path, end, target);
		if (length <= 0 && length != -EINVAL)
			return false;
		at = length > 0 ? executable_splice(path, name, end, target, length) : end;
		if (!at)
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
	return executable_resolve(exe);
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

/* Only what may be executed is opened: a FIFO or a device would notice. Far from what every start
 * runs. */
static __attribute__((noinline)) bool executable_asks_env(const char *path, const char *argv0)
{
	const char *slash = strrchr(argv0, '/');
	struct stat st;

	return !sys_fstatat(AT_FDCWD, path, &st, 0) && S_ISREG(st.st_mode) && st.st_mode & 0111 &&
	       program_file_asks_env(path, slash ? slash + 1 : argv0);
}

static const char *executable_behind_env(int argc, char **argv)
{
	int at = argc > 1 && argv[1][0] == '-' ? 2 : 1;

	if (argc <= at || argv[at][0] == '-' || !strchr(argv[at], '/'))
		return NULL;
	return executable_asks_env(argv[at], argv[0]) ? argv[at] : NULL;
}

void executable_of_process(int argc, char **argv, char exe[PATHS_MAX], struct executable *into)
{
	const char *executed = (const char *)auxiliary_value(AT_EXECFN);
	bool passed = executed && ((argc > 1 && !strcmp(argv[1], executed)) ||
				   (argc > 2 && !strcmp(argv[2], executed)));

	into->script = passed ? NULL : executable_behind_env(argc, argv);
	if (!passed && executable_from_exec(executed, exe))
		return;
	executable_from_proc(exe);
	/* `/bin/cat /bin/cat` is no script. */
	if (passed && strcmp(executed, exe) && !executable_same_file(executed, "/proc/self/exe"))
		into->script = executed;
}
