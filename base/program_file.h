/*
 * The file that an exec of a path will run, found as execvp(3) and the kernel do: PATH, `#!`
 * scripts and their interpreters, and scripts without a first line, which /bin/sh reads. So that
 * who starts a program can decide about the very process that is going to run: the launcher, and a
 * measured parent. Raw system calls, no allocation, any world; the struct is large and the
 * caller's.
 */
#ifndef BOOKEND_BASE_PROGRAM_FILE_H
#define BOOKEND_BASE_PROGRAM_FILE_H

#include "base/elf_file.h"
#include "base/paths.h"

#define PROGRAM_FILE_SHELL "/bin/sh"
#define PROGRAM_FILE_FRONT 5

struct program_file {
	char path[PATHS_MAX];	/* for execve() */
	char exe[PATHS_MAX];	/* what /proc/PID/exe will name: the interpreter, for a script */
	char script[PATHS_MAX]; /* the script as executed, or "" */
	struct elf_file elf;	/* of exe; all zero when it is not an ELF file we know */
	bool secure;		/* the kernel will raise its privileges: it loads no shim of ours */
	char words[4][256];	/* interpreters and their arguments */
	/* What argv begins with instead of its first word: pointers into this struct. */
	unsigned fronts;
	const char *front[PROGRAM_FILE_FRONT];
};

/* name: searched in these directories when it has no slash; NULL: never, as execve(2). 0; -ENOENT:
 * not found; -EACCES and other -errno: found, but not executable. */
int program_file_find(const char *name, const char *search, struct program_file *into);

/* argv as the process will see it, which has room for PROGRAM_FILE_FRONT words more and a NULL; how
 * many. */
int program_file_argv(const struct program_file *file, int argc, char *const argv[],
		      const char **into);

/* Will the loader take a library of ours into it? */
bool program_file_carries_shim(const struct program_file *file);

/* Is it a script of `#!/usr/bin/env NAME`, be there options of env and variables in front of it? */
bool program_file_asks_env(const char *path, const char *name);

#endif
