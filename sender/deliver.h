/*
 * Delivery: every route's batches out of the spool, one request a route in flight, with retries,
 * bisection of refused batches and back-off. One thread; returns at the deadline or soon after
 * *stop, whatever the network does.
 */
#ifndef BOOKEND_SENDER_DELIVER_H
#define BOOKEND_SENDER_DELIVER_H

#include "base/switches.h"
#include "sender/images.h"
#include "sender/route.h"
#include "sender/spool.h"
#include "sender/stats.h"

#define DELIVER_LOOK_MS 100 /* between two looks at *stop */
#define DELIVER_HOST_MS 10  /* the same in a service, which may wait for us */

struct deliver {
	const struct sender_options *options;
	struct spool *spool;
	struct images *images;
	struct stats *stats;
	struct stopped stopped;
	struct switches switches; /* as they were read last */
	struct {
		bool open;
		void *common;  /* see transport.h */
		uint32_t busy; /* requests under way */
	} transport[TRANSPORTS];
	struct route **route;
	uint32_t routes, route_room;
	uint32_t failures; /* in a row, of the worst destination */
	uint32_t rest_s;   /* the longest Retry-After of a route that is off */
	bool hurry;	   /* no route waits for a full batch */
	/* Called now and then while requests are under way; may be NULL. */
	void (*tick)(void *context);
	void *context;
};

void deliver_open(struct deliver *deliver, const struct sender_options *options,
		  struct spool *spool, struct images *images, struct stats *stats);
void deliver_close(struct deliver *deliver);

/* Sends what the spool holds until all is acknowledged, every route is off, the deadline (boot
 * time) or *stop. */
void deliver_run(struct deliver *deliver, uint64_t deadline_ns);

/* Boot time at which a route that waits may go on; UINT64_MAX: none does. */
uint64_t deliver_next_ns(const struct deliver *deliver);

/* Events that still wait in the held segments. */
uint64_t deliver_waiting(struct deliver *deliver);

/* How long until overdue work may be tried again after so many failures in a row: 30 s, doubling to
 * 1 h. */
uint64_t deliver_backoff_ns(uint32_t failures);
/* The same for this flush as a whole; a receiver's Retry-After counts up to the bound. 0: nothing
 * failed. */
uint64_t deliver_rest_ns(const struct deliver *deliver);

#endif
