/*
 * The queries of the page, of /v1/events and of the report. Each is prepared, run and finalized in
 * one call: readers come rarely, and a statement left open would keep the WAL from being reused.
 */
#include "tools/collector/store_private.h"

#include <string.h>

#define COLUMNS                                                                                    \
	"number, received, time, pid, id, service, event, kind, session, user, context, "          \
	"properties, source"

static const char latest[] = "SELECT " COLUMNS " FROM events ORDER BY number DESC LIMIT ?1";

static const char latest_of[] =
	"SELECT " COLUMNS " FROM events WHERE service = ?2 ORDER BY number DESC LIMIT ?1";

/*
 * What lifecycles are made of, ordered by service: what has none comes first. An event without a
 * session is a group of its own. Written out for one service and for all, as a condition that
 * covers both would keep SQLite from its indexes.
 */
#define LIFECYCLE_ROWS "SELECT " COLUMNS " FROM events WHERE kind IN ('start', 'stop', 'command')"
#define IN_GROUPS                                                                                  \
	" ORDER BY service, coalesce(session, id), time,"                                          \
	" CASE kind WHEN 'start' THEN 0 WHEN 'stop' THEN 2 ELSE 1 END, number"
#define NEWEST(which)                                                                              \
	" AND session IN (SELECT session FROM (SELECT session FROM events" which                   \
	" ORDER BY number DESC LIMIT ?1))"

static const char sessions[] = LIFECYCLE_ROWS IN_GROUPS;
static const char sessions_of[] = LIFECYCLE_ROWS " AND service = ?2" IN_GROUPS;
static const char newest_sessions[] = LIFECYCLE_ROWS NEWEST("") IN_GROUPS " LIMIT 100 * ?1";
/* The plus keeps SQLite from going through all events of the service. */
static const char newest_sessions_of[] = LIFECYCLE_ROWS
	" AND +service = ?2" NEWEST(" WHERE service = ?2") IN_GROUPS " LIMIT 100 * ?1";

static const char counts[] =
	"SELECT service, count(*), max(time) FROM"
	" (SELECT service, time FROM events ORDER BY number DESC LIMIT ?1) GROUP BY service"
	" ORDER BY 2 DESC, 1";

static const char total_of[] = "SELECT coalesce(max(number), 0) FROM events";

char *store_keep(const char *text)
{
	return text ? strdup(text) : NULL;
}

static const char *text(sqlite3_stmt *statement, int column)
{
	return (const char *)sqlite3_column_text(statement, column);
}

static void give(sqlite3_stmt *statement, store_row_fn each, void *context)
{
	const bool no_pid = sqlite3_column_type(statement, 3) == SQLITE_NULL;
	const struct store_row row = {
		.number = sqlite3_column_int64(statement, 0),
		.received = sqlite3_column_int64(statement, 1),
		.time = sqlite3_column_int64(statement, 2),
		.pid = no_pid ? -1 : sqlite3_column_int64(statement, 3),
		.id = text(statement, 4),
		.service = text(statement, 5),
		.name = text(statement, 6),
		.kind = text(statement, 7),
		.session = text(statement, 8),
		.user = text(statement, 9),
		.context = text(statement, 10),
		.properties = text(statement, 11),
		.source = text(statement, 12),
	};

	each(context, &row);
}

/* Ends a walk: 0 when `result` is that of its last row. */
static int finish(struct store *store, sqlite3_stmt *statement, int result)
{
	const int error = result == SQLITE_DONE ? 0 : store_failed(store, result);

	sqlite3_finalize(statement);
	return error;
}

static int prepare(struct store *store, const char *sql, sqlite3_stmt **into)
{
	const int result = sqlite3_prepare_v2(store->db, sql, -1, into, NULL);

	return result == SQLITE_OK ? 0 : store_failed(store, result);
}

static int give_all(struct store *store, sqlite3_stmt *statement, store_row_fn each, void *context)
{
	int result = sqlite3_step(statement);

	for (; result == SQLITE_ROW; result = sqlite3_step(statement))
		give(statement, each, context);
	return finish(store, statement, result);
}

/* One of the queries that give rows. Its first parameter is a number, its second a service. */
static int ask(struct store *store, const char *sql, unsigned number, const char *service,
	       store_row_fn each, void *context)
{
	sqlite3_stmt *statement;
	const int error = prepare(store, sql, &statement);

	if (error)
		return error;
	if (number)
		sqlite3_bind_int64(statement, 1, number);
	if (service)
		sqlite3_bind_text(statement, 2, service, -1, SQLITE_STATIC);
	return give_all(store, statement, each, context);
}

int store_latest(struct store *store, const char *service, unsigned limit, store_row_fn each,
		 void *context)
{
	return ask(store, service ? latest_of : latest, limit, service, each, context);
}

int store_sessions(struct store *store, const char *service, unsigned newest, store_row_fn each,
		   void *context)
{
	const char *one = newest ? newest_sessions_of : sessions_of;
	const char *all = newest ? newest_sessions : sessions;

	return ask(store, service ? one : all, newest, service, each, context);
}

int store_counts(struct store *store, unsigned newest, store_count_fn each, void *context)
{
	sqlite3_stmt *statement;
	const int error = prepare(store, counts, &statement);

	if (error)
		return error;
	sqlite3_bind_int64(statement, 1, newest);
	int result = sqlite3_step(statement);
	for (; result == SQLITE_ROW; result = sqlite3_step(statement))
		each(context, text(statement, 0), sqlite3_column_int64(statement, 1),
		     sqlite3_column_int64(statement, 2));
	return finish(store, statement, result);
}

int store_total(struct store *store, int64_t *total)
{
	sqlite3_stmt *statement;
	const int error = prepare(store, total_of, &statement);

	if (error)
		return error;
	const int result = sqlite3_step(statement);
	if (result != SQLITE_ROW)
		return finish(store, statement, result);
	*total = sqlite3_column_int64(statement, 0);
	return finish(store, statement, SQLITE_DONE);
}
