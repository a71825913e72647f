/*
 * Findings and the nearest word.
 */
#include "policy/compile/diagnose.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX   1024
#define LINE_SHOWN 160 /* characters */
#define LINE_MAX   (4 * LINE_SHOWN + 8)
#define WORD_MAX   64
#define LIST_MAX   20 /* words named in one finding */

struct finding {
	struct mark at;
	unsigned order;
	char text[TEXT_MAX];
};

/* The line's bytes; NULL when there is no such line. */
static const char *find_line(const struct diagnose *d, unsigned line, const char **end)
{
	const char *at = d->text;
	const char *stop;

	if (d->text == NULL || line == 0)
		return NULL;
	stop = d->text + d->length;
	for (unsigned i = 1; i < line && at != NULL; i++) {
		at = memchr(at, '\n', (size_t)(stop - at));
		if (at != NULL)
			at++;
	}
	for (*end = at; at != NULL && *end < stop && **end != '\n' && **end != '\r';)
		++*end;
	return at;
}

/* So many characters on, or to the end. */
static const char *behind(const char *at, const char *end, unsigned characters)
{
	for (; at < end && characters > 0; characters--) {
		at++;
		while (at < end && ((unsigned char)*at & 0xc0) == 0x80)
			at++;
	}
	return at;
}

/* The line, or of a long one what is near the column; the column in what is shown. */
static unsigned copy_line(const struct diagnose *d, struct mark at, char into[LINE_MAX])
{
	unsigned skipped = at.column > LINE_SHOWN ? at.column - LINE_SHOWN / 2 : 0;
	const char *end, *from, *to;

	from = find_line(d, at.line, &end);
	if (from == NULL)
		return 0;
	from = behind(from, end, skipped);
	to = behind(from, end, LINE_SHOWN);
	snprintf(into, LINE_MAX, "%s%.*s%s", skipped > 0 ? "..." : "", (int)(to - from), from,
		 to < end ? "..." : "");
	return at.column - skipped + (skipped > 0 ? 3 : 0);
}

static void say(struct diagnose *d, struct mark at, const char *text)
{
	struct diagnostic one = {
		.file = d->file, .line = at.line, .column = at.column, .text = text
	};
	char line[LINE_MAX];

	one.caret = copy_line(d, at, line);
	if (one.caret != 0)
		one.source = line;
	if (d->say != NULL)
		d->say(d->context, &one);
}

void diagnose(struct diagnose *d, struct mark at, const char *format, ...)
{
	char text[TEXT_MAX];
	struct finding *finding;
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (d->finding == NULL)
		d->finding = calloc(DIAGNOSE_KEPT, sizeof(*d->finding));
	d->count++;
	if (d->finding == NULL) {
		say(d, at, text);
		return;
	}
	if (d->count > DIAGNOSE_KEPT)
		return;
	finding = &d->finding[d->count - 1];
	finding->at = at;
	finding->order = d->count;
	memcpy(finding->text, text, sizeof(text));
}

static int compare(const void *a, const void *b)
{
	const struct finding *left = a;
	const struct finding *right = b;

	if (left->at.line != right->at.line)
		return left->at.line < right->at.line ? -1 : 1;
	if (left->at.column != right->at.column)
		return left->at.column < right->at.column ? -1 : 1;
	return left->order < right->order ? -1 : 1;
}

void diagnose_say(struct diagnose *d)
{
	unsigned kept = d->count < DIAGNOSE_KEPT ? d->count : DIAGNOSE_KEPT;
	char more[64];

	if (d->finding == NULL)
		return;
	qsort(d->finding, kept, sizeof(*d->finding), compare);
	for (unsigned i = 0; i < kept; i++) {
		if (i < DIAGNOSE_MAX)
			say(d, d->finding[i].at, d->finding[i].text);
	}
	free(d->finding);
	d->finding = NULL;
	if (d->count <= DIAGNOSE_MAX)
		return;
	snprintf(more, sizeof(more), "%u more errors are not shown", d->count - DIAGNOSE_MAX);
	say(d, (struct mark){ 0, 0 }, more);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: a swap of neighbours is one step. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows = (unsigned)strlen(a);
	unsigned columns = (unsigned)strlen(b);
	unsigned before[WORD_MAX + 1] = { 0 }, last[WORD_MAX + 1], now[WORD_MAX + 1];

	if (rows > WORD_MAX || columns > WORD_MAX)
		return WORD_MAX;
	for (unsigned j = 0; j <= columns; j++)
		last[j] = j;
	for (unsigned i = 1; i <= rows; i++) {
		now[0] = i;
		for (unsigned j = 1; j <= columns; j++) {
			unsigned change = last[j - 1] + (a[i - 1] != b[j - 1]);

			now[j] = least(change, least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		memcpy(before, last, sizeof(last));
		memcpy(last, now, sizeof(now));
	}
	return last[columns];
}

const char *diagnose_nearest(const char *written, const char *const *words)
{
	unsigned bound = 1 + (unsigned)strlen(written) / 3;
	unsigned best = bound + 1;
	const char *nearest = NULL;

	for (; *words != NULL; words++) {
		unsigned far = distance(written, *words);

		bool tie = far == best && nearest != NULL && nearest[0] != written[0] &&
			   (*words)[0] == written[0];

		if (far < best || tie) {
			best = far;
			nearest = *words;
		}
	}
	return nearest;
}

const char *diagnose_list(const char *const *words, char *into, size_t capacity)
{
	unsigned count = 0, shown;
	size_t used = 0;

	while (words[count] != NULL)
		count++;
	shown = count > LIST_MAX ? LIST_MAX : count;
	into[0] = '\0';
	for (unsigned i = 0; i < shown && used < capacity; i++) {
		const char *between = i == 0 ? "" : i + 1 == count ? " or " : ", ";

		used += (size_t)snprintf(into + used, capacity - used, "%s%s", between, words[i]);
	}
	if (shown < count && used < capacity)
		snprintf(into + used, capacity - used, " and %u more, see docs/policy.md",
			 count - shown);
	return into;
}

void diagnose_unknown(struct diagnose *d, struct mark at, const char *what, const char *written,
		      const char *const *words)
{
	const char *nearest = diagnose_nearest(written, words);
	char list[TEXT_MAX / 2];

	if (nearest != NULL)
		diagnose(d, at, "unknown %s '%.64s': did you mean '%s'?", what, written, nearest);
	else
		diagnose(d, at, "unknown %s '%.64s': this version knows %s", what, written,
			 diagnose_list(words, list, sizeof(list)));
}
