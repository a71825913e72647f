/*
 * The `calls` section of a service, byte by byte: which symbols a process of it hooks, and what a
 * call does. Read by the shim once it is measured, into memory of its own, and used as it stands:
 * flat tables, no parsing, no recursion. References are offsets from the section's first byte,
 * numbers are indices into its tables; all are checked once, by image_calls_hold().
 *
 *   a call          one symbol (of one version, called by one object); its actions stand side by
 * side an action       adds to a measure, or records an event, when its tests allow it tests a
 * program of comparisons with jumps forward, in the place of `if` a gate          once, one_in,
 * first, limit: a word of the counters, shared by forked workers
 */
#ifndef BOOKEND_POLICY_IMAGE_CALLS_H
#define BOOKEND_POLICY_IMAGE_CALLS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define CALLS_BYTES_MAX (256u << 10)
#define CALLS_MAX	1024 /* symbols of one service */

#define CALL_PARAMETERS 31 /* of a prototype: a bit for each */
#define CALL_PLACES	63 /* of a parameter, when there is no prototype */

struct image_table {
	uint32_t offset;
	uint32_t count;
};

struct image_calls {
	uint32_t check; /* checksum() of the bytes behind it, seeded with the service's number */
	uint32_t bytes; /* of this section; its last one is a NUL */
	uint32_t service;
	uint32_t stride; /* of a shard of the counters */
	uint32_t counter_bytes;
	uint32_t events; /* actions that record events: 0: no ring is needed */
	struct image_table call;
	struct image_table action;
	struct image_table test;
	struct image_table capture; /* uint32_t keys, policy/call_format.h */
	struct image_table gate;
};
static_assert(sizeof(struct image_calls) == 64, "format");

struct image_call {
	uint32_t name;	  /* NUL-terminated, as the next two */
	uint32_t version; /* 0: any */
	uint32_t object;  /* last part of the calling object's path; 0: every object */
	uint32_t action;  /* its first one */
	uint32_t actions;
	uint32_t flags;	     /* CALL_NEEDS_... */
	uint32_t parameters; /* CALL_PARAMETERS_UNKNOWN: no prototype, or a variadic one */
	uint32_t result;     /* enum call_kind */
	uint32_t floats;     /* a bit for each parameter that comes in a floating-point register */
	uint32_t pad;
};
static_assert(sizeof(struct image_call) == 40, "format");

#define CALL_NEEDS_RESULT	1u
#define CALL_NEEDS_ERROR	2u
#define CALL_NEEDS_DURATION	4u
#define CALL_NEEDS_FLOATS	8u /* a parameter is a float */
#define CALL_NEEDS_AFTER	(CALL_NEEDS_RESULT | CALL_NEEDS_ERROR | CALL_NEEDS_DURATION)
#define CALL_PARAMETERS_UNKNOWN UINT32_MAX

/* What an action or a test looks at: a capture key, or one of these, whose place is 0. */
#define CALL_SOURCE_RESULT   (1u << 24)
#define CALL_SOURCE_ERROR    (2u << 24)
#define CALL_SOURCE_DURATION (3u << 24) /* ns */
#define CALL_SOURCE_NONE     0u

struct image_action {
	uint32_t test;	/* its first one; CALL_ACCEPT: none */
	uint32_t needs; /* CALL_NEEDS_AFTER's bits: with any, it is done behind the call */
	/* A measure's. */
	uint32_t kind;	 /* enum measure_kind, or ACTION_EVENT */
	uint32_t narrow; /* as in struct image_measure */
	uint32_t wide;
	uint32_t source;
	/* An event's. */
	uint32_t event; /* its number in the image */
	uint32_t gate;	/* its first one */
	uint32_t gates;
	uint32_t capture; /* its first one */
	uint32_t captures;
	uint32_t record; /* CALL_NEEDS_...: what of the call's end goes into the record */
	uint32_t flags;	 /* ACTION_... */
	uint32_t pad;
};
static_assert(sizeof(struct image_action) == 56, "format");

#define ACTION_EVENT   UINT32_MAX
#define ACTION_DECIDED 1u /* its tests are the event's whole `if` */

/*
 * The value, widened to 64 bits and put in order as a signed number (an unsigned one and a float's
 * bits are mapped so that the order stays), lies between least and most, or it does not. An
 * unreadable value goes to on_false.
 */
struct image_test {
	uint32_t source;
	uint32_t on_true; /* the next test, further on; or CALL_ACCEPT, CALL_REJECT */
	uint32_t on_false;
	uint32_t pad;
	int64_t least;
	int64_t most;
};
static_assert(sizeof(struct image_test) == 32, "format");

#define CALL_ACCEPT UINT32_MAX
#define CALL_REJECT (UINT32_MAX - 1)

enum gate_kind {
	GATE_ONCE,   /* the first time */
	GATE_ONE_IN, /* each number'th time, the first one included */
	GATE_FIRST,  /* the first `number` in each period */
	GATE_LIMIT,  /* the same, and what it holds back is counted as a loss */
	GATE_KINDS
};

struct image_gate {
	uint32_t kind;
	uint32_t number;
	uint32_t word; /* its state: offset in the counters */
	uint32_t pad;
	uint64_t period_ns;
};
static_assert(sizeof(struct image_gate) == 24, "format");

/* A table's first element. */
const void *image_calls_at(const struct image_calls *calls, const struct image_table *table);
/* Are all references of a section of this many bytes, 8-byte aligned, inside it? */
bool image_calls_hold(const struct image_calls *calls, uint32_t bytes, uint32_t service);

#endif
