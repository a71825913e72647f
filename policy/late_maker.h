/*
 * An event on the way: between late.c, which makes it, and late_route.c, which says where it goes
 * and what each destination gets of it.
 */
#ifndef BOOKEND_POLICY_LATE_MAKER_H
#define BOOKEND_POLICY_LATE_MAKER_H

#include "policy/late_world.h"
#include "policy/memo.h"

#define LATE_SECRETS 2048 /* more of them, and what is sent with them is not shown at all */

struct maker {
	struct late_world world;
	struct eval eval;
	struct arena arena;
	struct memo memo; /* for all events of the moment */
	struct late_event event;
	bool damaged;
	/* Of this moment's events so far. */
	struct text secrets;
	char secret[LATE_SECRETS];
};

/* late_gate.c. Is the run one of the share that `sample` takes? */
bool late_is_sampled(const struct maker *m, const struct image_event *rule);
/* `change`, `once: installation` and `limit` let it through; what they noted is remembered. */
bool late_is_open(struct maker *m, const struct image_event *rule);
/* Each member of the event's `remember`. */
void late_remember(struct maker *m, const struct image_event *rule);

/* What the rules say, which are a LIST or 0; *rule is the one that decided. */
bool late_consents(struct maker *m, uint32_t consent, uint32_t *rule);

/* The event's routes: those of its destinations that are not off. */
void late_routes(struct maker *m, const struct image_event *rule);

#endif
