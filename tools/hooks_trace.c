#include "tools/hooks_trace.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/file.h"

#define TRACE_MOST (64u << 20)
#define CALL	   ": call\t"
#define OBJECT	   ": object\t"

/* Cuts the text at a character; what is behind it, "" when there is none. */
static char *cut(char *at, char end)
{
	char *found = strchr(at, end);

	if (!found)
		return at + strlen(at);
	*found = '\0';
	return found + 1;
}

static void take_row(struct hooks_trace *t, char *at)
{
	struct hooks_row *row = &t->row[t->rows];

	row->symbol = at;
	row->outcome = at = cut(at, '\t');
	row->object = at = cut(at, '\t');
	row->slots = cut(at, '\t');
	if (*row->slots) /* else the line was too long for the shim */
		t->rows++;
}

static void take_object(struct hooks_trace *t, const char *path)
{
	for (size_t i = 0; i < t->objects; i++)
		if (!strcmp(t->object[i], path))
			return;
	t->object[t->objects++] = path;
}

static void take_lines(struct hooks_trace *t)
{
	for (char *line = t->text, *next; *line; line = next) {
		char *call, *object;

		next = cut(line, '\n');
		call = strstr(line, CALL);
		object = strstr(line, OBJECT);
		if (call)
			take_row(t, call + strlen(CALL));
		else if (object)
			take_object(t, object + strlen(OBJECT));
	}
}

static int make_lists(struct hooks_trace *t)
{
	size_t lines = 1;

	for (const char *at = t->text; *at; at++)
		lines += *at == '\n';
	t->row = calloc(lines, sizeof(*t->row));
	t->object = calloc(lines, sizeof(*t->object));
	return t->row && t->object ? 0 : -ENOMEM;
}

int hooks_trace_read(const char *path, struct hooks_trace *into)
{
	struct hooks_trace t = { .rows = 0 };
	uint8_t *bytes;
	size_t length;
	int error = file_read(path, TRACE_MOST, &bytes, &length);

	if (error)
		return error;
	t.text = (char *)bytes;
	t.text[length] = '\0'; /* file_read() leaves room for it */
	error = make_lists(&t);
	if (error) {
		hooks_trace_free(&t);
		return error;
	}
	take_lines(&t);
	*into = t;
	return 0;
}

void hooks_trace_free(struct hooks_trace *t)
{
	free(t->text);
	free(t->row);
	free(t->object);
}
