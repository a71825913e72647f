#include "tools/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define LABEL_WIDTH 24

static void print_json_text(const char *value)
{
	char quoted[6 * 1024 + 3];
	struct text t = text_init(quoted, sizeof(quoted));

	text_add_json(&t, value, strnlen(value, 1024));
	fputs(quoted, stdout);
}

static void print_key(struct listing *list, const char *name)
{
	if (!list->first_fact)
		putchar(',');
	list->first_fact = false;
	printf("\"%s\":", name);
}

void listing_open(struct listing *list, bool json)
{
	memset(list, 0, sizeof(*list));
	list->json = json;
	list->first_section = true;
	if (json)
		putchar('{');
}

void listing_close(struct listing *list)
{
	if (list->json)
		puts("}");
	free(list->cell);
	list->cell = NULL;
}

static void begin(struct listing *list, const char *name, const char *title, char bracket)
{
	if (list->json)
		printf("%s\"%s\":%c", list->first_section ? "" : ",", name, bracket);
	else
		printf("%s%s\n", list->first_section ? "" : "\n", title);
	list->first_section = false;
	list->first_fact = true;
}

void listing_section(struct listing *list, const char *name, const char *title)
{
	begin(list, name, title, '{');
}

void listing_section_end(struct listing *list)
{
	if (list->json)
		putchar('}');
}

void listing_text(struct listing *list, const char *name, const char *label, const char *value)
{
	if (list->json) {
		print_key(list, name);
		if (value)
			print_json_text(value);
		else
			fputs("null", stdout);
	} else if (value) {
		printf("  %-*s  %s\n", LABEL_WIDTH, label, value);
	}
}

void listing_number(struct listing *list, const char *name, const char *label, uint64_t value)
{
	if (list->json) {
		print_key(list, name);
		printf("%lu", value);
	} else {
		printf("  %-*s  %lu\n", LABEL_WIDTH, label, value);
	}
}

void listing_count(struct listing *list, const char *name, const char *label, uint64_t value)
{
	if (list->json)
		listing_number(list, name, label, value);
	else
		printf("  %10lu  %s\n", value, label);
}

void listing_answer(struct listing *list, const char *name, const char *label, bool yes,
		    const char *why)
{
	if (!list->json) {
		listing_text(list, name, label, yes ? "yes" : why);
		return;
	}
	print_key(list, name);
	fputs(yes ? "true" : "false", stdout);
	listing_text(list, "why", label, yes ? NULL : why);
}

void listing_bytes(struct listing *list, const char *name, const char *label, uint64_t value)
{
	static const char units[][4] = { "B", "KiB", "MiB", "GiB", "TiB" };
	uint64_t whole = value, tenths = 0;
	unsigned unit = 0;
	char text[32];

	if (list->json) {
		listing_number(list, name, label, value);
		return;
	}
	for (; whole >= 1024 && unit < 4; unit++) {
		tenths = whole % 1024 * 10 / 1024;
		whole /= 1024;
	}
	snprintf(text, sizeof(text), unit ? "%lu.%lu %s" : "%lu%.0lu %s", whole, tenths,
		 units[unit]);
	listing_text(list, name, label, text);
}

void listing_table(struct listing *list, const char *name, const char *title,
		   const struct listing_column *column, unsigned columns)
{
	list->column = column;
	list->columns = columns;
	list->rows = 0;
	if (list->json)
		begin(list, name, title, '[');
	else
		listing_row(list, (const char *[LISTING_COLUMNS]){ title });
}

void listing_row(struct listing *list, const char *const *cells)
{
	size_t at = list->rows * list->columns;

	if (at + list->columns > list->room) {
		size_t room = list->room * 2 + 64;
		void *more = realloc(list->cell, room * LISTING_CELL);

		if (!more)
			return; /* a shorter table */
		list->cell = more;
		list->room = room;
	}
	for (unsigned i = 0; i < list->columns; i++)
		snprintf(list->cell[at + i], LISTING_CELL, "%s", cells[i] ? cells[i] : "");
	list->rows++;
}

static void print_json_rows(const struct listing *list)
{
	for (size_t row = 0; row < list->rows; row++) {
		fputs(row ? ",{" : "{", stdout);
		for (unsigned i = 0; i < list->columns; i++) {
			const char *cell = list->cell[row * list->columns + i];

			printf("%s\"%s\":", i ? "," : "", list->column[i].name);
			if (list->column[i].number)
				fputs(*cell ? cell : "null", stdout);
			else
				print_json_text(cell);
		}
		putchar('}');
	}
	putchar(']');
}

static void print_cells(const struct listing *list, const int *width, size_t row)
{
	for (unsigned i = 0; i < list->columns; i++) {
		const char *cell =
			row ? list->cell[row * list->columns + i] : list->column[i].label;
		bool last = i + 1 == list->columns;

		if (list->column[i].number)
			printf("  %*s", width[i], cell);
		else
			printf("  %-*s", last ? 0 : width[i], cell);
	}
	putchar('\n');
}

/* Row 0 holds the title in its first cell. */
static void print_rows(struct listing *list)
{
	int width[LISTING_COLUMNS];

	printf("%s%s\n", list->first_section ? "" : "\n", list->cell[0]);
	list->first_section = false;
	for (unsigned i = 0; i < list->columns; i++) {
		width[i] = (int)strlen(list->column[i].label);
		for (size_t row = 1; row < list->rows; row++) {
			int length = (int)strlen(list->cell[row * list->columns + i]);

			width[i] = length > width[i] ? length : width[i];
		}
	}
	for (size_t row = 0; row < list->rows; row++)
		print_cells(list, width, row);
}

void listing_table_end(struct listing *list)
{
	if (list->json)
		print_json_rows(list);
	else if (list->rows > 1)
		print_rows(list);
}
