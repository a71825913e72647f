/*
 * A call event in a ring, and the captures that it carries: what a hook leaves for drainers. A ring
 * record of type CALL_RING_TYPE has as its payload a struct call_record and behind it the captured
 * values, one struct call_item each with its bytes, filled up to a multiple of CALL_ALIGN.
 * Little-endian. A value that could not be read has no item. docs/formats.md explains it.
 *
 * A capture key says what was captured and how it is to be read: NODE_PARAMETER's value, and the
 * key of its item, so that late evaluation needs no table.
 */
#ifndef BOOKEND_POLICY_CALL_FORMAT_H
#define BOOKEND_POLICY_CALL_FORMAT_H

#include <assert.h>
#include <stdint.h>

#define CALL_RING_TYPE 1
#define CALL_ALIGN     8

struct call_record {
	uint32_t event;	      /* its number in the image */
	uint32_t call;	      /* the symbol's number in image_service.calls */
	uint64_t result;      /* as CALL_RESULT_KIND(flags) says */
	int32_t error;	      /* errno behind a call that failed, else 0 */
	uint32_t flags;	      /* CALL_HAS_..., CALL_FAILED, the result's kind */
	uint64_t duration_ns; /* of the call */
};
static_assert(sizeof(struct call_record) == 32, "format");

#define CALL_HAS_RESULT	  1u
#define CALL_HAS_ERROR	  2u
#define CALL_HAS_DURATION 4u
#define CALL_FAILED	  8u /* the result is -1, or NULL where it is a pointer */
#define CALL_DECIDED	  16u /* the event's `if` held when the call was made; it is not asked again */

#define CALL_RESULT_KIND(flags) ((flags) >> 8 & 0xff) /* enum call_kind */
#define CALL_RESULT_FLAGS(kind) ((uint32_t)(kind) << 8)

struct call_item {
	uint32_t key;
	uint32_t length; /* of bytes; texts have no NUL */
	uint8_t bytes[];
};
static_assert(sizeof(struct call_item) == 8, "format");

/* A whole record. A hook makes it on its stack. */
#define CALL_RECORD_MAX 512
/* One captured text at most; it is cut, and to what room there is. */
#define CALL_TEXT_MAX 255

#define CALL_KEY(place, kind, length_place)                                                        \
	((uint32_t)(place) | (uint32_t)(kind) << 8 | (uint32_t)(length_place) << 16)
#define CALL_KEY_PLACE(key)  ((key)&0xff)	  /* of the parameter, from 1 */
#define CALL_KEY_KIND(key)   ((key) >> 8 & 0xff)  /* enum call_kind */
#define CALL_KEY_LENGTH(key) ((key) >> 16 & 0xff) /* place of its length; 0: up to the NUL */

/*
 * How a machine word is read, as call_kinds.def: by the policy's `as`, or by a prototype. Results
 * and captures are stored in 8 bytes: integers widened, floats of 4 bytes in the lower half.
 */
enum call_kind {
#define KIND(name, text, class, bytes) CALL_##name,
#include "policy/call_kinds.def"
#undef KIND
	CALL_KIND_COUNT
};

enum call_class { CALL_IS_NOTHING, CALL_IS_SIGNED, CALL_IS_UNSIGNED, CALL_IS_FLOAT, CALL_IS_TEXT };

#endif
