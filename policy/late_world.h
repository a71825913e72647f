/*
 * The recorded process as a world for evaluation (policy/eval.h): drainers.
 */
#ifndef BOOKEND_POLICY_LATE_WORLD_H
#define BOOKEND_POLICY_LATE_WORLD_H

#include "policy/eval.h"
#include "policy/late.h"
#include "policy/snapshot_read.h"

/* What a process makes events as: a service, the child of another, a worker that a service forked.
 */
enum late_role { LATE_SERVICE, LATE_CHILD, LATE_WORKER };

struct late_world {
	const struct late_process *process;
	enum late_moment moment;
	struct snapshot snapshot;
	char session[IDENTITY_TEXT]; /* of the event: the run of the service that it belongs to */
	char run[IDENTITY_TEXT];     /* of the process itself */
	char parent[IDENTITY_TEXT];  /* "": unknown */
	enum late_role role;
	/* The event being made. */
	const struct image_event *rule;
	struct late_event *event;
	bool made;	   /* it is complete, and facts of it are what it has */
	struct value item; /* of its for_each */
};

extern const struct eval_world late_world_sources;

/* late_call.c: what a hook recorded. */
struct value late_call_parameter(struct eval *e, uint32_t key);
struct value late_call_fact(struct eval *e, enum fact fact);

/* late_lasting.c: what is counted and remembered. */
struct value late_measure(struct eval *e, const char *name, enum measure_statistic which);
struct value late_remembered(struct eval *e, const char *name);

/* How the process ended: one HOW_ bit. */
unsigned late_how(const struct stop_facts *stop);

#endif
