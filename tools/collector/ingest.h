/*
 * Bodies in, events out: one function for each format that is accepted. All or nothing: 0, or
 * -errno and a complaint that says what is wrong and where. received: the moment that stands in for
 * a missing time. Any thread.
 */
#ifndef BOOKEND_COLLECTOR_INGEST_H
#define BOOKEND_COLLECTOR_INGEST_H

#include "tools/collector/batch.h"

typedef int (*ingest_fn)(const char *body, size_t length, int64_t received, struct batch *into,
			 struct complaint *complaint);

/* Segment's HTTP API (segment.com/docs/connections/sources/catalog/libraries/server/http-api): one
 * track call, or a batch. */
int ingest_segment_track(const char *body, size_t length, int64_t received, struct batch *into,
			 struct complaint *complaint);
int ingest_segment_batch(const char *body, size_t length, int64_t received, struct batch *into,
			 struct complaint *complaint);

/* Bookend's native event (docs/formats.md): one, an array, or one a line. */
int ingest_json(const char *body, size_t length, int64_t received, struct batch *into,
		struct complaint *complaint);
int ingest_ndjson(const char *body, size_t length, int64_t received, struct batch *into,
		  struct complaint *complaint);

#endif
