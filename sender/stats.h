/*
 * The stats file, and this flush's own report beside it. Counting never fails: without a file it
 * counts for the report only. One thread a struct; the file is shared with other drainers.
 */
#ifndef BOOKEND_SENDER_STATS_H
#define BOOKEND_SENDER_STATS_H

#include "sender/sender.h"
#include "sender/stats_format.h"

struct stats {
	struct stats_file *file;	  /* NULL when it can not be had */
	uint64_t count[STATS_COUNT_LAST]; /* since stats_open() */
};

void stats_open(struct stats *stats, const char *state);
void stats_close(struct stats *stats);
void stats_add(struct stats *stats, enum stats_count which, uint64_t by);
/* Of the destination of that name; error NULL: it succeeded. Returns the failures in a row. */
uint32_t stats_outcome(struct stats *stats, const char *destination, const char *error);

#endif
