/*
 * The file of a schedule per installation: schedules/HASH in the state directory. Replaced as a
 * whole. One thread.
 */
#ifndef BOOKEND_SENDER_SCHEDULE_FILE_H
#define BOOKEND_SENDER_SCHEDULE_FILE_H

#include "sender/schedule.h"

/* One after the other in schedule.sums. */
struct schedule_sum {
	uint64_t id; /* of the measure's name and kind */
	uint32_t kind;
	uint32_t words;	  /* measures_words(kind) */
	uint64_t value[]; /* twice: since the last turn, and of the turn that has begun */
};
static_assert(sizeof(struct schedule_sum) == 16, "format");

/* One after the other in schedule.counted. */
struct schedule_counted {
	uint8_t pool_id[16];
	uint64_t lifecycle;
	uint32_t words;
	uint32_t pad;
	uint64_t total[]; /* of all its measures, in their order */
};
static_assert(sizeof(struct schedule_counted) == 32, "format");

/* The one at *at, which moves on to the next; NULL: there is none. */
struct schedule_sum *schedule_next_sum(const struct buffer *sums, size_t *at);
struct schedule_counted *schedule_next_counted(const struct buffer *counted, size_t *at);

/* Gives it its file's name; 0 or -ENAMETOOLONG. */
int schedule_file_name(struct schedule *s, const char *state, const uint8_t hash[16]);
/* What the file holds. 0; -ENOENT; -EBADMSG: damaged; other -errno. */
int schedule_file_read(struct schedule *s);
int schedule_file_write(const struct schedule *s);

#endif
