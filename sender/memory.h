/*
 * What is remembered for an installation: values by service and name, as JSON, in the file
 * `remembered` of the state directory. A drainer that looks takes the file's lock, and keeps it
 * until it has committed what it made of what it saw; others try again at their next pass.
 *
 * What a moment remembers is staged: it takes effect when the moment is over, reaches the file when
 * the moment's events are on the disk, and stands in their segment too, for who settles it when we
 * are killed in between. One thread.
 */
#ifndef BOOKEND_SENDER_MEMORY_H
#define BOOKEND_SENDER_MEMORY_H

#include <stdbool.h>

#include "policy/late.h"

#define MEMORY_BYTES (1u << 20) /* of the file; what would go past it is not remembered */

struct memory_entry {
	struct memory_entry *next;
	const char *name, *json; /* behind the service */
	char service[];
};

struct memory {
	const char *state;
	struct late_state late; /* for late_process.state */
	bool open;		/* locked and read */
	bool busy;		/* somebody else has it: what was made without it does not count */
	bool changed;
	int lock;
	struct memory_entry *first;
	struct memory_entry *staged;
};

void memory_init(struct memory *memory, const char *state);
/* Drops what is not committed. */
void memory_fini(struct memory *memory);

/* The moment is over: what it staged takes effect, or is forgotten. */
void memory_take(struct memory *memory);
void memory_drop(struct memory *memory);

/* Settling: as if it had been staged and taken. */
void memory_put(struct memory *memory, const char *service, const char *name, const char *json,
		size_t length);

/* Everything that took effect into the file, and the lock goes; or it is forgotten. 0 or -errno. */
int memory_commit(struct memory *memory);
void memory_forget(struct memory *memory);

#endif
