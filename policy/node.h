/*
 * Bounds-checked reading of the nodes of one section (policy/image_format.h). A bad reference is
 * NULL or "", never a read outside the section. No allocation; any thread, any world.
 */
#ifndef BOOKEND_POLICY_NODE_H
#define BOOKEND_POLICY_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/image_format.h"

struct section {
	const uint8_t *bytes; /* 4-byte aligned */
	uint32_t length;
};

/* NULL: offset 0, or not a whole node inside the section. */
const struct image_node *node_at(const struct section *s, uint32_t offset);

/* A node of this operation, else NULL. */
const struct image_node *node_of(const struct section *s, uint32_t offset, enum node_op op);

/* The operand's node; NULL also past the last operand. */
const struct image_node *node_operand(const struct section *s, const struct image_node *node,
				      unsigned which);

/* TEXT, NUMBER, REGEX: `value` bytes stand in place of operands. */
bool node_carries_bytes(unsigned op);

/* The bytes of such a node; "" for any other node and for NULL. NUL-terminated. */
const char *node_text(const struct image_node *node);
const char *node_text_at(const struct section *s, uint32_t offset);

/* What a header's check should be. */
uint32_t image_header_check(const struct image_header *h);

/* count * size bytes at offset, aligned to 8, or NULL. */
const void *section_table(const struct section *s, uint32_t offset, uint32_t count, size_t size);

#endif
