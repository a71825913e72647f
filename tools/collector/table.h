/*
 * A table for a terminal: aligned, with a header, no wider than asked. Cells are UTF-8; control
 * characters, which could command the terminal, are shown as '?'. One column gives way where the
 * table would be too wide.
 */
#ifndef BOOKEND_COLLECTOR_TABLE_H
#define BOOKEND_COLLECTOR_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS 8

struct table_column {
	const char *title;
	bool right;   /* numbers */
	bool elastic; /* is cut, with an ellipsis, when the line would be too long; down to its
			 title's width */
};

struct table;

/* The columns stay the caller's, until table_free(). NULL: out of memory. */
struct table *table_new(const struct table_column *columns, unsigned count);
/* One row; copies. NULL is an empty cell. False: out of memory, the row is missing. */
bool table_row(struct table *table, const char *const cells[]);
void table_print(const struct table *table, unsigned width, FILE *out);
void table_free(struct table *table);

#endif
