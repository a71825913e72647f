#include "tools/diagnostic.h"

#include <stdbool.h>
#include <stdio.h>

/* Tabs stay tabs, so that the caret stands where the terminal put the column. */
static void print_caret(const char *source, unsigned column)
{
	fputs("    ", stderr);
	for (unsigned i = 1; i < column && *source; source++) {
		bool begins = ((unsigned char)source[1] & 0xc0) != 0x80;

		if (begins)
			fputc(*source == '\t' ? '\t' : ' ', stderr);
		i += begins;
	}
	fputs("^\n", stderr);
}

void diagnostic_print(void *context, const struct diagnostic *diagnostic)
{
	(void)context;
	if (diagnostic->line == 0)
		fprintf(stderr, "%s: %s\n", diagnostic->file, diagnostic->text);
	else
		fprintf(stderr, "%s:%u:%u: %s\n", diagnostic->file, diagnostic->line,
			diagnostic->column, diagnostic->text);
	if (diagnostic->line != 0 && diagnostic->source) {
		fprintf(stderr, "    %s\n", diagnostic->source);
		print_caret(diagnostic->source, diagnostic->caret);
	}
}
