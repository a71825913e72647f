/*
 * The one thread that writes. Requests queue their batches; the thread takes all that wait, stores
 * them in one transaction (group commit: one sync for many requests), and tells each how it went.
 * Bounded in jobs and bytes.
 */
#ifndef BOOKEND_COLLECTOR_WRITER_H
#define BOOKEND_COLLECTOR_WRITER_H

#include "tools/collector/batch.h"
#include "tools/collector/store.h"

struct writer;

/* In the memory of whoever asks, untouched by it between writer_push() and done(). */
struct writer_job {
	struct batch batch; /* the writer frees what is in it before done() */
	int64_t received;
	void (*done)(struct writer_job *job); /* in the writer's thread */
	/* Results: */
	int error; /* 0: committed; -errno: nothing of it was stored, try again later */
	uint32_t events;
	uint32_t fresh;		 /* the others were repeats */
	struct writer_job *next; /* the writer's */
};

/* The store stays the caller's, to be closed after writer_stop(). trouble: one line for the log, in
 * the writer's thread. */
int writer_start(struct store *store, void (*trouble)(const char *line), struct writer **into);
/* 0, or -EAGAIN: the queue is full. A batch larger than the bound is taken when nothing else waits.
 */
int writer_push(struct writer *writer, struct writer_job *job);
/* Stores what waits, ends the thread and frees. Nobody may push any more. */
void writer_stop(struct writer *writer);

#endif
