#include "tools/collector/routes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/collector/events_json.h"
#include "tools/collector/page.h"

static void give_constant(struct answer *answer, const char *type, const char *text)
{
	answer->status = MHD_HTTP_OK;
	answer->type = type;
	answer->text = strdup(text);
	answer->length = answer->text ? strlen(text) : 0;
}

static void give_health(struct store *store, const struct query *query, struct answer *answer)
{
	(void)store;
	(void)query;
	give_constant(answer, "text/plain; charset=utf-8", "ok\n");
}

static void give_style(struct store *store, const struct query *query, struct answer *answer)
{
	(void)store;
	(void)query;
	give_constant(answer, "text/css; charset=utf-8", page_style());
}

/* Ends what an open_memstream() collected: the answer, or an error in its place. */
static void finish(struct store *store, FILE *out, int error, const char *type,
		   struct answer *answer)
{
	if (!out || fclose(out) != 0)
		error = -ENOMEM;
	answer->status = MHD_HTTP_OK;
	answer->type = type;
	if (error)
		answer_error(answer, MHD_HTTP_INTERNAL_SERVER_ERROR, "cannot read the database: %s",
			     error == -ENOMEM ? "out of memory" : store_trouble(store));
}

static void give_page(struct store *store, const struct query *query, struct answer *answer)
{
	FILE *out = open_memstream(&answer->text, &answer->length);
	const int error = out ? page_write(store, query->service, out) : -ENOMEM;

	finish(store, out, error, "text/html; charset=utf-8", answer);
}

static void give_events(struct store *store, const struct query *query, struct answer *answer)
{
	char *end = NULL;
	const unsigned long limit = query->limit ? strtoul(query->limit, &end, 10) : 100;

	if (limit < 1 || limit > EVENTS_JSON_LIMIT || (end && *end)) {
		answer_error(answer, MHD_HTTP_BAD_REQUEST, "limit: write a number from 1 to %d",
			     EVENTS_JSON_LIMIT);
		return;
	}
	FILE *out = open_memstream(&answer->text, &answer->length);
	const int error =
		out ? events_json_write(store, query->service, (unsigned)limit, out) : -ENOMEM;
	finish(store, out, error, "application/json", answer);
}

static const struct route routes[] = {
	/* The page; and for who posts to the address that `collect` prints, the same as /v1/events.
	 */
	{ .path = "/",
	  .allow = "GET, HEAD, POST",
	  .get = give_page,
	  .json = ingest_json,
	  .ndjson = ingest_ndjson },
	{ .path = "/style.css", .allow = "GET, HEAD", .get = give_style, .open = true },
	{ .path = "/healthz", .allow = "GET, HEAD", .get = give_health, .open = true },
	{ .path = "/v1/events",
	  .allow = "GET, HEAD, POST",
	  .get = give_events,
	  .json = ingest_json,
	  .ndjson = ingest_ndjson },
	{ .path = "/v1/ndjson", .allow = "POST", .json = ingest_ndjson, .ndjson = ingest_ndjson },
	{ .path = "/v1/track", .allow = "POST", .json = ingest_segment_track },
	{ .path = "/v1/batch", .allow = "POST", .json = ingest_segment_batch },
};

const struct route *route_find(const char *path)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(*routes); i++)
		if (strcmp(routes[i].path, path) == 0)
			return &routes[i];
	return NULL;
}

ingest_fn route_ingest(const struct route *route, const char *content_type)
{
	const size_t length = content_type ? strcspn(content_type, "; \t") : 0;
	const struct {
		const char *type;
		ingest_fn ingest;
	} types[] = { { "application/json", route->json },
		      { "application/x-ndjson", route->ndjson },
		      { "application/ndjson", route->ndjson } };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strlen(types[i].type) == length &&
		    strncasecmp(types[i].type, content_type, length) == 0)
			return types[i].ingest;
	return NULL;
}
