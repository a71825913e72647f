/*
 * Evaluation of the nodes of one section, the same code inside (consent, from the living process)
 * and in drainers (from a snapshot). What differs stands in struct eval_world. No allocation but
 * from the arena, bounded in depth and steps, so that no image, however damaged, can hold it up.
 */
#ifndef BOOKEND_POLICY_EVAL_H
#define BOOKEND_POLICY_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/arena.h"
#include "policy/facts.h"
#include "policy/measure_format.h"
#include "policy/node.h"
#include "policy/value.h"

#define EVAL_DEPTH 32
#define EVAL_STEPS 100000

struct eval;
struct memo; /* policy/memo.h */

/* An identifier that a policy asks for. */
struct eval_id {
	const char *kind;     /* run, installation, keyed */
	const char *key;      /* of keyed, else NULL */
	const char *alphabet; /* its characters; NULL: a UUID */
	uint32_t length;      /* then */
	const char *file;     /* where it is kept, instead of the state directory; NULL: there */
};

/* Where the values come from. Texts live as long as the evaluation, in the arena when they are
 * made. */
struct eval_world {
	struct value (*env)(struct eval *e, uint32_t number, const char *name);
	struct value (*fact)(struct eval *e, enum fact fact);
	struct value (*id)(struct eval *e, const struct eval_id *id);
	/* RUN and GET: what only a drainer can find out. NULL: absent. */
	struct value (*probe)(struct eval *e, const struct image_node *node);
	/* Of the call that an event is about: the key is NODE_PARAMETER's. NULL: absent. */
	struct value (*parameter)(struct eval *e, uint32_t key);
	/* What was remembered under that name. NULL: absent. */
	struct value (*remembered)(struct eval *e, const char *name);
	/* The element of for_each. NULL: absent. */
	struct value (*item)(struct eval *e);
	/* The service's measure of that name. NULL: absent. */
	struct value (*measure)(struct eval *e, const char *name, enum measure_statistic which);
	/* Files, and what is taken out of JSON: FILE, SIZE, LOOKUP, ARRAY, KEEP, DROP, PRESENCE.
	 * NULL: only FILE, and of it one value. */
	struct value (*large)(struct eval *e, const struct image_node *node);
};

/* The words of the process's command line, and what the policy knows of them. */
struct eval_words {
	int argc;
	const char *const *argv;
	int first;		/* the program's own word: behind the interpreter's, for a script */
	const char *program;	/* path of the script, or of the executable; NULL: unknown */
	const char *exe;	/* path of the executable, of a child */
	uint32_t commands;	/* LIST of TEXT in the section, 0: none */
	uint32_t value_options; /* likewise */
};

struct eval {
	struct section section;
	struct arena *arena;
	const struct eval_world *world;
	const void *context; /* the world's */
	struct eval_words words;
	struct eval_words child; /* that an event is about; no words: none */
	struct memo *memo;	 /* NULL: everything is evaluated where it is needed */
	unsigned depth;
	unsigned steps; /* left */
	struct text
		*secrets; /* gets the values of secret sources, a line each; NULL: nobody asks */
	bool mask;	  /* secrets read "(secret)" */
	bool precise;	  /* event.time with nanoseconds: it is about to be converted */
	bool strict;	  /* a test of what was asked outside is unknown when there is no answer */
};

/* 0 is absent. A value that does not fit the arena is unreadable, and arena->full tells. */
struct value eval_source(struct eval *e, uint32_t node);
enum truth eval_condition(struct eval *e, uint32_t node);

/* Does it refer to such a node? */
bool eval_asks(struct eval *e, uint32_t node, enum node_op op);

/* A scalar as text, NULL when it is anything else. */
const char *eval_scalar(struct eval *e, uint32_t node);

#endif
