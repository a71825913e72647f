/*
 * Values by the node that made them.
 */
#include "policy/memo.h"

struct memo_entry {
	struct memo_entry *next;
	struct value value;
	uint32_t key;
};

#define BUCKETS (sizeof(((struct memo *)NULL)->bucket) / sizeof(struct memo_entry *))

static unsigned bucket_of(uint32_t key)
{
	/* Nodes are aligned to 4 and some words long. */
	return (key >> 3) % BUCKETS;
}

bool memo_find(const struct memo *m, uint32_t key, struct value *into)
{
	const struct memo_entry *entry = m->bucket[bucket_of(key)];

	while (entry != NULL && entry->key != key)
		entry = entry->next;
	if (entry == NULL)
		return false;
	*into = entry->value;
	return true;
}

void memo_keep(struct memo *m, uint32_t key, const struct value *v)
{
	size_t mark = m->arena.used;
	struct memo_entry *entry = arena_take(&m->arena, sizeof(*entry));
	char *text = entry != NULL ? arena_copy(&m->arena, v->text, v->length) : NULL;

	if (text == NULL) {
		m->arena.used = mark;
		return;
	}
	*entry = (struct memo_entry){ .next = m->bucket[bucket_of(key)], .value = *v, .key = key };
	entry->value.text = text;
	m->bucket[bucket_of(key)] = entry;
}
