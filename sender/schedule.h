/*
 * Schedules per installation: once in a period over restarts and any number of processes. A file of
 * the state directory for each such event, schedules/HASH, under a lock while it is looked at and
 * changed: when the event was made last, what the measures of all processes have counted since,
 * and how much of each process is in that already, so that nothing counts twice whoever is killed.
 *
 * A turn has two steps. At its beginning its time and its sums are put aside, and counting goes on
 * from zero; at its end the event is on the disk. Who is killed in between leaves the turn to the
 * next drainer, which makes the same event of it under the same id, or finds it in the dead one's
 * segment. One thread.
 */
#ifndef BOOKEND_SENDER_SCHEDULE_H
#define BOOKEND_SENDER_SCHEDULE_H

#include "policy/image.h"
#include "policy/measures.h"
#include "sender/buffer.h"

struct schedule {
	char path[1200];
	uint8_t hash[16]; /* the file's name */
	uint8_t key[16];  /* random: that of its events' ids */
	uint64_t made_ns; /* real time; at first, when it was first looked at */
	uint64_t turn_ns; /* of the turn that has begun and not ended; 0: none has */
	uint32_t maker;	  /* the drainer whose segment holds the event made last */
	/* In the form that they have in the file: schedule_file.h. */
	struct buffer sums;    /* of each measure, over all processes */
	struct buffer counted; /* of each process: what of it is in the sums */
	bool changed;	       /* since it was read or saved */
};

/* The number of the period that a time lies in; for events with EVENT_AT. */
uint64_t schedule_turn(const struct image_event *event, uint64_t real_ns);
/* Is it due now, when it was made then? Without EVENT_AT a period after that. */
bool schedule_is_due(const struct image_event *event, uint64_t made_ns, uint64_t now_ns);

/* The lock of the folder, under which schedules are open: a descriptor to close, -EBUSY: another
 * drainer has it; other -errno. */
int schedules_lock(const char *state);

void schedule_name(const char *service, const char *label, uint8_t hash[16]);
/* Under the lock. A new one begins now. 0 or -errno, then it is not open. */
int schedule_open(struct schedule *s, const char *state, const uint8_t hash[16], uint64_t now_ns);
/* Writes what changed; 0 or -errno. */
int schedule_save(struct schedule *s);
void schedule_close(struct schedule *s);

/* Adds what the process has counted since it was added last. Measures of one name and kind are one,
 * whichever version of the policy they come from. -ENOSPC: there are too many processes. */
int schedule_add(struct schedule *s, const struct pool *pool, uint64_t lifecycle,
		 const struct measures *measures);

/* The sums so far are those of a turn. */
void schedule_begin(struct schedule *s, const struct pool *pool, uint64_t now_ns);
/* Its event is on the disk, or there is none to make: the next period has begun with that turn. */
void schedule_end(struct schedule *s, uint32_t maker);
/* *total becomes the turn's sum of that measure, over all processes. */
void schedule_total(const struct schedule *s, const struct measures *measures, uint32_t which,
		    uint64_t *total);

/*
 * Takes the lock. A dead drainer's segment holds the event of the turn at that time, in TICK_NS. 1:
 * the turn ends with it; 0: it had; -EEXIST: another drainer has made that event anew; other
 * -errno: not known.
 */
int schedule_settle(const char *state, const uint8_t hash[16], uint64_t turn, uint32_t maker);

#endif
