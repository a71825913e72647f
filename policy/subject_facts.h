/*
 * Facts of the living process that its start records as they are, when the policy refers to them.
 */
#ifndef BOOKEND_POLICY_SUBJECT_FACTS_H
#define BOOKEND_POLICY_SUBJECT_FACTS_H

#include "policy/decide.h"
#include "policy/facts.h"

/* ci.name, process.build_id, process.package, process.terminal; absent for any other. */
struct value subject_fact(struct arena *arena, const struct subject *subject, enum fact fact);

/* The same from the text that was recorded. */
struct value subject_fact_of_text(enum fact fact, const char *text);

/* What the start records, by the CAPTURE_ bit that asks for it. */
extern const struct subject_fact_capture {
	uint32_t capture;
	enum fact fact;
} subject_facts[];
#define SUBJECT_FACTS 4

#endif
