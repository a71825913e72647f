/*
 * One spool segment: a file that its owner holds by flock for as long as the struct lives. Records
 * are gathered in memory and written in one step, so that a full disk never leaves half a pass
 * behind. One thread. Errors are -errno.
 */
#ifndef BOOKEND_SENDER_SEGMENT_H
#define BOOKEND_SENDER_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "sender/event.h"
#include "sender/record.h"

struct segment_route {
	uint32_t destination;
	char *url;
	char *key;
	char *headers;
	uint64_t acked; /* file offset */
};

/* An event of a loaded segment. */
struct segment_item {
	const uint8_t *payload; /* for event_unpack() */
	uint32_t length;
	uint64_t end;	 /* file offset behind it */
	uint64_t routes; /* 0: voided */
	bool off;	 /* its service is switched off: it goes nowhere (deliver.c) */
	uint64_t done;	 /* routes that are done with its process: it does not go there */
	uint64_t lifecycle;
	uint32_t moment;
};

struct segment {
	int file;
	int folder; /* descriptor of its folder, the spool's */
	char name[64];
	uint32_t drainer; /* from the name, when it was opened */
	uint8_t image[16];
	uint8_t pool_id[16];
	uint64_t created_ns;
	bool full;	       /* its routes are too many for another process's */
	uint64_t end;	       /* bytes in the file; everything before is whole */
	uint64_t damaged;      /* bytes cut off when it was opened, behind which lay more */
	struct buffer pending; /* records to be written at end */
	/* What the first write wrote, so long as there was no second: spares reading it back. */
	struct buffer own;
	uint32_t pending_routes; /* of `routes`: the last so many are defined in pending */
	struct segment_route route[SPOOL_ROUTES];
	uint32_t routes;
	/* While loaded. */
	uint8_t *bytes;
	uint64_t base;	 /* file offset of bytes: 0, or they are what was `own` */
	uint64_t loaded; /* file offset up to which it was loaded */
	struct segment_item *item;
	uint32_t items;
};

/* A new file of that name, synced with its folder; locked. -EAGAIN: an adopter removed it
 * meanwhile, take another name. */
int segment_create(int folder, const char *name, const uint8_t image[16], const uint8_t pool_id[16],
		   uint64_t real_ns, struct segment **into);
/*
 * -EBUSY: its owner lives. -ENOENT: gone meanwhile. -EBADMSG: not a segment; put aside as
 * NAME.damaged. A torn tail is cut.
 */
int segment_open(int folder, const char *name, struct segment **into);
/*
 * For looking only, whoever owns it: no lock, nothing is cut. Loaded; close it with
 * segment_close(). -errno as above.
 */
int segment_peek(int folder, const char *name, struct segment **into);
/* Gives the file a name of the new owner. -EEXIST: somebody's already. */
int segment_rename(struct segment *s, const char *name);
/* Closes and frees; the file stays for the next owner. */
void segment_close(struct segment *s);
/* The same, and the file goes. */
void segment_delete(struct segment *s);

/* The number of that route, defined when it is new. -E2BIG: SPOOL_ROUTES are taken; -ENOMEM. */
int segment_route(struct segment *s, const struct late_route *route);
void segment_add_event(struct segment *s, const struct event *event);
/* With what its routes get of it: theirs of `route`, whose numbers segment_route() gave. */
void segment_add_event_each(struct segment *s, const struct event *event,
			    const struct late_route *route, const uint32_t *number,
			    uint32_t routes);
void segment_add_mark(struct segment *s, enum spool_kind kind, const struct spool_mark *mark);
void segment_add_state(struct segment *s, uint64_t lifecycle, uint32_t moment, const char *service,
		       const char *name, const char *json);
/* Forgets what was added since `length` of s->pending. */
void segment_cut_pending(struct segment *s, size_t length, uint32_t routes);
/* Writes what is pending; durable: and waits for the disk. On failure the file is cut back and
 * nothing is pending. */
int segment_write(struct segment *s, bool durable);

/* Reads the file and lists its events, voided ones with no routes. Does nothing when it is loaded.
 */
int segment_load(struct segment *s);
void segment_unload(struct segment *s);
/* Calls mark() for each end mark that no void mark follows. Loads. */
int segment_each_end(struct segment *s, void (*mark)(void *context, const struct spool_mark *mark),
		     void *context);

/* Calls state() for what that moment remembers. Loads. The texts are the callee's for the call. */
int segment_each_state(struct segment *s, uint64_t lifecycle, uint32_t moment,
		       void (*state)(void *context, const char *service, const char *name,
				     const char *json, size_t length),
		       void *context);

/* Everything before offset is dealt with on that route. */
int segment_acknowledge(struct segment *s, uint32_t route, uint64_t offset);
/* Does this event of a loaded segment still wait for somebody? */
bool segment_item_waits(const struct segment *s, const struct segment_item *item);
/* All routes have everything. */
bool segment_finished(const struct segment *s);

#endif
