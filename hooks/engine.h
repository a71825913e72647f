/*
 * What the files of hooks/ share: the one engine of a process, in the installer's memory. Written
 * under the loader's lock, or before there is a second thread.
 */
#ifndef BOOKEND_HOOKS_ENGINE_H
#define BOOKEND_HOOKS_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "hooks/hooks.h"
#include "hooks/loaded.h"
#include "hooks/names.h"

#define ENGINE_OWN 5 /* specs of our own, in follow.c */

struct engine_result {
	uint32_t slots;
	uint32_t objects;
	const void *last; /* the object counted last */
};

struct engine {
	struct hooks_setup setup;
	struct hooks_spec own[ENGINE_OWN];
	struct names names;
	struct engine_result *result; /* of setup's specs */
	struct loaded_machine machine;
	int (*iterate)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
	intptr_t error; /* errno of the first namespace, behind the thread pointer */
	uint64_t loads; /* the loader's counts when we looked last */
	uint64_t unloads;
	uint32_t spaces; /* link namespaces at the start */
	bool deep;	 /* somebody loads with RTLD_DEEPBIND */
	_Atomic bool confined;
	bool other; /* which of the lists is the current one */
	struct loaded_list list[2];
};

/* NULL: not installed. */
struct engine *engine_here(void);

static inline struct loaded_list *engine_list(struct engine *engine)
{
	return &engine->list[engine->other];
}

/* follow.c: adds the specs by which the loader's calls are followed. */
void follow_add(struct engine *engine);

/* look.c: looks at the objects that are new, at all of them when some went. The caller holds the
 * loader's lock, or is alone. */
void look(struct engine *engine, bool alone);

/* The object whose code or data that is; NULL: nobody's. */
const struct loaded *engine_object_of(struct engine *engine, uintptr_t address, unsigned flags);

#endif
