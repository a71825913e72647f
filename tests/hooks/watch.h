/*
 * What watch.so counts and sees, in a file that the test maps: test_hooks.py reads it by this
 * layout.
 */
#ifndef TESTS_HOOKS_WATCH_H
#define TESTS_HOOKS_WATCH_H

#include <assert.h>
#include <stdint.h>

#define WATCH_SPECS  64
#define WATCH_SHARDS 16

struct watch_seen {
	uint64_t entries;
	uint64_t leaves;
	uint64_t integer[6];
	uint64_t floating[8];
	uint64_t stack[8];
	uint64_t result;
	uint64_t error;
	uint64_t found[16]; /* definitions, slots; by enum hooks_outcome */
};
static_assert(sizeof(struct watch_seen) == 42 * 8, "test_hooks.py");

struct watch_file {
	_Atomic uint64_t counter[WATCH_SHARDS][WATCH_SPECS];
	struct watch_seen seen[WATCH_SPECS];
	int64_t installed; /* what hooks_install() returned */
	uint64_t here;	   /* watch.so was loaded */
	uint64_t took;	   /* the installation, ns */
	_Atomic uint64_t owners;
};

#endif
