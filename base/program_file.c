/*
 * The search, the chain of interpreters, the file at its end.
 */
#include "base/program_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/text.h"

#define FIRST_LINE 256 /* BINPRM_BUF_SIZE: what the kernel reads of a script */
#define NESTED	   2   /* interpreters that are scripts; words[] has room for both */
#define BLANKS	   " \t"

static int may_execute(const char *path)
{
	long rc = sys_call(SYS_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS);

	return rc == -ENOSYS ? (int)sys_call(SYS_faccessat, AT_FDCWD, path, X_OK, 0) : (int)rc;
}

static int executable(const char *path, struct stat *st)
{
	int error = sys_fstatat(AT_FDCWD, path, st, 0);

	if (error != 0)
		return error;
	return S_ISREG(st->st_mode) ? may_execute(path) : -EACCES;
}

static int copy(char *into, size_t capacity, const char *from)
{
	struct text t = text_init(into, capacity);

	text_add(&t, from);
	return t.truncated ? -ENAMETOOLONG : 0;
}

/* PATH as execvp(3) reads it: an empty element is the current directory; one that is refused is
 * remembered. */
static int search_in(const char *name, const char *directories, char into[PATHS_MAX])
{
	int refused = -ENOENT;

	for (;;) {
		size_t length = strcspn(directories, ":");
		struct text t = text_init(into, PATHS_MAX);
		struct stat st;
		int error;

		text_add_bytes(&t, directories, length);
		text_add(&t, length > 0 ? "/" : "");
		text_add(&t, name);
		error = t.truncated ? -ENAMETOOLONG : executable(into, &st);
		if (error == 0)
			return 0;
		if (error == -EACCES)
			refused = error;
		if (directories[length] == '\0')
			return refused;
		directories += length + 1;
	}
}

static int locate(const char *name, const char *search, char into[PATHS_MAX])
{
	struct stat st;
	int error;

	if (*name == '\0')
		return -ENOENT;
	if (search != NULL && strchr(name, '/') == NULL)
		return search_in(name, search, into);
	error = copy(into, PATHS_MAX, name);
	return error != 0 ? error : executable(into, &st);
}

static long read_head(const char *path, char *into, size_t bytes)
{
	int fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	long length;

	if (fd < 0)
		return fd;
	length = sys_read(fd, into, bytes);
	sys_close(fd);
	return length;
}

/* The first line of a script, cut as the kernel cuts it: interpreter and at most one argument. */
static bool first_line(const char *path, char interpreter[256], char argument[256])
{
	char line[FIRST_LINE + 1];
	long length = read_head(path, line, FIRST_LINE);
	char *word, *end;

	if (length < 3 || line[0] != '#' || line[1] != '!')
		return false;
	line[length] = '\0';
	line[strcspn(line, "\n")] = '\0';
	for (end = line + strlen(line); end > line && (end[-1] == ' ' || end[-1] == '\t'); end--)
		end[-1] = '\0';
	word = line + 2 + strspn(line + 2, BLANKS);
	end = word + strcspn(word, BLANKS);
	copy(argument, 256, end + strspn(end, BLANKS));
	*end = '\0';
	copy(interpreter, 256, word);
	return *interpreter != '\0';
}

/* Puts the interpreter's words in front of what stands there: at first the script's path. */
static void put_in_front(struct program_file *file, const char *interpreter, const char *argument)
{
	unsigned words = *argument != '\0' ? 2 : 1;

	if (file->fronts == 0)
		file->front[file->fronts++] = file->path;
	memmove(file->front + words, file->front, file->fronts * sizeof(file->front[0]));
	file->front[0] = interpreter;
	if (words == 2)
		file->front[1] = argument;
	file->fronts += words;
}

static int follow_interpreters(struct program_file *file, char real[PATHS_MAX], struct stat *st)
{
	for (int i = 0; i < NESTED; i++) {
		char *interpreter = file->words[2 * i];
		char *argument = file->words[2 * i + 1];
		int error;

		if (!first_line(real, interpreter, argument))
			return 0;
		if (i == 0)
			memcpy(file->script, file->path, PATHS_MAX);
		put_in_front(file, interpreter, argument);
		error = executable(interpreter, st);
		if (error != 0)
			return error;
		copy(real, PATHS_MAX, interpreter);
	}
	return 0;
}

