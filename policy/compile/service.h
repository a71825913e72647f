/*
 * Services and events, as far as they have been read.
 */
#ifndef BOOKEND_POLICY_COMPILE_SERVICE_H
#define BOOKEND_POLICY_COMPILE_SERVICE_H

#include <stdbool.h>

#include "policy/compile/expr.h"

struct policy_calls; /* policy/compile/calls.h */
struct policy_measure;

/* What service and event have in common; `defaults` too. */
struct policy_scope {
	struct expr *consent; /* LIST */
	struct expr *to;      /* LIST of INTEGER */
	struct expr *user;
	struct expr *context;
	struct expr *properties;
};

struct policy_event {
	const char *label;
	struct mark at;
	struct expr *when;
	struct expr *condition;
	struct expr *name;
	struct policy_scope scope;
	struct image_event constants; /* references are filled in when it is written */
	struct expr *for_each;
	struct expr *remember;
	struct expr *watch;
	/* Of calls. */
	struct policy_calls *calls; /* one each trigger */
	unsigned call_triggers;
	bool decided;	   /* its condition is, when the call is made */
	uint32_t record;   /* CALL_NEEDS_...: what of the call's end is recorded */
	uint32_t *capture; /* keys of the parameters that are */
	unsigned captures;
};

struct policy_service {
	const char *name;
	struct mark at;
	struct expr *match; /* NULL: none */
	struct expr *commands, *value_options;
	struct expr *children; /* LIST of the programs that child triggers name; NULL: none */
	bool command, helper, thread, workers;
	struct policy_scope scope;
	struct policy_event *event;
	unsigned events;
	bool asks_files; /* a rule of its consent looks into a file */
	unsigned ticks;	 /* schedules that have a word in the slot */
	/* Found by walking all that its events refer to. */
	uint32_t capture;
	struct expr *environment;
	struct policy_measure *measure;
	unsigned measures;
	/* Found by call_layout.c. */
	struct section_writer *calls; /* NULL: none */
	struct expr *call_names;
	uint32_t stride, counter_bytes;
	bool ring;
};

#endif
