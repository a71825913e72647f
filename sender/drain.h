/*
 * Draining: what the hot pool holds, evaluated and moved into this drainer's own segments. A pass
 * claims, copies, evaluates and appends slot by slot, then waits for the disk once and commits the
 * claims. One thread.
 */
#ifndef BOOKEND_SENDER_DRAIN_H
#define BOOKEND_SENDER_DRAIN_H

#include "base/drain_claim.h"
#include "base/ring.h"
#include "policy/measures.h"
#include "sender/baseline.h"
#include "sender/ids.h"
#include "sender/images.h"
#include "sender/probes.h"
#include "sender/memory.h"
#include "sender/schedule_set.h"
#include "sender/spool.h"
#include "sender/stats.h"

#define DRAIN_HELD 2048 /* claims that wait for one commit, at most: a usual pool at once */

#define DRAIN_RECORD (RING_PAYLOAD_MAX + sizeof(struct ring_record))

/* Between start and stop: drain_steps.h. As in its mark (struct spool_mark). */
struct drain_step {
	uint32_t moment;
	uint32_t damaged; /* records of the ring */
	uint64_t from, to, more;
};

/* A schedule per installation whose time has come, with all that its event needs. */
struct drain_due {
	uint32_t event;
	const struct image *image;
	struct start_block start;
	uint8_t *payload;
	struct slot_ref ref;
};

/* A claim whose records are in a segment's pending bytes. */
struct drain_held {
	struct drain_claim claim;
	struct segment *segment; /* NULL: nothing was written for it */
	unsigned moments;	 /* DRAIN_DONE_... */
	uint32_t events;
	uint32_t step, steps; /* the first of drain->step, and how many */
	bool written;
};

/* A destination of an image whose consent, asked outside, said no: what waits for it is erased. */
struct drain_refusal {
	uint8_t image[16];
	uint32_t destination;
};

#define DRAIN_REFUSALS 64

struct drain_group; /* sender/drain_group.h */

struct drain {
	const struct sender_options *options;
	struct pool *pool;
	struct spool *spool;
	struct images *images;
	struct ids ids;
	struct probes probes;
	struct memory memory;
	struct baselines baselines;
	struct stats *stats;
	uint32_t number; /* this drainer's */
	void *arena;
	uint8_t *payload;
	uint32_t payload_bytes;
	struct drain_held *held;
	uint32_t count;
	struct drain_refusal refusal[DRAIN_REFUSALS]; /* until drain_erase() */
	uint32_t refusals;
	size_t bytes;	   /* pending since the last commit */
	uint64_t since_ns; /* boot time of the first held claim */
	/* While a moment is evaluated. */
	struct segment *segment;
	unsigned moment;
	uint32_t events;
	uint64_t lifecycle;
	int error;
	/* While a probe runs: the claim at hand, when the leases were renewed, and what else is to
	 * be done now and then (may be NULL). */
	struct drain_claim *claim;
	uint64_t renewed_ns;
	void (*tick)(void *context);
	void *context;
	const struct drain_group *group;
	struct measures *measures; /* of the group's slot; NULL: none */
	struct measures measures_memory;
	struct ring_record *record; /* DRAIN_RECORD bytes */
	const struct late_call *call;
	const struct late_tick *turn; /* of a schedule */
	uint32_t tick_event;
	uint64_t tick_word;	       /* the one that is about to be made */
	const struct schedule *shared; /* while the event of one is made */
	struct drain_step *step;
	uint32_t steps, step_room;
	struct drain_due *due;
	uint32_t dues, due_room;
	struct schedule_set schedules;
	struct drain_seen *seen; /* drain_schedules.c */
	uint32_t seens, seen_room;
};

/* What a pass found, and could not or need not move. */
struct drain_result {
	uint64_t living;  /* slots whose process lives */
	uint64_t waiting; /* dead, but a waiter or an heir may still say more */
	uint64_t busy;	  /* held by another drainer */
	uint64_t stuck;	  /* their image is missing */
};

int drain_open(struct drain *drain, const struct sender_options *options, struct pool *pool,
	       struct spool *spool, struct images *images, struct stats *stats);
void drain_close(struct drain *drain);

/* One pass over the pool. 0, or -errno of the spool: then what could not be moved stays in its
 * slots. */
int drain_pass(struct drain *drain, struct drain_result *result);

/* Erases from the held segments what a consent has forbidden meanwhile. Not while they are being
 * delivered. */
void drain_erase(struct drain *drain);

/* spool.settle: commits, on behalf of a dead drainer, the claims whose records are whole in its
 * segment. */
void drain_settle(void *drain, struct segment *segment, uint32_t drainer);

#endif
