/*
 * Late evaluation: what a drainer makes of a recorded process, by the policy image it was recorded
 * under. The image is whole in the caller's memory and was checked by image_open(). Everything is
 * written into the caller's arena; results point into it and hold until the next call. I/O is
 * reading the files that the policy names, for a process of the drainer's own user; ids and probes
 * come through callbacks. One thread.
 */
#ifndef BOOKEND_POLICY_LATE_H
#define BOOKEND_POLICY_LATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/drain_claim.h"
#include "base/identity.h"
#include "base/pool_format.h"
#include "policy/late_destination.h"

#define LATE_ARENA (1024 * 1024) /* a few probes that say all they may */

struct image;	   /* policy/image.h */
struct late_probe; /* policy/late_probe.h */
struct eval_id;	   /* policy/eval.h */
struct measures;   /* policy/measures.h */

enum late_moment { LATE_START, LATE_STOP, LATE_CALL, LATE_TICK };

/* A call that a hook recorded, copied out of the ring: 8-byte aligned. */
struct late_call {
	const struct call_record *record; /* policy/call_format.h, its items behind it */
	uint32_t bytes;			  /* of both */
	uint64_t position;		  /* in the ring */
	uint64_t real_ns, boot_ns;
};

/* A schedule's turn: `every`, `change` or `file` of one event. */
struct late_tick {
	uint32_t event;	 /* its number in the image */
	uint64_t number; /* of the tick, never given twice: ids depend on it */
	uint64_t real_ns, boot_ns;
	/* Of a schedule per installation: in place of pool id and lifecycle in ids; else NULL. */
	const uint8_t *key;
};

/* What lasts longer than a process, by the service's name. Texts are JSON and hold until the moment
 * is over. */
struct late_state {
	/* NULL: never remembered. */
	const char *(*remembered)(void *context, const char *service, const char *name);
	/* Takes effect for what is made behind this moment. */
	void (*remember)(void *context, const char *service, const char *name, const char *json,
			 size_t length);
	void *context;
};

struct late_process {
	const struct image *image;
	const struct start_block *start;
	const uint8_t *snapshot;       /* start->payload bytes, already checked */
	const struct stop_facts *stop; /* at LATE_STOP */
	const struct late_call *call;  /* at LATE_CALL */
	const struct late_tick *tick;  /* at LATE_TICK */
	const char *frames;	       /* where it aborted, a line each; NULL: unknown */
	const uint8_t *pool_id;
	uint64_t lifecycle;
	/* What its counters say; NULL: it has none. */
	const struct measures *measures;
	/* Makes of a total what came since the event was last made; NULL: everything. */
	void (*since)(void *context, uint32_t event, uint32_t measure, uint64_t *total);
	void *since_context;
	const struct late_state *state; /* NULL: nothing is remembered */
	/* The id called for: 0 and text in `into`, or -errno: absent. */
	int (*id)(void *context, const struct eval_id *id, char *into, size_t capacity);
	void *context;
	/* A command or a request: bytes in `into`, or -errno: absent. NULL: all are absent. */
	int (*probe)(void *context, const struct late_probe *probe, char *into, size_t capacity);
	void *probe_context;
	/* The machine's id, or its processor: 0 and text in `into`, or -errno. NULL: absent. */
	int (*host)(bool cpu, char *into, size_t capacity);
	bool untrusted; /* it had changed its credentials by then: no probe, no file */
	bool mask;	/* secret sources read "(secret)": for what is shown to people */
};

/* One destination of one event, evaluated with this process's values. */
struct late_route {
	uint32_t destination; /* number in the image */
	const char *url;
	const char *key;     /* "" when there is none; a secret */
	const char *headers; /* "Name: value\n" each; "" when there are none; may hold secrets */
	const char *each;    /* JSON, NULL: the destination has none */
};

/* A destination whose consent said no. */
struct late_refusal {
	uint32_t destination;
	bool asked; /* outside, by `get`: then it speaks of all that waits for it */
};

struct late_event {
	uint32_t number; /* of the event in the image */
	struct identity id;
	uint64_t time_ns; /* real time */
	const char *name;
	const char *service;
	const char *kind; /* start, stop, command, child, worker, call, interval, change */
	char session[IDENTITY_TEXT];
	uint32_t pid;
	const char *user;	/* NULL: absent */
	const char *context;	/* a JSON object, NULL: absent */
	const char *properties; /* a JSON object, "{}" when there are none */
	const struct late_route *routes;
	uint32_t route_count; /* 0: every destination of it is off */
	const char *secrets;  /* values in it that are not to be shown, a line each; NULL: none */
	const struct late_refusal *refusals;
	uint32_t refusal_count;
};

/*
 * Calls emit once for each event that the moment makes, in the policy's order; of a call or a tick
 * only its own event, once for each item of its for_each. 0, or -errno:
 * -ENOBUFS when an event did not fit into the arena (it is left out, counted in *left_out),
 * -EBADMSG for an inconsistent image or snapshot.
 */
int late_events(const struct late_process *process, enum late_moment moment, void *arena,
		size_t arena_bytes, int (*emit)(void *context, const struct late_event *event),
		void *context, uint32_t *left_out);

/*
 * Where the image lay that a process was decided by: the path in its snapshot, NULL when there is
 * none. Points into the snapshot. The file there may be a newer one by now: compare its hash with
 * start->image.
 */
const char *late_image_path(const uint8_t *snapshot, uint32_t bytes);

/* For reports: the name of a service, NULL when there is no such number. */
const char *late_service(const struct image *image, uint32_t number);

#endif
