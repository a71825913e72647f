/*
 * What has been evaluated once and counts for all events of a moment: named values that ask files,
 * commands or patterns. Lies in an arena of its own, which outlives the event's; when that is full
 * a value is evaluated again. No allocation; one evaluation.
 */
#ifndef BOOKEND_POLICY_MEMO_H
#define BOOKEND_POLICY_MEMO_H

#include "policy/arena.h"
#include "policy/value.h"

struct memo_entry;

struct memo {
	struct arena arena;
	struct memo_entry *bucket[64];
};

/* key: the node's offset in its section. False: not yet. */
bool memo_find(const struct memo *m, uint32_t key, struct value *into);
void memo_keep(struct memo *m, uint32_t key, const struct value *v);

#endif
