/*
 * Which process runs are done with which destination (`stop:` of the policy): STATE/stopped, shared
 * by all drainers of the user, bounded; the oldest are forgotten. Without a state directory that
 * can be written it holds for this drainer. One thread.
 */
#ifndef BOOKEND_SENDER_STOPPED_H
#define BOOKEND_SENDER_STOPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STOPPED_BYTES (64 * 1024)

struct stopped {
	const char *state;
	uint64_t *mark; /* one a run and destination */
	size_t count, room;
	uint64_t seen; /* bytes of the file when it was read */
};

void stopped_open(struct stopped *stopped, const char *state);
void stopped_close(struct stopped *stopped);
/* Takes in what other drainers have noted meanwhile. */
void stopped_look(struct stopped *stopped);

/* The run is a lifecycle of a pool; the destination is told by its number in the image. */
bool stopped_has(const struct stopped *stopped, const uint8_t pool_id[16], uint64_t lifecycle,
		 uint32_t destination);
void stopped_add(struct stopped *stopped, const uint8_t pool_id[16], uint64_t lifecycle,
		 uint32_t destination);

#endif
