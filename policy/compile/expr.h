/*
 * What a source, a condition or a list becomes before it is written into a section: the node of the
 * image with pointers instead of offsets. Shared freely (values, inherited properties); written
 * once into each section that refers to it.
 */
#ifndef BOOKEND_POLICY_COMPILE_EXPR_H
#define BOOKEND_POLICY_COMPILE_EXPR_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/compile/heap.h"
#include "policy/compile/diagnose.h"
#include "policy/image_format.h"

struct expr {
	enum node_op op;
	uint32_t value;
	const char *text;      /* TEXT, NUMBER, REGEX: `value` bytes */
	struct expr **operand; /* NULL operands are written as 0 */
	unsigned count;
	struct mark at;
	unsigned depth;	  /* of what hangs below; 0: not known yet */
	unsigned seen;	  /* the last walk that came by */
	unsigned section; /* the last section it was written into ... */
	uint32_t offset;  /* ... and where */
};

struct expr *expr_new(struct heap *h, enum node_op op, uint32_t value, struct mark at);
struct expr *expr_text(struct heap *h, enum node_op op, const char *text, struct mark at);
void expr_add(struct heap *h, struct expr *list, struct expr *operand);
struct expr *expr_wrap(struct heap *h, enum node_op op, uint32_t value, struct expr *source);

/* OBJECT: outer with inner's keys over it, objects in both merged likewise; removed keys fall away.
 * Either may be NULL. */
struct expr *expr_merge(struct heap *h, struct expr *outer, struct expr *inner);
/* What stands for `omit: always`. */
#define EXPR_REMOVED NODE_NONE

/* Levels below and including this one. */
unsigned expr_depth(struct expr *e);

/* A constant text, or NULL. */
const char *expr_constant(const struct expr *e);

/* A section being written. Offsets are those of the section. */
struct section_writer {
	struct heap *heap;
	uint8_t *bytes;
	uint32_t used, capacity;
	unsigned number; /* differs for each section of a run */
};

/* The first `head` bytes are the caller's, zeroed. */
void section_begin(struct section_writer *w, struct heap *h, unsigned number, uint32_t head);
/* Zeroed, aligned to 8; the offset. */
uint32_t section_reserve(struct section_writer *w, uint32_t bytes);
/* 0 for NULL. */
uint32_t section_write(struct section_writer *w, struct expr *e);

#endif
