/*
 * Nodes of a section, checked where they are followed.
 */
#include "policy/node.h"

#include "base/checksum.h"

bool node_carries_bytes(unsigned op)
{
	return op == NODE_TEXT || op == NODE_NUMBER || op == NODE_REGEX;
}

const struct image_node *node_at(const struct section *s, uint32_t offset)
{
	const struct image_node *node;
	uint32_t room;

	if (offset == 0 || offset % 4 != 0 || s->length < sizeof(*node) ||
	    offset > s->length - sizeof(*node))
		return NULL;
	node = (const void *)(s->bytes + offset);
	room = s->length - offset - (uint32_t)sizeof(*node);
	if (node_carries_bytes(node->op)) {
		const char *bytes = (const char *)node->operand;

		return node->value < room && bytes[node->value] == '\0' ? node : NULL;
	}
	return node->count <= room / sizeof(uint32_t) ? node : NULL;
}

const struct image_node *node_of(const struct section *s, uint32_t offset, enum node_op op)
{
	const struct image_node *node = node_at(s, offset);

	return node != NULL && node->op == op ? node : NULL;
}

const struct image_node *node_operand(const struct section *s, const struct image_node *node,
				      unsigned which)
{
	if (node == NULL || node_carries_bytes(node->op) || which >= node->count)
		return NULL;
	return node_at(s, node->operand[which]);
}

const char *node_text(const struct image_node *node)
{
	return node != NULL && node_carries_bytes(node->op) ? (const char *)node->operand : "";
}

const char *node_text_at(const struct section *s, uint32_t offset)
{
	return node_text(node_of(s, offset, NODE_TEXT));
}

const void *section_table(const struct section *s, uint32_t offset, uint32_t count, size_t size)
{
	if (offset % 8 != 0 || offset > s->length || count > (s->length - offset) / size)
		return NULL;
	return s->bytes + offset;
}

uint32_t image_header_check(const struct image_header *h)
{
	return checksum(h->hash, sizeof(*h) - offsetof(struct image_header, hash), h->major);
}
