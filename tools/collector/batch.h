/*
 * What one request brought: events in the collector's one shape, whatever format they came in. An
 * ingest_*.c fills a batch, the writer stores it, then it is freed; one thread at a time owns it.
 */
#ifndef BOOKEND_COLLECTOR_BATCH_H
#define BOOKEND_COLLECTOR_BATCH_H

#include <jansson.h>
#include <stdint.h>

#include "base/identity.h"

#define BATCH_EVENTS 10000 /* of one request, at most */
#define BATCH_TEXT   4096  /* bytes of a name, service, session, user, at most */
#define BATCH_ID     256   /* bytes of an id, at most */

/* Texts point into the batch's JSON, or belong to the batch. NULL: not known. */
struct event {
	const char *id;	  /* never NULL */
	const char *name; /* never NULL */
	const char *service;
	const char *kind;
	const char *session;
	const char *user;
	char *context;	  /* a JSON object */
	char *properties; /* a JSON object */
	int64_t time;	  /* moment.h */
	int64_t pid;	  /* -1: not known */
	char made_id[IDENTITY_TEXT];
};

struct batch {
	const char *source; /* "segment" or "native": a constant */
	json_t *json;
	struct event *events;
	uint32_t count;
	size_t bytes; /* of the body it was made from: what it counts in queues */
};

/* Why a body was refused: what is wrong, and where. Line and column are 0 where they are not known.
 */
struct complaint {
	char what[160];
	char where[160]; /* a path such as batch[3].timestamp, or "" */
	int line;
	int column;
};

void complain(struct complaint *complaint, const char *where, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

void batch_free(struct batch *batch);

/* Parsing as everywhere in the collector: no duplicate keys, bounded depth. NULL with a complaint.
 */
json_t *batch_parse(const char *body, size_t length, struct complaint *complaint);

/* Room for count events, zeroed; takes ownership of json also when it fails. -E2BIG, -ENOMEM with a
 * complaint. */
int batch_begin(struct batch *batch, json_t *json, size_t count, const char *source,
		struct complaint *complaint);

/*
 * Readers of one member of an object, for both formats; 0 when it is absent or null, -EINVAL with a
 * complaint when it is of another type or too long. `where` is the object's path.
 */
int batch_text(const json_t *object, const char *key, size_t limit, const char *where,
	       const char **into, struct complaint *complaint);
int batch_object(const json_t *object, const char *key, const char *where, char **into,
		 struct complaint *complaint);
int batch_time(const json_t *object, const char *key, const char *where, int64_t *into,
	       struct complaint *complaint);

/* The event's own id, or one made from its content, so that a repeat has the same. */
int batch_id(const json_t *object, const char *key, const char *where, struct event *event,
	     struct complaint *complaint);

#endif
