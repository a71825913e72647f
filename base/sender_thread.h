/*
 * What the shim and the sender thread of a service share: one record in the host's memory, whose
 * address the shim hands to libbookend-sender.so in its link namespace. docs/architecture.md tells
 * the whole; shim/thread.h and sender/thread.c are the two sides. Times are boot time.
 *
 * Waiting on both sides is by futex on the words marked so. A forked child has a copy of the
 * record, and no thread: the shim clears it there.
 */
#ifndef BOOKEND_BASE_SENDER_THREAD_H
#define BOOKEND_BASE_SENDER_THREAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/paths.h"

/* Changes with every change of this file. */
#define SENDER_THREAD_ABI 2

/* Thread-specific keys: the host's libc gives numbers below this one, the namespace's above. Their
 * values share struct pthread. */
#define SENDER_THREAD_KEYS 512

enum sender_way {
#define WAY(name, by, lower, text) SENDER_##name,
#include "base/sender_ways.def"
#undef WAY
	SENDER_WAYS
};

enum sender_by { SENDER_BY_NOBODY, SENDER_BY_THREAD, SENDER_BY_HELPER, SENDER_BY_LATER };

/* Of a number in a slot, which may be anything. */
enum sender_by sender_way_by(uint32_t way);
const char *sender_way_text(uint32_t way);
/* The name in lower case, for --json. */
const char *sender_way_name(uint32_t way);
const char *sender_by_name(enum sender_by by);

struct sender_thread {
	/* By the shim, before the thread begins; unchanged then. */
	uint32_t abi;	/* SENDER_THREAD_ABI */
	uint32_t bytes; /* of this struct */
	int pid;
	unsigned uid;	    /* effective, at the start */
	uint64_t lifecycle; /* whose events it delivers */
	char state[PATHS_MAX];
	bool stays;   /* more may come than the start */
	bool workers; /* its forked workers have slots of their own */
	/* The slot's `sender` and `sender_drainer`: the thread's while there is one. */
	_Atomic uint32_t *word, *drainer;
	/* By any thread of the host. */
	_Atomic uint32_t leave; /* 1: go as soon as you can */
	_Atomic uint32_t hurry; /* 1: send without waiting for full batches, and say `settled` */
	_Atomic uint32_t bell;	/* futex: counted up, and rung, after a change of these */
	/*
	 * The library is loaded in steps, none of which may overlap a fork or the destructors of
	 * the host: each side sets its own word, then looks at the other's (sequentially
	 * consistent). loading: futex, 1 during a step and until what it loaded is harmless. hold:
	 * futex, hosts inside such a call; no step begins while it is not 0.
	 */
	_Atomic uint32_t loading;
	_Atomic uint32_t hold;
	/* By our threads. */
	_Atomic uint32_t settled; /* futex: 1: what was recorded before `hurry` is out */
	_Atomic int first;	  /* the base libc's thread, which loads; 0: none */
	_Atomic int tid;	  /* the thread at work; 0: none */
	/* By the sender's library; cleared in a forked child. */
	void *stack; /* of the thread at work, kept for the next one */
	bool loaded; /* its namespace exists in this process */
};

#endif
