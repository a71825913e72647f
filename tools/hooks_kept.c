#include "tools/hooks_kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_reason(const struct hooks_row *row)
{
	return !*row->object;
}

static enum symtab_kind *kinds_of(const struct hooks_kept *k, size_t object)
{
	return &k->kind[object * k->symbols];
}

static bool has(const struct hooks_kept *k, const char *symbol)
{
	for (unsigned i = 0; i < k->symbols; i++)
		if (!strcmp(k->symbol[i], symbol))
			return true;
	return false;
}

int hooks_kept_find(const struct hooks_trace *t, struct hooks_kept *into)
{
	struct hooks_kept k = { .trace = t };

	k.symbol = calloc(t->rows + 1, sizeof(*k.symbol));
	for (size_t i = 0; k.symbol && i < t->rows; i++)
		if (is_reason(&t->row[i]) && !has(&k, t->row[i].symbol))
			k.symbol[k.symbols++] = t->row[i].symbol;
	k.kind = calloc(k.symbols * t->objects + 1, sizeof(*k.kind));
	if (!k.symbol || !k.kind) {
		hooks_kept_free(&k);
		return -ENOMEM;
	}
	/* An object that is no file, or is none any more, has nothing to tell. */
	for (size_t i = 0; k.symbols && i < t->objects; i++)
		symtab_look(t->object[i], k.symbol, k.symbols, kinds_of(&k, i));
	*into = k;
	return 0;
}

void hooks_kept_free(struct hooks_kept *k)
{
	free(k->symbol);
	free(k->kind);
}

static bool is_kept(const struct hooks_kept *k, const char *symbol)
{
	for (size_t object = 0; object < k->trace->objects; object++)
		for (unsigned i = 0; i < k->symbols; i++)
			if (!strcmp(k->symbol[i], symbol) && kinds_of(k, object)[i] != SYMTAB_NONE)
				return true;
	return false;
}

static bool same_name(const char *one, const char *other)
{
	size_t length = strcspn(one, "@");

	return strcspn(other, "@") == length && !strncmp(one, other, length);
}

/* The shim found something of the symbol in an object. */
static bool is_known(const struct hooks_trace *t, const char *symbol)
{
	for (size_t i = 0; i < t->rows; i++)
		if (!is_reason(&t->row[i]) && same_name(t->row[i].symbol, symbol))
			return true;
	return false;
}

bool hooks_kept_answers(const struct hooks_kept *k, const struct hooks_row *row)
{
	return is_reason(row) && is_kept(k, row->symbol) && !is_known(k->trace, row->symbol);
}

void hooks_kept_each(const struct hooks_kept *k, hooks_kept_fn *each, void *context)
{
	static const char *const texts[] = {
		[SYMTAB_STATIC] = "static: its calls go through no slot",
		[SYMTAB_INTERNAL] = "internal to its object: its calls go through no slot",
	};

	for (size_t object = 0; object < k->trace->objects; object++)
		for (unsigned i = 0; i < k->symbols; i++) {
			struct hooks_row row = {
				.symbol = k->symbol[i],
				.outcome = texts[kinds_of(k, object)[i]],
				.object = k->trace->object[object],
				.slots = "0",
			};

			if (row.outcome)
				each(context, &row);
		}
}
