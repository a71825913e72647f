/*
 * The facts of facts.def as an enum, and those that are worked out the same way from the living
 * process and from its snapshot. Any world.
 */
#ifndef BOOKEND_POLICY_FACTS_H
#define BOOKEND_POLICY_FACTS_H

#include "policy/arena.h"
#include "policy/value.h"

enum fact {
#define FACT(name, text, known, capture, about) FACT_##name,
#include "policy/facts.def"
#undef FACT
	FACT_COUNT
};

#define FACTS_UNAME 5 /* sysname, nodename, release, version, machine */

/* os.*, from the fields of uname(2); absent for any other fact. */
struct value facts_os(struct arena *arena, const char *const field[FACTS_UNAME], enum fact fact);

/* The continuous integration service whose variables env() finds, NULL when there is none. */
const char *facts_ci(const char *(*env)(const void *context, const char *name),
		     const void *context);

struct value facts_user_class(uint32_t uid);

struct value facts_number(struct arena *arena, uint64_t number);

#endif
