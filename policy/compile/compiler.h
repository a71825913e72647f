/*
 * The compiler's state and the functions of its parts, in the order in which a policy is read. Each
 * reads a piece of YAML, says what is wrong with it and goes on: what it returns then is usable,
 * though meaningless.
 */
#ifndef BOOKEND_POLICY_COMPILE_COMPILER_H
#define BOOKEND_POLICY_COMPILE_COMPILER_H

#include <stdbool.h>

#include "policy/compile/service.h"
#include "policy/compile/keys.h"
#include "policy/compile/yaml.h"
#include "policy/late.h"

struct policy_calls;	   /* policy/compile/calls.h */
struct policy_destination; /* policy/compile/destinations.h */

struct policy_value {
	const char *name;
	const struct yaml *yaml;
	struct expr *expr; /* NULL: not read yet */
	bool reading;	   /* it is being read: to come by again is a cycle */
};

struct compiler {
	struct heap heap;
	struct diagnose d;
	const struct compile_options *options;
	struct policy_value *value;
	unsigned values;
	unsigned nesting; /* of values being read */
	struct policy_destination *destination;
	unsigned destinations;
	struct policy_scope defaults;
	struct policy_service *service;
	unsigned services;
	struct expr **environment; /* ENV, by number */
	unsigned variables;
	struct policy_event *event;	    /* that is being read ... */
	const struct policy_calls *calling; /* ... or the measure: its functions, for names of
					       parameters */
	unsigned callings;
	unsigned sections; /* numbers given to sections and walks */
	uint64_t source_bytes, source_mtime_ns;
};

/* scalar.c: scalars by the type of their key. False: said, and *into is untouched. */
bool scalar_text(struct compiler *c, const struct yaml *y, const char **into);
bool scalar_bool(struct compiler *c, const struct yaml *y, bool *into);
bool scalar_number(struct compiler *c, const struct yaml *y, uint32_t least, uint32_t most,
		   uint32_t *into);
bool scalar_bytes(struct compiler *c, const struct yaml *y, uint64_t *into);
bool scalar_duration(struct compiler *c, const struct yaml *y, uint64_t *ns);
bool scalar_milliseconds(struct compiler *c, const struct yaml *y, uint32_t *ms);
/* "A to B", or one duration for both. */
bool scalar_range(struct compiler *c, const struct yaml *y, uint32_t *least, uint32_t *most);
/* The scalars of a list, or the one scalar: calls each in turn. */
void scalar_each(struct compiler *c, const struct yaml *y,
		 void (*each)(struct compiler *c, const struct yaml *one, void *context),
		 void *context);
/* One of the names, of which there is a NULL-terminated list: its place in it. */
bool scalar_choice(struct compiler *c, const struct yaml *y, const char *what,
		   const char *const *names, uint32_t *into);
/* LIST (or another op) of TEXT from a text or a list of them. */
struct expr *scalar_texts(struct compiler *c, const struct yaml *y, enum node_op op);

/* template.c */
struct expr *template_of_text(struct compiler *c, const struct yaml *y);
/* By its looks: true, 1.5, null, text; templates in the text. */
struct expr *template_of_value(struct compiler *c, const struct yaml *y);
struct expr *template_value(struct compiler *c, const char *name, struct mark at);

/* conditions.c */
struct expr *conditions_of(struct compiler *c, const struct yaml *y);
/* now: only what the process itself knows when it starts. */
struct expr *conditions_consent(struct compiler *c, const struct yaml *y, bool now);

/* matching.c */
struct expr *matching_of(struct compiler *c, const struct yaml *y);

/* triggers.c */
struct expr *triggers_of(struct compiler *c, const struct yaml *y, struct policy_service *s,
			 struct policy_event *e);

/* services.c */
/* What y says over what *scope has inherited. */
void services_scope(struct compiler *c, const struct yaml *y, struct policy_scope *scope);
void services_of(struct compiler *c, const struct yaml *y);
void services_check_command(struct compiler *c, const struct expr *command);

/* reach.c: what an expression refers to, through values. */
void reach_service(struct compiler *c, struct policy_service *s);
/* Calls visit for each node that the walk of number c->sections has not come by; false ends it. */
typedef bool reach_visit_fn(struct compiler *c, const struct expr *e, void *context);
bool reach_visit(struct compiler *c, struct expr *e, reach_visit_fn *visit, void *context);
/* Does it refer to this fact? */
bool reach_fact(struct compiler *c, struct expr *e, unsigned fact);
/* The destinations of a service that must be asked whether they are live: LIST of LIST, or NULL
 * when one is for sure. */
struct expr *reach_live(struct compiler *c, const struct policy_service *s);
/* Can consent answer it? Otherwise *what is what it can not know. */
bool reach_is_now(struct compiler *c, struct expr *e, const struct expr **what);
/* A named value that is dear to evaluate and the same for all events of a moment. */
bool reach_is_worth_keeping(struct compiler *c, struct expr *e);
bool reach_depth_fits(struct compiler *c, struct expr *e);
/* Is it made of constants, the request's events and its time? Otherwise *what is what it is not. */
bool reach_is_of_request(struct compiler *c, struct expr *e, const struct expr **what);
/* A finding for each place that refers to what only each: or body: know. */
void reach_check_places(struct compiler *c);

/* moments.c: a finding for each thing that the event itself asks for and that nothing which makes
 * it knows. */
void moments_check(struct compiler *c, struct mark first, const struct yaml *y,
		   const struct policy_event *e);

/* layout.c */
/* 0, or -EINVAL after a finding, -ENOMEM. */
int layout_image(struct compiler *c, struct compiled *into);

#endif
