/*
 * Does a process match a service? All rules of the service's `match` must hold. Inside world;
 * MATCH_PARENT reads one link of /proc.
 */
#ifndef BOOKEND_POLICY_MATCH_H
#define BOOKEND_POLICY_MATCH_H

#include <stdbool.h>

#include "policy/decide.h"
#include "policy/node.h"

bool match_holds(const struct section *now, const struct image_node *rules,
		 const struct subject *subject);

/* The one of these texts that the process's program is called, else NULL. */
const char *match_child(const struct section *now, const struct image_node *programs,
			const struct subject *subject);

#endif
