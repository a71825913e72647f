/*
 * What an event has beside its trigger and its condition: schedules, samples, limits, what it
 * remembers and what it is made for each of.
 */
#ifndef BOOKEND_POLICY_COMPILE_SCHEDULES_H
#define BOOKEND_POLICY_COMPILE_SCHEDULES_H

#include "policy/compile/compiler.h"

/* { every: DURATION, at, per } */
struct expr *schedules_every(struct compiler *c, const struct yaml *y, const struct yaml *argument,
			     struct policy_service *s, struct policy_event *e);
/* { change: SOURCE } and { file: CONDITION } */
struct expr *schedules_change(struct compiler *c, const struct yaml *y, const struct yaml *argument,
			      struct policy_service *s, struct policy_event *e);
struct expr *schedules_file(struct compiler *c, const struct yaml *y, const struct yaml *argument,
			    struct policy_service *s, struct policy_event *e);
/* once: installation, beside start, stop, command and child. */
void schedules_once(struct compiler *c, const struct yaml *y, struct policy_event *e);

/* for_each, sample, limit, remember of the event. */
void schedules_of_event(struct compiler *c, const struct yaml *y, struct policy_event *e);

/* "N per DURATION"; false: said. */
bool schedules_rate(struct compiler *c, const struct yaml *y, uint32_t *number, uint64_t *ns);

#endif
