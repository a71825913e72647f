/*
 * An event on the way: between late.c, which makes it, and late_route.c, which says where it goes
 * and what each destination gets of it.
 */
#ifndef BOOKEND_POLICY_LATE_MAKER_H
#define BOOKEND_POLICY_LATE_MAKER_H

#include "policy/late_world.h"
#include "policy/memo.h"

struct maker {
	struct late_world world;
	struct eval eval;
	struct arena arena;
	struct memo memo; /* for all events of the moment */
	struct late_event event;
	bool damaged;
};

/* The event's routes: those of its destinations that are not off. */
void late_routes(struct maker *m, const struct image_event *rule);

#endif
