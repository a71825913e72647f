/*
 * Schedules per installation: once in a period over restarts and any number of processes. A file of
 * the state directory for each such event, schedules/HASH, under a lock while it is looked at and
 * changed: when the event was made last, what the measures of all processes have counted since,
 * and how much of each process is in that already, so that nothing counts twice whoever is killed.
 * One thread.
 */
#ifndef BOOKEND_SENDER_SCHEDULE_H
#define BOOKEND_SENDER_SCHEDULE_H

#include "policy/image.h"
#include "policy/measures.h"

struct schedule {
	int lock; /* of the folder; -1: not open */
	char path[1200];
	uint8_t key[16];  /* random: that of its events' ids */
	uint64_t made_ns; /* real time; at first, when it was first looked at */
	uint32_t words;	  /* of all measures of the service */
	uint64_t *sum;	  /* of all processes since then */
	uint8_t *counted; /* records of pool, lifecycle and totals: what of each is in the sum */
	uint32_t processes;
};

/* The number of the period that a time lies in; for events with EVENT_AT. */
uint64_t schedule_turn(const struct image_event *event, uint64_t real_ns);
/* Is it due now, when it was made then? Without EVENT_AT a period after that. */
bool schedule_is_due(const struct image_event *event, uint64_t made_ns, uint64_t now_ns);

/* Locks and reads; a new one begins now. measures: of a process of the service, or NULL. 0, -EBUSY:
 * another drainer is at it; other -errno. */
int schedule_open(struct schedule *s, const char *state, const char *service, const char *label,
		  const struct measures *measures, uint64_t now_ns);
/* Adds what the process has counted since it was added last. */
int schedule_add(struct schedule *s, const uint8_t pool_id[16], uint64_t lifecycle,
		 const struct measures *measures);
/* Forgets the processes that no longer are in the pool that is there now. */
void schedule_forget(struct schedule *s, const struct pool *pool);
/* The event was made: the next period begins, with nothing counted. */
void schedule_made(struct schedule *s, uint64_t now_ns);
/* Writes it; 0 or -errno. */
int schedule_save(struct schedule *s);
void schedule_close(struct schedule *s);

/* *total becomes the sum of that measure over all processes. */
void schedule_total(const struct schedule *s, const struct measures *measures, uint32_t which,
		    uint64_t *total);

#endif
