/*
 * What a policy says of function calls: the symbols of triggers and measures, their prototypes, the
 * gates, and what becomes of them in the image (policy/image_calls.h).
 */
#ifndef BOOKEND_POLICY_COMPILE_CALLS_H
#define BOOKEND_POLICY_COMPILE_CALLS_H

#include "policy/call_format.h"
#include "policy/compile/compiler.h"
#include "policy/image_calls.h"
#include "policy/measure_format.h"

/* A function as the policy names it. */
struct policy_symbol {
	const char *name, *version; /* NULL: no version */
	const char *object;	    /* the calling one; NULL: any */
	struct mark at;
	bool prototype;
	bool variadic;
	uint32_t result; /* enum call_kind; CALL_INT without a prototype */
	unsigned parameters;
	struct {
		const char *name; /* NULL: has none */
		uint32_t kind;	  /* enum call_kind */
		bool text;	  /* const char * */
	} parameter[CALL_PARAMETERS];
};

/* The functions of one trigger or measure. */
struct policy_calls {
	struct policy_symbol *symbol;
	unsigned symbols;
	struct image_gate gate[4]; /* words are given out by call_layout.c */
	unsigned gates;
};

struct policy_measure {
	const char *name;
	struct mark at;
	struct policy_calls calls;
	enum measure_kind kind;
	uint32_t flags;	     /* MEASURE_MICRO */
	uint32_t source;     /* a capture key, or CALL_SOURCE_... */
	struct expr *tested; /* NULL: none */
	struct image_measure place;
};

/* prototype.c: NAME, NAME@VERSION, or a prototype. False after a finding. */
bool prototype_read(struct compiler *c, const struct yaml *y, struct policy_symbol *into);

/* calls.c */
/* The functions of `call` in a trigger's or a measure's mapping, with `in`. */
void calls_read(struct compiler *c, const struct yaml *map, const struct yaml *call,
		struct policy_calls *into);
/* A trigger; it is added to c->event's calls. */
struct expr *calls_trigger(struct compiler *c, const struct yaml *map, const struct yaml *call);
/* What a source looks at, CALL_SOURCE_NONE when it is no number of the call's. */
uint32_t calls_source(const struct expr *e);
/* What must be known when the call returns: CALL_NEEDS_... */
uint32_t calls_needs(uint32_t source);
/* The prototype's kind for what was captured without one. */
uint32_t calls_kind_of(const struct policy_symbol *s, uint32_t source);

/* calls_check.c: once an event or a measure has been read. */
void calls_check_event(struct compiler *c, struct policy_event *e, const struct yaml *y);
void calls_check_measure(struct compiler *c, struct policy_measure *m, const struct yaml *y);

/* measuring.c */
void measuring_of(struct compiler *c, const struct yaml *y, struct policy_service *s);
/* ${measure.NAME.x} */
struct expr *measuring_fact(struct compiler *c, const char *name, struct mark at);
/* Finds out whether the service has what ${measure.NAME.x} asks for. */
void measuring_check(struct compiler *c, const struct expr *e, const struct policy_service *s);

/* call_tests.c: can a condition be decided when the call is made? *why is what can not. */
bool call_tests_fit(const struct expr *e, const struct expr **why);

struct call_tests {
	struct heap *heap;
	struct image_test *test; /* the last one first, jumps by this order */
	unsigned count;
	const struct policy_symbol *symbol;
};
/* The tests of e, with CALL_ACCEPT and CALL_REJECT behind them: where they begin. */
uint32_t call_tests_add(struct call_tests *t, const struct expr *e, uint32_t on_true,
			uint32_t on_false);

/* call_layout.c: the section of one service; first_event is the number of its first event. NULL:
 * it has none. */
struct section_writer *call_layout(struct compiler *c, struct policy_service *s, uint32_t number,
				   uint32_t first_event);

#endif
