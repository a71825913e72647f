/*
 * What people and machines read: the table on stdout, and the rows as JSON. One thread.
 */
#ifndef BOOKEND_BENCH_REPORT_H
#define BOOKEND_BENCH_REPORT_H

#include "tests/bench/harness.h"

void report_machine(const struct bench *bench);
void report_heading(void);
/* Two lines: the figure beside its budget, and what was measured. */
void report_row(const struct row *row, const struct measured *measured);

/* The rows as one JSON array in file; 0 or -errno. results[i] belongs to rows[i]; a NULL name
 * leaves a row out. */
int report_json(const char *path, const struct row *rows, const struct measured *results,
		const bool *done, size_t count);

#endif
