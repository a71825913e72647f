/*
 * The collector's database: one table in a SQLite file in WAL mode. One connection writes (the
 * writer's thread) and syncs at each commit; any number read, each with a store of its own. A store
 * belongs to one thread at a time.
 *
 * Functions return 0 or -errno; store_trouble() says the rest. -ENOSPC: the disk is full. -EBADMSG:
 * no database, a damaged one, or one of a newer collector. Text handed to callbacks holds during
 * the call only; NULL: not known.
 */
#ifndef BOOKEND_COLLECTOR_STORE_H
#define BOOKEND_COLLECTOR_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/collector/batch.h"

struct store;

enum store_mode { STORE_READ, STORE_WRITE, STORE_MEMORY };

/* *into is set even on failure, unless memory ran out (-ENOMEM): for store_trouble(), and
 * store_close() is due. */
int store_open(const char *path, enum store_mode mode, struct store **into);
void store_close(struct store *store); /* NULL is let pass; a writer moves the WAL into the file */
const char *store_trouble(const struct store *store);

int store_begin(struct store *store);
/* *fresh counts the events that were not there before; the others are repeats and change nothing.
 */
int store_insert(struct store *store, const struct batch *batch, int64_t received, uint32_t *fresh);
int store_commit(struct store *store);
void store_rollback(struct store *store);

struct store_row {
	int64_t number; /* in order of arrival */
	int64_t received, time;
	int64_t pid; /* -1: not known */
	const char *id, *service, *name, *kind, *session, *user, *context, *properties, *source;
};
/* A copy of one of a row's texts, to be freed; NULL stays NULL, and is also what a lack of memory
 * gives. */
char *store_keep(const char *text);
typedef void (*store_row_fn)(void *context, const struct store_row *row);

/* The newest first; service NULL: of all. */
int store_latest(struct store *store, const char *service, unsigned limit, store_row_fn each,
		 void *context);
/*
 * Starts, stops and commands, grouped by service and session, each group in order of time, starts
 * before and stops behind what happened at the same moment. newest: only of the sessions that the
 * last so many events of the service belong to, 0: all.
 */
int store_sessions(struct store *store, const char *service, unsigned newest, store_row_fn each,
		   void *context);

typedef void (*store_count_fn)(void *context, const char *service, int64_t events, int64_t last);
/* By service, of the last `newest` events. */
int store_counts(struct store *store, unsigned newest, store_count_fn each, void *context);
/* Events in all. */
int store_total(struct store *store, int64_t *total);

#endif
