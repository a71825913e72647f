/*
 * What a drainer works with, opened and closed together, and the two halves of its work: out of the
 * pool, and out of the house. sender.c drives it for tools and helpers, thread.c in a service. One
 * thread.
 */
#ifndef BOOKEND_SENDER_FLUSH_H
#define BOOKEND_SENDER_FLUSH_H

#include "base/pool.h"
#include "sender/deliver.h"
#include "sender/drain.h"

struct flush {
	const struct sender_options *options;
	uint64_t deadline_ns; /* boot time */
	bool has_pool;
	struct pool pool;
	struct spool spool;
	struct images images;
	struct stats stats;
	struct drain drain;
	struct deliver deliver;
	struct drain_result found;
	uint64_t drained_ns;
	int error; /* of the last drain */
};

/* 0, or -errno: then nothing is open. Without a pool there may still be segments to deliver. */
int flush_open(struct flush *flush, const struct sender_options *options);
void flush_close(struct flush *flush);

/* Is there a pool to be opened, when there was none? */
bool flush_pool_is_there(const struct flush *flush);

/* *stop is set, or the deadline has come. */
bool flush_stopped(const struct flush *flush);

/* Tells starting programs that a drainer is at work, and until when to believe it; or that it is
 * not. Not for one that drains for a single service. */
void flush_announce(struct flush *flush, bool at_work);

/* A pass over the pool into the spool. */
void flush_drain(struct flush *flush);
/* Applies the spool's bounds, and sends. */
void flush_deliver(struct flush *flush);

#endif
