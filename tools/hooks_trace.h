/*
 * What the shim wrote into a trace about hooked calls (BOOKEND_TRACE): lines that hold `: call` and
 * the cells of a row, or `: object` and a path, divided by tabs.
 */
#ifndef BOOKEND_TOOLS_HOOKS_TRACE_H
#define BOOKEND_TOOLS_HOOKS_TRACE_H

#include <stddef.h>

struct hooks_row {
	const char *symbol; /* NAME or NAME@VERSION */
	const char *outcome;
	const char *object; /* "": why nothing was diverted at all */
	const char *slots;
};

/* All texts lie in `text`, malloc'd like the lists. */
struct hooks_trace {
	char *text;
	struct hooks_row *row;
	size_t rows;
	const char **object; /* each once */
	size_t objects;
};

/* 0 or -errno; then there is nothing to free. */
int hooks_trace_read(const char *path, struct hooks_trace *into);
void hooks_trace_free(struct hooks_trace *trace);

#endif
