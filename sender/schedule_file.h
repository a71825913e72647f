/*
 * The file of a schedule per installation: schedules/HASH in the state directory. Replaced as a
 * whole. One thread.
 */
#ifndef BOOKEND_SENDER_SCHEDULE_FILE_H
#define BOOKEND_SENDER_SCHEDULE_FILE_H

#include "sender/schedule.h"

#define SCHEDULE_PROCESSES 4096 /* in one file */
#define SCHEDULE_WORDS	   (1u << 16)

/* Takes the folder's lock and names the file: *s has what a new schedule has. 0, -EBUSY or other
 * -errno: then nothing is open. */
int schedule_file_lock(struct schedule *s, const char *state, const uint8_t hash[16]);
/* What the file holds, its words too. 0; -ENOENT; -EBADMSG: damaged; other -errno. */
int schedule_file_read(struct schedule *s);
int schedule_file_write(const struct schedule *s);

/* Bytes of one record of s->counted: pool's id, lifecycle (8), totals. */
size_t schedule_counted_bytes(uint32_t words);

#endif
