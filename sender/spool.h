/*
 * The spool of one drainer: the segments it holds, those of dead drainers that it adopted, the
 * bounds. It looks into both folders (disk, and tmpfs for when the disk can not be written) and
 * writes into one. One thread.
 */
#ifndef BOOKEND_SENDER_SPOOL_H
#define BOOKEND_SENDER_SPOOL_H

#include "base/pool.h"
#include "sender/segment.h"
#include "sender/sender.h"
#include "sender/spool_folder.h"

#define SPOOL_HELD 200 /* segments, and so descriptors, at most */
#define SPOOL_DEAD 64

struct spool {
	const struct sender_options *options;
	struct spool_place place;
	int folder[2]; /* descriptors: state, fallback; -1 */
	bool on_tmpfs; /* writes go to the fallback */
	uint32_t drainer;
	uint32_t next; /* number of the next segment */
	uint8_t pool_id[16];
	struct segment *held[SPOOL_HELD]; /* oldest first */
	uint32_t count;
	uint32_t dead[SPOOL_DEAD]; /* drainers known to be dead, newest last */
	uint32_t dead_count;
	/* Called for a segment just adopted, before it counts as ours: settles its claims in the
	 * pool. */
	void (*settle)(void *context, struct segment *segment, uint32_t drainer);
	void *context;
};

/* pool may be NULL: old segments only. -errno when neither folder can be used. */
int spool_open(struct spool *spool, const struct sender_options *options, const struct pool *pool,
	       uint32_t drainer);
void spool_close(struct spool *spool);

/*
 * Takes over what dead drainers of any pool left. The number of segments. Call it before draining:
 * it also tells which drainers are dead.
 */
uint32_t spool_adopt(struct spool *spool);
/* Is that drainer of this pool known to be dead? Adopts what it left. */
bool spool_drainer_dead(struct spool *spool, uint32_t drainer);
/* Adopts what that drainer of this pool left; how many segments it still has. */
uint32_t spool_left_by(struct spool *spool, uint32_t drainer);

/* The segment to append events of that image to, made when there is none. Falls back to tmpfs when
 * the disk refuses. */
int spool_segment(struct spool *spool, const uint8_t image[16], struct segment **into);
/* After a failed segment_write(): true when the next spool_segment() will use another folder. */
bool spool_fall_back(struct spool *spool, int error);

/* Deletes segments that are finished. */
void spool_retire(struct spool *spool);

#endif
