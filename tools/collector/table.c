#include "tools/collector/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2

struct table {
	const struct table_column *columns;
	unsigned width;
	char **cells; /* row after row */
	size_t count, capacity;
};

struct table *table_new(const struct table_column *columns, unsigned count)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table) {
		table->columns = columns;
		table->width = count;
	}
	return table;
}

/* A copy without control characters: C0 and DEL, and C1 as UTF-8 (C2 80 .. C2 9F). */
static char *clean(const char *text)
{
	char *copy = strdup(text ? text : "");

	for (unsigned char *at = (unsigned char *)copy; at && *at; at++) {
		if (*at < 0x20 || *at == 0x7f)
			*at = '?';
		else if (*at == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0)
			at[0] = at[1] = '?';
	}
	return copy;
}

bool table_row(struct table *table, const char *const cells[])
{
	if (table->count + table->width > table->capacity) {
		const size_t capacity = table->capacity ? table->capacity * 2 : 64 * TABLE_COLUMNS;
		char **bigger = reallocarray(table->cells, capacity, sizeof(*bigger));
		if (!bigger)
			return false;
		table->cells = bigger;
		table->capacity = capacity;
	}
	for (unsigned i = 0; i < table->width; i++)
		table->cells[table->count + i] = clean(cells[i]);
	table->count += table->width;
	return true;
}

/* In characters, taken to be one column each. */
static unsigned length_of(const char *text)
{
	unsigned length = 0;

	for (; text && *text; text++)
		length += ((unsigned char)*text & 0xc0) != 0x80;
	return length;
}

static void measure(const struct table *table, unsigned width, unsigned into[TABLE_COLUMNS])
{
	unsigned total = 0;

	for (unsigned i = 0; i < table->width; i++) {
		into[i] = length_of(table->columns[i].title);
		for (size_t cell = i; cell < table->count; cell += table->width)
			if (length_of(table->cells[cell]) > into[i])
				into[i] = length_of(table->cells[cell]);
		total += into[i] + (i ? GAP : 0);
	}
	for (unsigned i = table->width; i-- > 0 && total > width;) {
		const unsigned least = length_of(table->columns[i].title);
		if (!table->columns[i].elastic || into[i] <= least)
			continue;
		const unsigned cut =
			total - width < into[i] - least ? total - width : into[i] - least;
		into[i] -= cut;
		total -= cut;
	}
}

/* Bytes of the first `characters`. */
static int bytes_of(const char *text, unsigned characters)
{
	const char *at = text;

	for (; *at; at++)
		if (((unsigned char)*at & 0xc0) != 0x80 && characters-- == 0)
			break;
	return (int)(at - text);
}

static void print_cell(const char *text, bool right, bool last, unsigned width, FILE *out)
{
	const unsigned length = length_of(text);
	const int padding = length < width ? (int)(width - length) : 0;

	if (length > width)
		fprintf(out, "%.*s…", bytes_of(text, width - 1), text);
	else
		fprintf(out, "%*s%s%*s", right ? padding : 0, "", text ? text : "",
			right || last ? 0 : padding, "");
	if (!last)
		fprintf(out, "%*s", GAP, "");
}

static void print_line(const struct table *table, char *const cells[], const unsigned widths[],
		       FILE *out)
{
	for (unsigned i = 0; i < table->width; i++)
		print_cell(cells ? cells[i] : table->columns[i].title, table->columns[i].right,
			   i + 1 == table->width, widths[i], out);
	fputc('\n', out);
}

void table_print(const struct table *table, unsigned width, FILE *out)
{
	unsigned widths[TABLE_COLUMNS];

	measure(table, width, widths);
	print_line(table, NULL, widths, out);
	for (size_t cell = 0; cell < table->count; cell += table->width)
		print_line(table, table->cells + cell, widths, out);
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t cell = 0; cell < table->count; cell++)
		free(table->cells[cell]);
	free(table->cells);
	free(table);
}
