/*
 * A compiled pattern: the bytes of a NODE_REGEX. 4-byte aligned, little-endian:
 *
 *   struct regex_head, struct regex_step[steps], struct regex_range[ranges]
 *
 * Matching begins at step 0 and goes on with the next step unless the operation says otherwise.
 * Characters are code points; a byte that is no UTF-8 is REGEX_BYTE + its value.
 */
#ifndef BOOKEND_POLICY_REGEX_FORMAT_H
#define BOOKEND_POLICY_REGEX_FORMAT_H

#include <assert.h>
#include <stdint.h>

#define REGEX_STEPS_MAX	 500
#define REGEX_RANGES_MAX 2000

#define REGEX_BYTE     0x110000u
#define REGEX_CHAR_MAX 0x1100ffu

struct regex_head {
	uint16_t steps, ranges;
};
static_assert(sizeof(struct regex_head) == 4, "format");

enum regex_op {
	REGEX_CHAR,   /* value: the character */
	REGEX_CLASS,  /* the character is in `other` ranges from range number `value` on */
	REGEX_SPLIT,  /* goes on at `value`, and when that fails at `other` */
	REGEX_JUMP,   /* goes on at `value` */
	REGEX_OPEN,   /* the first group begins here ... */
	REGEX_CLOSE,  /* ... and ends here */
	REGEX_BEGIN,  /* at the beginning of the text */
	REGEX_END,    /* at its end, or before the line feed that ends it */
	REGEX_WORD,   /* between \w and \W */
	REGEX_INSIDE, /* not between them */
	REGEX_MATCH,
	REGEX_OPS
};

struct regex_step {
	uint16_t op; /* enum regex_op */
	uint16_t other;
	uint32_t value;
};
static_assert(sizeof(struct regex_step) == 8, "format");

struct regex_range {
	uint32_t first, last;
};
static_assert(sizeof(struct regex_range) == 8, "format");

#endif
