/*
 * Reading a snapshot back. Its bytes come from shared memory and were checked against tearing only:
 * every length is checked here. Texts are copied into the arena, NUL-terminated. Drainers.
 */
#ifndef BOOKEND_POLICY_SNAPSHOT_READ_H
#define BOOKEND_POLICY_SNAPSHOT_READ_H

#include "policy/arena.h"
#include "policy/facts.h"
#include "policy/snapshot_format.h"

struct snapshot {
	const uint8_t *bytes; /* the caller's */
	uint32_t length;
	const char *exe, *script, *cwd; /* NULL: not taken */
	const char *const *argv;
	int argc;
	/* Likewise of the parent, when this is a child. */
	const char *parent_exe, *parent_script;
	const char *const *parent_argv;
	int parent_argc;
	const char *uname[FACTS_UNAME]; /* NULL: not taken */
};

/* 0, -EBADMSG, or -ENOBUFS: the arena is full. */
int snapshot_read(struct snapshot *s, const uint8_t *bytes, uint32_t length, struct arena *arena);

/* The value of a variable, NULL when it was not there. */
const char *snapshot_env(const struct snapshot *s, uint32_t number, struct arena *arena);

/* The text of a fact that the start recorded, NULL when it was not there. */
const char *snapshot_fact(const struct snapshot *s, enum fact fact, struct arena *arena);

#endif
