/*
 * What store.c and store_read.c share.
 */
#ifndef BOOKEND_COLLECTOR_STORE_PRIVATE_H
#define BOOKEND_COLLECTOR_STORE_PRIVATE_H

#include <sqlite3.h>

#include "tools/collector/store.h"

struct store {
	sqlite3 *db;
	sqlite3_stmt *insert; /* of a writer */
	bool writes;
	char trouble[120]; /* ours, where SQLite has no words for it */
};

/* SQLite's result as -errno. */
int store_failed(const struct store *store, int result);

#endif
