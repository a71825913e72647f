/*
 * The open lifecycles of a state directory, one file each: made when a start is in the spool,
 * removed when its stop is, both before the claim is committed, so that whoever finishes the work
 * of a killed drainer does the same again. One thread; any number of drainers.
 */
#ifndef BOOKEND_SENDER_OPEN_H
#define BOOKEND_SENDER_OPEN_H

#include "sender/drain.h"

/* wait: for the disk. A lifecycle that could not be kept only loses its stop with the machine. */
void open_add(const char *state, const struct pool *pool, uint64_t lifecycle,
	      const struct start_block *start, const uint8_t *payload, bool wait);
void open_remove(const char *state, const uint8_t pool_id[16], uint64_t lifecycle);

/* A segment adopted from a dead drainer of any pool: the stops in it are no longer open. Loads. */
void open_settle(const char *state, struct segment *segment);

/*
 * Writes the stop of each that nobody else can end any more: its boot is over (EXIT_HOST_RESET), or
 * its pool has been lost in this one and its process is dead (EXIT_VANISHED). pool: the one that is
 * there, or NULL. After spool_adopt(). The number of stops written.
 */
uint32_t open_reset(const struct sender_options *options, struct pool *pool, struct spool *spool,
		    struct images *images, struct stats *stats);

#endif
