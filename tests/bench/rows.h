/*
 * The functions that measure, one for each kind of row; budgets.def says which rows there are. Each
 * fills *into; a result below 0 comes with into->failure.
 */
#ifndef BOOKEND_BENCH_ROWS_H
#define BOOKEND_BENCH_ROWS_H

#include "tests/bench/harness.h"

#define ROW_FUNCTION(name)                                                                         \
	int name(const struct bench *bench, const struct row *row, struct measured *into)

/* rows_startup.c: variant is inert or enabled; or the program, in a shell's words. */
ROW_FUNCTION(startup_added);
ROW_FUNCTION(startup_wall);
/* rows_growth.c: variant is services or events. */
ROW_FUNCTION(growth_start);
/* rows_journal.c: variant is the number of threads. */
ROW_FUNCTION(journal_append);
/* rows_drain.c */
ROW_FUNCTION(drain_ndjson);
/* rows_memory.c: variant is inert or enabled, alone or shared. */
ROW_FUNCTION(memory_added);
/* rows_rate.c: variant is one starter, all: one for each core; or floor: commands a second of the
 * latter. */
ROW_FUNCTION(rate_sustained);
/* rows_service.c: variant is closed, silent or blackhole; or putc or malloc. */
ROW_FUNCTION(service_memory);
ROW_FUNCTION(service_exit);
ROW_FUNCTION(service_paths);
/* rows_sdk.c: variant is posthog or segment. */
ROW_FUNCTION(sdk_delivered);
/* rows_network.c: variant is closed, silent or blackhole. */
ROW_FUNCTION(network_exit);
/* rows_calls.c: variant is the function that is called; of call_peer, who traces it. */
ROW_FUNCTION(call_cost);
ROW_FUNCTION(call_threads);
ROW_FUNCTION(call_peer);
/* rows_scan.c: variant is the program that starts. */
ROW_FUNCTION(scan_start);

#endif
