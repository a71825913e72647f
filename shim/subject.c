/*
 * For a script the kernel runs the interpreter and passes the script's path as it was executed, in
 * AT_EXECFN and as the interpreter's first or second argument (execve(2)).
 */
#include "shim/subject.h"

#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/process.h"
#include "base/slot.h"
#include "base/sys.h"
#include "shim/auxiliary.h"

#define SUBJECT_PARENTS 32

static bool subject_same_file(const char *a, const char *b)
{
	struct stat first, second;

	return !sys_fstatat(AT_FDCWD, a, &first, 0) && !sys_fstatat(AT_FDCWD, b, &second, 0) &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static const char *subject_script(int argc, char **argv, const char *exe)
{
	const char *executed = (const char *)auxiliary_value(AT_EXECFN);
	bool passed;

	if (!executed)
		return NULL;
	passed = (argc > 1 && argv[1] && !strcmp(argv[1], executed)) ||
		 (argc > 2 && argv[1] && argv[2] && !strcmp(argv[2], executed));
	/* `/bin/cat /bin/cat` is no script. */
	if (!passed || !strcmp(executed, exe) || subject_same_file(executed, "/proc/self/exe"))
		return NULL;
	return executed;
}

void subject_of_process(int argc, char **argv, char **envp, char exe[PATHS_MAX],
			struct subject *into)
{
	long length = sys_readlinkat(AT_FDCWD, "/proc/self/exe", exe, PATHS_MAX - 1);

	exe[length > 0 ? length : 0] = '\0';
	*into = (struct subject){
		.exe = exe,
		.argc = argc,
		.argv = (const char *const *)argv,
		.envp = (const char *const *)envp,
		.pid = (uint32_t)sys_getpid(),
		.parent = (uint32_t)sys_getppid(),
		.uid = sys_geteuid(),
	};
	into->script = subject_script(argc, argv, exe);
}

bool subject_has_measured_parent(const struct subject *subject, const struct pool *pool)
{
	uint32_t taken, slots;
	int pid = (int)subject->parent;

	pool_usage(pool, &taken, &slots);
	for (int i = 0; taken && i < SUBJECT_PARENTS && pid > 0; i++) {
		struct process_stat stat;

		if (slot_owned_by(pool, (uint32_t)pid))
			return true;
		if (process_stat(pid, &stat) < 0)
			return false;
		pid = stat.parent;
	}
	return false;
}
