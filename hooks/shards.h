/*
 * Which shard of a counter a thread adds to. A thread that owns a shard adds without a lock, which
 * would cost as much as the call; all others add atomically to the shard of the processor they run
 * on. Owned ones are the second half.
 *
 * A shard has one owner in all processes that share the counters, so the next free one is a word
 * among them. What a process owns stands in a page that the kernel wipes in the child of every
 * fork, raw ones too: children own nothing and claim their own. A thread that ends keeps its shard;
 * when all are taken, the rest goes by processor.
 * What a muted thread adds goes into memory that nobody reads.
 */
#ifndef BOOKEND_HOOKS_SHARDS_H
#define BOOKEND_HOOKS_SHARDS_H

#include "hooks/hooks.h"

/* Before the first stub is used. */
void shards_begin(const struct hooks_setup *setup);

#endif
