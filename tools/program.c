#include "tools/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHELL	   "/bin/sh"
#define FIRST_LINE 256 /* BINPRM_BUF_SIZE: what the kernel reads of a script */
#define NESTED	   2   /* interpreters that are scripts; words[] has room for both */

static int executable(const char *path)
{
	struct stat stat_now;

	if (stat(path, &stat_now) != 0)
		return -errno;
	if (!S_ISREG(stat_now.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0 ? 0 : -errno;
}

/* PATH as execvp(3) reads it: an empty element is the current directory; one that is refused is
 * remembered. */
static int search(const char *name, char into[PATHS_MAX])
{
	const char *path = getenv("PATH");
	int refused = -ENOENT;

	if (!path)
		path = "/bin:/usr/bin";
	for (;;) {
		int length = (int)strcspn(path, ":");
		int error = -ENAMETOOLONG;

		if (snprintf(into, PATHS_MAX, "%.*s%s%s", length, path, length ? "/" : "", name) <
		    PATHS_MAX)
			error = executable(into);
		if (error == 0)
			return 0;
		if (error == -EACCES)
			refused = error;
		if (path[length] == '\0')
			return refused;
		path += length + 1;
	}
}

static int locate(const char *name, char into[PATHS_MAX])
{
	if (*name == '\0')
		return -ENOENT;
	if (!strchr(name, '/'))
		return search(name, into);
	if (snprintf(into, PATHS_MAX, "%s", name) >= PATHS_MAX)
		return -ENAMETOOLONG;
	return executable(into);
}

/* The first line of a script, cut as the kernel cuts it: interpreter and at most one argument. */
static bool first_line(const char *path, char interpreter[256], char argument[256])
{
	char line[FIRST_LINE + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, line, FIRST_LINE);
	char *word, *end;

	if (fd >= 0)
		close(fd);
	if (length < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[length] = '\0';
	line[strcspn(line, "\n")] = '\0';
	for (end = line + strlen(line); end > line && (end[-1] == ' ' || end[-1] == '\t'); end--)
		end[-1] = '\0';
	word = line + 2 + strspn(line + 2, " \t");
	end = word + strcspn(word, " \t");
	snprintf(interpreter, 256, "%.*s", (int)(end - word), word);
	snprintf(argument, 256, "%s", end + strspn(end, " \t"));
	return *interpreter != '\0';
}

/* Puts the interpreter's words in front; what was the first word becomes the script's path. */
static void put_in_front(struct program *program, char *interpreter, char *argument, char *script)
{
	int words = *argument ? 2 : 1;

	memmove(program->argv + words, program->argv,
		((size_t)program->argc + 1) * sizeof(*program->argv));
	program->argv[0] = interpreter;
	if (*argument)
		program->argv[1] = argument;
	program->argv[words] = script;
	program->argc += words;
}

static int follow_interpreters(struct program *program, char real[PATHS_MAX])
{
	for (int i = 0; i < NESTED; i++) {
		char *interpreter = program->words[2 * i];
		char *argument = program->words[2 * i + 1];
		int error;

		if (!first_line(real, interpreter, argument))
			return 0;
		if (i == 0)
			memcpy(program->script, program->path, PATHS_MAX);
		put_in_front(program, interpreter, argument,
			     i == 0 ? program->path : program->words[2 * i - 2]);
		error = executable(interpreter);
		if (error)
			return error;
		snprintf(real, PATHS_MAX, "%s", interpreter);
	}
	return 0;
}

/* Text that is neither ELF nor a script with a first line: execvp(3) gives it to the shell. */
static bool for_the_shell(const char *path)
{
	char bytes[FIRST_LINE];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, bytes, sizeof(bytes));

	if (fd >= 0)
		close(fd);
	return length >= 0 && !memchr(bytes, '\0', (size_t)length);
}

static int find_executable(struct program *program)
{
	char real[PATHS_MAX], resolved[PATH_MAX];
	int error;

	memcpy(real, program->path, PATHS_MAX);
	error = follow_interpreters(program, real);
	if (error)
		return error;
	error = elf_file_read(real, &program->elf);
	if (error == -ENOEXEC && !*program->script && for_the_shell(real)) {
		snprintf(program->words[0], sizeof(program->words[0]), SHELL);
		put_in_front(program, program->words[0], program->words[1], program->path);
		snprintf(real, sizeof(real), SHELL);
		elf_file_read(real, &program->elf);
	}
	if (*program->elf.loader && access(program->elf.loader, F_OK) != 0)
		return -ENOENT;
	if (!realpath(real, resolved))
		return -errno;
	if (snprintf(program->exe, PATHS_MAX, "%s", resolved) >= PATHS_MAX)
		return -ENAMETOOLONG;
	return 0;
}

int program_find(char **command, struct program *into)
{
	int error;

	memset(into, 0, sizeof(*into));
	error = locate(command[0], into->path);
	if (error)
		return error;
	while (command[into->argc])
		into->argc++;
	into->argv = calloc((size_t)into->argc + 2 * NESTED + 1, sizeof(*into->argv));
	if (!into->argv)
		return -ENOMEM;
	memcpy(into->argv, command, (size_t)into->argc * sizeof(*into->argv));
	error = find_executable(into);
	if (error)
		program_free(into);
	return error;
}

void program_free(struct program *program)
{
	free(program->argv);
	program->argv = NULL;
}

int program_execute(const struct program *program, char **command, char **environment)
{
	execve(program->path, command, environment);
	if (errno != ENOEXEC || *program->script || program->argc < 2)
		return -errno;
	execve(SHELL, program->argv, environment);
	return -errno;
}
