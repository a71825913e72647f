#include "tools/program.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int program_find(char **command, struct program *into)
{
	const char *path = getenv("PATH");
	int argc = 0;
	int error;

	memset(into, 0, sizeof(*into));
	error = program_file_find(command[0], path ? path : "/bin:/usr/bin", &into->file);
	if (error)
		return error;
	while (command[argc])
		argc++;
	into->argv = calloc((size_t)argc + PROGRAM_FILE_FRONT + 1, sizeof(*into->argv));
	if (!into->argv)
		return -ENOMEM;
	into->argc = program_file_argv(&into->file, argc, command, into->argv);
	return 0;
}

void program_follow_env(struct program *program)
{
	struct program_file *file = &program->file;
	const char *path = getenv("PATH");
	struct program_file next;

	if (!file->script[0] || program->argc < 3 ||
	    !program_file_asks_env(file->script, program->argv[1]) ||
	    program_file_find(program->argv[1], path ? path : "/bin:/usr/bin", &next) != 0)
		return;
	memcpy(file->exe, next.exe, sizeof(file->exe));
	file->elf = next.elf;
	file->secure = next.secure;
	memmove(program->argv, program->argv + 1, (size_t)program->argc * sizeof(*program->argv));
	program->argc--;
}

void program_free(struct program *program)
{
	free(program->argv);
	program->argv = NULL;
}

int program_execute(const struct program *program, char **command, char **environment)
{
	execve(program->file.path, command, environment);
	if (errno != ENOEXEC || *program->file.script || program->argc < 2)
		return -errno;
	execve(PROGRAM_FILE_SHELL, (char *const *)(uintptr_t)program->argv, environment);
	return -errno;
}
