/*
 * One list of facts in two forms: aligned for people, or one JSON object for programs, so that they
 * can not drift. Sections hold facts; a table is a section of rows. Each name is a JSON key, each
 * label what people read. Prints to stdout. One thread.
 */
#ifndef BOOKEND_TOOLS_LISTING_H
#define BOOKEND_TOOLS_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LISTING_COLUMNS 8
#define LISTING_CELL	128

struct listing_column {
	const char *name;
	const char *label;
	bool number; /* flush right for people, bare in JSON */
};

struct listing {
	bool json;
	bool first_section, first_fact;
	const struct listing_column *column; /* of the table that is open */
	unsigned columns;
	char (*cell)[LISTING_CELL]; /* rows * columns, malloc'd: widths are known at the end only */
	size_t rows, room;
};

void listing_open(struct listing *list, bool json);
void listing_close(struct listing *list);

void listing_section(struct listing *list, const char *name, const char *title);
/* value NULL: unknown, null in JSON, left out for people. */
void listing_text(struct listing *list, const char *name, const char *label, const char *value);
void listing_number(struct listing *list, const char *name, const char *label, uint64_t value);
/* A count, whose label is a sentence: people read it behind the number. */
void listing_count(struct listing *list, const char *name, const char *label, uint64_t value);
/* Yes or no; why not, for people in place of the no, for programs beside it as "why". */
void listing_answer(struct listing *list, const char *name, const char *label, bool yes,
		    const char *why);
/* A number of bytes, shortened for people. */
void listing_bytes(struct listing *list, const char *name, const char *label, uint64_t value);
void listing_section_end(struct listing *list);

/* A table's rows are printed by listing_table_end(); without any, people see no table. */
void listing_table(struct listing *list, const char *name, const char *title,
		   const struct listing_column *column, unsigned columns);
/* One text for each column, cut to LISTING_CELL; NULL is empty. */
void listing_row(struct listing *list, const char *const *cells);
void listing_table_end(struct listing *list);

#endif