/* Text that is neither ELF nor a script with a first line: execvp(3) gives it to the shell. */
static bool for_the_shell(const char *path)
{
	char bytes[FIRST_LINE];
	long length = read_head(path, bytes, sizeof(bytes));

	return length >= 0 && memchr(bytes, '\0', (size_t)length) == NULL;
}

/* Without links, in place; as it is where there is no /proc. */
static int resolve(char path[PATHS_MAX])
{
	char link[32];
	struct text t = text_init(link, sizeof(link));
	int fd = sys_openat(AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
	long length;

	if (fd < 0)
		return fd;
	text_add(&t, "/proc/self/fd/");
	text_add_signed(&t, fd);
	length = sys_readlinkat(AT_FDCWD, link, path, PATHS_MAX);
	sys_close(fd);
	if (length >= PATHS_MAX)
		return -ENAMETOOLONG;
	if (length > 0)
		path[length] = '\0';
	return 0;
}

static bool changes_user(const struct stat *st)
{
	return ((st->st_mode & S_ISUID) != 0 && st->st_uid != sys_geteuid()) ||
	       ((st->st_mode & S_ISGID) != 0 && (st->st_mode & S_IXGRP) != 0 &&
		st->st_gid != (unsigned)sys_call(SYS_getegid, 0, 0, 0, 0));
}

/* capabilities(7): root has them all, and is not told apart by them. */
static bool has_capabilities(const char *path)
{
	return sys_call(SYS_getxattr, path, "security.capability", NULL, 0) > 0 &&
	       sys_call(SYS_getuid, 0, 0, 0, 0) != 0;
}

static bool lies_on_nosuid(const char *path)
{
	struct statfs fs;

	return sys_call(SYS_statfs, path, &fs, 0, 0) == 0 && (fs.f_flags & ST_NOSUID) != 0;
}

/* As the kernel sets AT_SECURE. */
static bool raises_privileges(const char *path, const struct stat *st)
{
	return (changes_user(st) || has_capabilities(path)) && !lies_on_nosuid(path);
}

static int find_executable(struct program_file *file)
{
	char *real = file->exe;
	struct stat st;
	int error;

	memcpy(real, file->path, PATHS_MAX);
	error = sys_fstatat(AT_FDCWD, real, &st, 0);
	if (error == 0)
		error = follow_interpreters(file, real, &st);
	if (error != 0)
		return error;
	error = elf_file_read(real, &file->elf);
	if (error == -ENOEXEC && file->script[0] == '\0' && for_the_shell(real)) {
		put_in_front(file, PROGRAM_FILE_SHELL, "");
		copy(real, PATHS_MAX, PROGRAM_FILE_SHELL);
		elf_file_read(real, &file->elf);
	}
	if (file->elf.loader[0] != '\0' &&
	    sys_call(SYS_faccessat, AT_FDCWD, file->elf.loader, F_OK, 0) != 0)
		return -ENOENT;
	file->secure = raises_privileges(real, &st);
	return 0;
}

int program_file_find(const char *name, const char *search, struct program_file *into)
{
	int error;

	into->script[0] = '\0';
	into->fronts = 0;
	error = locate(name, search, into->path);
	if (error == 0)
		error = find_executable(into);
	return error == 0 ? resolve(into->exe) : error;
}

int program_file_argv(const struct program_file *file, int argc, char *const argv[],
		      const char **into)
{
	int count = 0;

	for (unsigned i = 0; i < file->fronts; i++)
		into[count++] = file->front[i];
	for (int i = file->fronts > 0 ? 1 : 0; i < argc; i++)
		into[count++] = argv[i];
	into[count] = NULL;
	return count;
}

bool program_file_carries_shim(const struct program_file *file)
{
	return file->elf.dynamic && !file->elf.foreign && !file->secure;
}

bool program_file_asks_env(const char *path, const char *name)
{
	char interpreter[256], words[256];
	const char *word = words, *slash;
	size_t length = 0;

	if (!first_line(path, interpreter, words))
		return false;
	slash = strrchr(interpreter, '/');
	if (slash == NULL || strcmp(slash, "/env") != 0)
		return false;
	for (word += strspn(word, BLANKS); *word != '\0';
	     word += length + strspn(word + length, BLANKS)) {
		length = strncmp(word, "-S", 2) == 0 ? 2 : strcspn(word, BLANKS);
		if (*word != '-' && memchr(word, '=', length) == NULL)
			return length == strlen(name) && memcmp(word, name, length) == 0;
	}
	return false;
}
