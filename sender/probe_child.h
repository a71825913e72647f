/*
 * A command as the grandchild of a process that may be somebody else's: between them stands a
 * keeper, a process that shares memory with us and lives as long as the command. Its end raises no
 * signal here, since it never executes anything (execve(2) would set SIGCHLD again), and only
 * wait(2) with __WCLONE or __WALL sees it. It adopts and ends what the command leaves behind in its
 * group. When our thread ends, both are killed.
 */
#ifndef BOOKEND_SENDER_PROBE_CHILD_H
#define BOOKEND_SENDER_PROBE_CHILD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* A block of memory that keeper and command use until they are gone; texts are copies in it. */
struct probe_child {
	size_t bytes, used; /* texts lie behind it, the stack at the end */
	char **argv, **envp;
	char **path; /* candidates for the program, NULL-terminated */
	char *directory;
	int null, out;	    /* descriptors for 0 and 2, and for 1; both above 2 */
	int keeper;	    /* its pid */
	_Atomic int pid;    /* of the command, 0 until it runs; by the keeper */
	_Atomic int error;  /* why nothing runs; by the command */
	_Atomic int status; /* as wait(2) has it, valid when the keeper has ended */
};

/* Bytes for the texts beside it. NULL: no memory. */
struct probe_child *probe_child_new(size_t text_bytes);
/* Copies of texts into the block: a list that ends with NULL, one text. */
char **probe_child_list(struct probe_child *child, const char *const *list);
char *probe_child_text(struct probe_child *child, const char *text);

/* 0 or -errno. */
int probe_child_start(struct probe_child *child);
/* Has the keeper ended? */
bool probe_child_ended(const struct probe_child *child);
/* Kills the command's group; the keeper too when that does not help soon. True: all is gone. */
bool probe_child_kill(struct probe_child *child);
/* Only when nothing uses it any more. */
void probe_child_free(struct probe_child *child);

#endif
