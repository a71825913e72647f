/*
 * A cache of hooks/symbol.h. Two threads that look up at the same time store the same address.
 */
#include "shim/lifecycle.h"

#include <stdatomic.h>
#include <stddef.h>

#include "hooks/symbol.h"

#define LIFECYCLE_NAME 24

/* Arrays, not pointers: a pointer would be a relocation in every process. */
static const char lifecycle_name[LIFECYCLE_COUNT][LIFECYCLE_NAME] = {
#define INTERPOSE(name) #name,
#include "shim/lifecycle.def"
#undef INTERPOSE
};

static void *_Atomic lifecycle_address[LIFECYCLE_COUNT];

void *lifecycle_next(enum lifecycle_function which)
{
	void *at = atomic_load_explicit(&lifecycle_address[which], memory_order_relaxed);

	if (!at) {
		at = symbol_next(lifecycle_name[which], NULL);
		atomic_store_explicit(&lifecycle_address[which], at, memory_order_relaxed);
	}
	return at;
}
