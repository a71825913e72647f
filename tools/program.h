/*
 * The program that a command means (base/program_file.h), with its words.
 */
#ifndef BOOKEND_TOOLS_PROGRAM_H
#define BOOKEND_TOOLS_PROGRAM_H

#include "base/program_file.h"

struct program {
	struct program_file file;
	int argc;	   /* argv as the process will see it */
	const char **argv; /* malloc'd; the words are the caller's, or last as long as this */
};

/* 0; -ENOENT: not found; -EACCES and other -errno: found, but not executable. */
int program_find(char **command, struct program *into);
/* Where that is env(1) with a script of `#!/usr/bin/env NAME`: the program that env executes. */
void program_follow_env(struct program *program);
void program_free(struct program *program);

/* Replaces this process. Returns -errno. */
int program_execute(const struct program *program, char **command, char **environment);

#endif
