/*
 * A route: one destination with the URL and key that some processes gave it. It holds the way
 * through the loaded segments, the batch that is under way, and how the receiver has behaved so far
 * in this flush. deliver.c drives it. One thread.
 */
#ifndef BOOKEND_SENDER_ROUTE_H
#define BOOKEND_SENDER_ROUTE_H

#include "policy/image.h"
#include "sender/encode.h"
#include "sender/segment.h"
#include "sender/stats.h"
#include "sender/stopped.h"
#include "sender/transport.h"

/* One segment's part of the way. */
struct route_leg {
	struct segment *segment;
	uint32_t number; /* of the route in that segment */
};

struct route_cursor {
	uint32_t leg;
	uint32_t item;
};

struct route {
	uint8_t image[16];
	const struct image *from; /* that image */
	uint32_t destination;
	char *url; /* as in the segments */
	char *key;
	char *headers;
	char *endpoint;	 /* where requests go */
	char label[200]; /* for people: no key, no query, no user */
	struct late_destination to;
	const struct encoder *encoder;
	const struct transport *transport;
	struct route_leg *leg;
	uint32_t legs, leg_room;
	struct route_cursor at; /* the first event not dealt with */
	/* The batch. */
	bool busy;
	struct route_cursor batch_end;
	struct buffer body;
	size_t events_at; /* where the first event stands in it */
	struct buffer scratch;
	struct buffer secrets; /* of its events, a line each */
	struct transport_part *part;
	uint32_t parts, part_room;
	struct transport_request request;
	/* After a 400, 413 or 422: halves, until the culprit stands alone. */
	uint32_t limit;	    /* events of the next batch at most, 0: as the destination says */
	uint32_t suspects;  /* events among which it is */
	uint32_t ceiling;   /* after a 413: batches of this flush stay this small, 0: none yet */
	uint64_t since_ns;  /* boot time from which its first event waits for a full batch, 0: none
			       does */
	uint64_t stopped;   /* likewise since the route is done with their process */
	uint64_t discarded; /* events passed by since they are off; deliver.c counts and clears */
	bool resting;	    /* until the next look: it waits for a full batch */
	/* Trouble. */
	uint32_t tries;		/* of this batch */
	uint32_t failed;	/* requests in a row, in this flush */
	uint64_t first_try_ns;	/* boot time */
	uint64_t not_before_ns; /* boot time of the next try */
	bool off;		/* nothing more in this flush */
	uint64_t off_until_ns;	/* boot time; for a drainer that follows */
};

/* -ENOENT: the image has no such destination; -EPROTONOSUPPORT: nothing can send to that URL;
 * -ENOMEM. */
int route_new(const struct image *image, const struct segment *segment, uint32_t number,
	      struct route **into);
void route_free(struct route *route, void *common);
bool route_is(const struct route *route, const struct segment *segment, uint32_t number);

int route_add_leg(struct route *route, struct segment *segment, uint32_t number);
/* Acknowledges what is behind us and forgets the legs. */
void route_end_legs(struct route *route);

/*
 * Fills the batch from `at`. The number of its events; 0: nothing is left. Events over the
 * receiver's size limit are handed to refuse(), which keeps them aside, and passed over.
 */
uint32_t route_fill(struct route *route,
		    void (*refuse)(void *context, struct route *route, const struct event *event,
				   const char *why),
		    void *context);
/* The batch is dealt with: acknowledges it in its segments and moves on. */
void route_advance(struct route *route);
/* The only event of a batch of one. */
int route_only(const struct route *route, struct event *into);
bool route_has_more(struct route *route);
/* Does its destination have a `stop`? */
bool route_stops(const struct route *route);
/* Passes by the events of the processes that it is done with: those of this leg, or of all. */
void route_mark_stopped(struct route *route, struct route_leg *leg, const struct stopped *stopped);
/* It is done with the processes whose events are in the batch. */
void route_stop_batch(struct route *route, struct stopped *stopped);
/* Is the batch only as long as what there is, and could grow? */
bool route_could_grow(const struct route *route);

#endif
