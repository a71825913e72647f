/*
 * Opening and writing. store_read.c reads.
 */
#include "tools/collector/store.h"

#include "tools/collector/store_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORE_VERSION 1

static const char schema[] = "CREATE TABLE IF NOT EXISTS events ("
			     " number INTEGER PRIMARY KEY," /* in order of arrival, without gaps */
			     " id TEXT NOT NULL UNIQUE,"
			     " received INTEGER NOT NULL," /* microseconds since 1970, like time */
			     " time INTEGER NOT NULL,"
			     " service TEXT,"
			     " event TEXT NOT NULL,"
			     " kind TEXT,"
			     " session TEXT,"
			     " pid INTEGER,"
			     " user TEXT,"
			     " context TEXT,"
			     " properties TEXT NOT NULL,"
			     " source TEXT NOT NULL);"
			     "CREATE INDEX IF NOT EXISTS events_session ON events (session, kind);"
			     "CREATE INDEX IF NOT EXISTS events_service ON events (service);"
			     "PRAGMA user_version = 1";

static const char insert[] =
	"INSERT INTO events (id, received, time, service, event, kind, session, pid, user, context,"
	" properties, source) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
	" ON CONFLICT (id) DO NOTHING";

int store_failed(const struct store *store, int result)
{
	const int code = store && store->db ? sqlite3_extended_errcode(store->db) : result;

	if (code == SQLITE_IOERR_SHMSIZE)
		return -ENOSPC; /* the WAL's index could not grow */
	switch (result & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CANTOPEN:
		return -ENOENT;
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

const char *store_trouble(const struct store *store)
{
	if (store->trouble[0])
		return store->trouble;
	return store->db ? sqlite3_errmsg(store->db) : "out of memory";
}

static int run(struct store *store, const char *sql)
{
	const int result = sqlite3_exec(store->db, sql, NULL, NULL, NULL);

	return result == SQLITE_OK ? 0 : store_failed(store, result);
}

/* The schema's version of the file, -errno. */
static int version_of(struct store *store)
{
	sqlite3_stmt *statement;
	int result = sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &statement, NULL);

	if (result != SQLITE_OK)
		return store_failed(store, result);
	result = sqlite3_step(statement);
	const int version = result == SQLITE_ROW ? sqlite3_column_int(statement, 0)
						 : store_failed(store, result);
	sqlite3_finalize(statement);
	return version;
}

static int check_version(struct store *store, enum store_mode mode)
{
	const int version = version_of(store);

	if (version < 0 || version == STORE_VERSION || (version == 0 && mode != STORE_READ))
		return version < 0 ? version : 0;
	snprintf(store->trouble, sizeof(store->trouble),
		 version == 0 ? "it is not a collector's database"
			      : "it was made by a newer collector (format %d, this one knows %d)",
		 version, STORE_VERSION);
	return -EBADMSG;
}

static int set_up_writing(struct store *store)
{
	int error = run(store, "PRAGMA journal_mode = WAL");

	if (!error)
		error = run(store, "PRAGMA synchronous = FULL");
	if (!error)
		error = run(store, "BEGIN IMMEDIATE");
	if (!error)
		error = run(store, schema);
	if (!error)
		error = run(store, "COMMIT");
	if (error)
		return error;
	const int result = sqlite3_prepare_v3(store->db, insert, -1, SQLITE_PREPARE_PERSISTENT,
					      &store->insert, NULL);
	return result == SQLITE_OK ? 0 : store_failed(store, result);
}

int store_open(const char *path, enum store_mode mode, struct store **into)
{
	const int flags = mode == STORE_READ ? SQLITE_OPEN_READONLY
					     : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	struct store *store = calloc(1, sizeof(*store));

	if (!store)
		return -ENOMEM;
	*into = store;
	store->writes = mode == STORE_WRITE;
	const int result = sqlite3_open_v2(mode == STORE_MEMORY ? ":memory:" : path, &store->db,
					   flags | SQLITE_OPEN_NOMUTEX, NULL);
	if (result != SQLITE_OK)
		return store_failed(store, result);
	sqlite3_busy_timeout(store->db, 5000);
	const int error = check_version(store, mode);
	return error || mode == STORE_READ ? error : set_up_writing(store);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	sqlite3_finalize(store->insert);
	if (store->writes && store->db)
		sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_close(store->db);
	free(store);
}

int store_begin(struct store *store)
{
	return run(store, "BEGIN IMMEDIATE");
}

int store_commit(struct store *store)
{
	return run(store, "COMMIT");
}

void store_rollback(struct store *store)
{
	if (!sqlite3_get_autocommit(store->db))
		run(store, "ROLLBACK");
}

/* The statement is done before the batch goes: no copies. Binding NULL stores NULL. */
static void text(sqlite3_stmt *statement, int place, const char *value)
{
	sqlite3_bind_text(statement, place, value, -1, SQLITE_STATIC);
}

static void bind(sqlite3_stmt *statement, const struct event *event, const char *source,
		 int64_t received)
{
	text(statement, 1, event->id);
	sqlite3_bind_int64(statement, 2, received);
	sqlite3_bind_int64(statement, 3, event->time);
	text(statement, 4, event->service);
	text(statement, 5, event->name);
	text(statement, 6, event->kind);
	text(statement, 7, event->session);
	if (event->pid < 0)
		sqlite3_bind_null(statement, 8);
	else
		sqlite3_bind_int64(statement, 8, event->pid);
	text(statement, 9, event->user);
	text(statement, 10, event->context);
	text(statement, 11, event->properties ? event->properties : "{}");
	text(statement, 12, source);
}

int store_insert(struct store *store, const struct batch *batch, int64_t received, uint32_t *fresh)
{
	uint32_t stored = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		bind(store->insert, &batch->events[i], batch->source, received);
		const int result = sqlite3_step(store->insert);
		const int error = result == SQLITE_DONE ? 0 : store_failed(store, result);
		stored += (uint32_t)(error ? 0 : sqlite3_changes(store->db));
		sqlite3_reset(store->insert);
		if (error)
			return error;
	}
	*fresh = stored;
	return 0;
}
