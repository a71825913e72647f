/*
 * The paths of the collector and what they take and give, as one table.
 */
#ifndef BOOKEND_COLLECTOR_ROUTES_H
#define BOOKEND_COLLECTOR_ROUTES_H

#include "tools/collector/answer.h"
#include "tools/collector/ingest.h"
#include "tools/collector/store.h"

/* What a GET may ask for; NULL where the parameter is missing. */
struct query {
	const char *limit;
	const char *service;
};

struct route {
	const char *path;
	const char *allow; /* its methods, as 405 names them */
	void (*get)(struct store *store, const struct query *query, struct answer *answer);
	ingest_fn json;	  /* what a body of JSON is; NULL: not taken */
	ingest_fn ndjson; /* the same of newline-delimited JSON */
	bool open;	  /* needs no key, says nothing about events */
};

/* NULL: there is no such path. */
const struct route *route_find(const char *path);

/* By the Content-Type's value, which may be NULL. NULL: the route does not take it. */
ingest_fn route_ingest(const struct route *route, const char *content_type);

#endif
