/*
 * posix_spawn and posix_spawnp, whose child execs inside libc: what it became is looked at behind
 * their success, and is in no hurry, because only its parent reaps it. Any thread.
 */
#include <errno.h>
#include <spawn.h>
#include <stddef.h>

#include "base/sys.h"
#include "shim/children.h"
#include "shim/lifecycle.h"

static void spawn_note(const char *name, bool search, char *const argv[], char *const envp[],
		       pid_t pid)
{
	static char *const nothing[] = { NULL };
	struct children_exec exec = {
		.name = name, .search = search, .argv = argv, .envp = envp ? envp : nothing
	};
	struct children_record record;

	children_start(&exec, pid, sys_getpid(), &record);
}

LIFECYCLE_EXPORT int posix_spawn(pid_t *pid, const char *path,
				 const posix_spawn_file_actions_t *actions,
				 const posix_spawnattr_t *attributes, char *const argv[],
				 char *const envp[])
{
	__typeof__(&posix_spawn) next = NEXT(posix_spawn);
	pid_t child = 0;
	int error;

	if (!next)
		return ENOSYS;
	error = next(&child, path, actions, attributes, argv, envp);
	if (error)
		return error;
	if (pid)
		*pid = child;
	spawn_note(path, false, argv, envp, child);
	return 0;
}

LIFECYCLE_EXPORT int posix_spawnp(pid_t *pid, const char *file,
				  const posix_spawn_file_actions_t *actions,
				  const posix_spawnattr_t *attributes, char *const argv[],
				  char *const envp[])
{
	__typeof__(&posix_spawnp) next = NEXT(posix_spawnp);
	pid_t child = 0;
	int error;

	if (!next)
		return ENOSYS;
	error = next(&child, file, actions, attributes, argv, envp);
	if (error)
		return error;
	if (pid)
		*pid = child;
	spawn_note(file, true, argv, envp, child);
	return 0;
}
