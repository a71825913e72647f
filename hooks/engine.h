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
#include "hooks/report.h"

#define ENGINE_OWN  5 /* specs of our own, in follow.c */
#define ENGINE_LATE 2 /* that hooks_add() may bring */

struct engine_tally { /* slots of one object that a spec wants, for a report */
	uint32_t slots[HOOKS_OUTCOMES];
};

struct engine {
	struct hooks_setup setup;
	struct hooks_spec own[ENGINE_OWN];
	struct names names;
	struct engine_tally *tally; /* of setup's specs */
	struct loaded_machine machine;
	int (*iterate)(int (*)(struct dl_phdr_info *, size_t, void *), void *);
	intptr_t error; /* errno of the first namespace, behind the thread pointer */
	uint64_t loads; /* the loader's counts when we looked last */
	uint64_t unloads;
	uint32_t spaces; /* link namespaces at the start */
	bool deep;	 /* somebody loads with RTLD_DEEPBIND */
	_Atomic bool confined;
	uint32_t late; /* specs that hooks_add() brought */
	bool anew;     /* the next look is for all objects */
	bool other;    /* which of the two lists is the current one */
	struct loaded_list *list;
};

/* NULL: not installed. */
struct engine *engine_here(void);

static inline struct loaded_list *engine_list(struct engine *engine)
{
	return &engine->list[engine->other];
}

/* hooks.c: hooks_install() without a look. */
int hooks_begin(const struct hooks_setup *setup, void *memory, size_t bytes);

/* follow.c: adds the specs by which the loader's calls are followed. */
void follow_add(struct engine *engine);
/* A look, if there is something new. */
void follow_now(struct engine *engine);

/* look.c: lists what is loaded and scans what is new, or everything when something went. The caller
 * holds the loader's lock, or is alone. */
void look(struct engine *engine, bool alone);
/* Is the list out of date? Any thread. */
bool look_is_due(struct engine *engine);
/* Under the lock: a new look when it is. False: it is, and must stay so. */
bool look_again(struct engine *engine);

/* The object whose code or data that is; NULL: nobody's. With a list that is up to date. */
const struct loaded *engine_object_of(struct engine *engine, uintptr_t address, unsigned flags);

#endif
