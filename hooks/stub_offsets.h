/*
 * Where the assembly of hooks/arch finds what is in a struct stub. Shared by C and assembly.
 */
#ifndef BOOKEND_HOOKS_STUB_OFFSETS_H
#define BOOKEND_HOOKS_STUB_OFFSETS_H

#define STUB_COUNT 1536 /* HOOKS_STUBS */

#define STUB_TARGET  0
#define STUB_COUNTER 8
#define STUB_SPEC    16
#define STUB_ENTRY   24
#define STUB_LEAVE   32
#define STUB_WORDS   48
#define STUB_FLOATS  52
#define STUB_BARE    60
#define STUB_BYTES   64

/* enum hooks_next. */
#define NEXT_FOLLOW 1
#define NEXT_ANSWER 2

/* Of stubs_shards. A thread that owns a shard has a cell in which its offset stands. */
#define SHARDS_PROCESSOR 0
#define SHARDS_STRIDE	 8
#define SHARDS_MASK	 16

#endif
