/*
 * Finding the program that a command means, as execvp(3) and the kernel do: PATH, `#!` scripts and
 * their interpreters, and scripts without a first line, which /bin/sh reads. So that the launcher
 * can decide about the very process that is going to run.
 */
#ifndef BOOKEND_TOOLS_PROGRAM_H
#define BOOKEND_TOOLS_PROGRAM_H

#include "base/paths.h"
#include "tools/elf_file.h"

struct program {
	char path[PATHS_MAX];	/* for execve() */
	char exe[PATHS_MAX];	/* what /proc/PID/exe will name: the interpreter, for a script */
	char script[PATHS_MAX]; /* the script as executed, or "" */
	int argc;		/* argv as the process will see it */
	char **argv; /* the array is ours, the words are the caller's, or last as long as this */
	struct elf_file elf; /* of exe; all zero when it is not an ELF file we know */
	char words[4][256];  /* interpreters and their arguments */
};

/* 0; -ENOENT: not found; -EACCES and other -errno: found, but not executable. */
int program_find(char **command, struct program *into);
void program_free(struct program *program);

/* Replaces this process. Returns -errno. */
int program_execute(const struct program *program, char **command, char **environment);

#endif
