/*
 * Of hooked symbols of which nothing was diverted: the loaded objects that keep a function of that
 * name to themselves. The shim sees what the loader sees; this looks into the files.
 */
#ifndef BOOKEND_TOOLS_HOOKS_KEPT_H
#define BOOKEND_TOOLS_HOOKS_KEPT_H

#include <stdbool.h>

#include "tools/hooks_trace.h"
#include "tools/symtab.h"

struct hooks_kept {
	const struct hooks_trace *trace; /* the caller's */
	unsigned symbols;
	const char **symbol;	/* each once */
	enum symtab_kind *kind; /* of each object, of each symbol */
};

/* 0 or -ENOMEM; then there is nothing to free. */
int hooks_kept_find(const struct hooks_trace *trace, struct hooks_kept *into);
void hooks_kept_free(struct hooks_kept *kept);

/* Does what was found say all that the row says? */
bool hooks_kept_answers(const struct hooks_kept *kept, const struct hooks_row *row);

typedef void hooks_kept_fn(void *context, const struct hooks_row *row);
void hooks_kept_each(const struct hooks_kept *kept, hooks_kept_fn *each, void *context);

#endif
