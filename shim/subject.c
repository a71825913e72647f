/*
 * Gathered once, in the constructor.
 */
#include "shim/subject.h"

#include <sys/auxv.h>

#include "base/process.h"
#include "base/slot.h"
#include "base/sys.h"
#include "shim/auxiliary.h"
#include "shim/executable.h"
#include "shim/notes.h"

#define SUBJECT_PARENTS 32

void subject_of_process(int argc, char **argv, char **envp, char exe[PATHS_MAX],
			struct subject *into)
{
	struct executable executable;

	executable_of_process(argc, argv, exe, &executable);
	*into = (struct subject){
		.exe = exe,
		.script = executable.script,
		.argc = argc,
		.argv = (const char *const *)argv,
		.envp = (const char *const *)envp,
		.pid = (uint32_t)sys_getpid(),
		.parent = (uint32_t)sys_getppid(),
		.uid = (uint32_t)auxiliary_value(AT_EUID), /* nothing of the host has run yet */
		.notes = notes_of_process,
	};
}

bool subject_has_measured_parent(const struct subject *subject, struct pool *pool)
{
	uint32_t taken, slots;
	int pid = (int)subject->parent;

	pool_usage(pool, &taken, &slots);
	for (int i = 0; taken && i < SUBJECT_PARENTS && pid > 0; i++) {
		struct process_stat stat;

		if (slot_owned_by(pool, (uint32_t)pid, 0))
			return true;
		if (process_stat(pid, &stat) < 0)
			return false;
		pid = stat.parent;
	}
	return false;
}
