/*
 * A slot of the hot pool: one lifecycle. Writers are the owner (shim), its waiter (launcher) and
 * whoever takes the lifecycle over; readers are drainers and `bookend tail`. All writes here are
 * plain stores and compare-and-swaps into mapped memory: async-signal-safe, no allocation, no
 * system call but the clock's (slot_claim and slot_find map memory and belong into constructors and
 * tools).
 *
 * A store that matters is followed by a commit word with release order; readers load it with
 * acquire, copy out, check the copy, and look at the claim word again.
 */
#ifndef BOOKEND_BASE_SLOT_H
#define BOOKEND_BASE_SLOT_H

#include "base/pool.h"

struct slot_ref {
	struct pool *pool;
	struct slot *slot; /* mapped: the whole slot of class.slot_bytes */
	_Atomic uint64_t *claim;
	uint32_t number;
	uint64_t lifecycle;
	struct pool_class class; /* private copy */
};

/*
 * Claims a free slot of the first class with enough room for pid. State becomes CLAIM_TAKEN;
 * seen_ns is set, the counters asked for are zero; nothing is committed yet. -ENOSPC: none free
 * (the caller counts POOL_NO_SLOT); other -errno from mmap. Killed at any instant, it leaves a slot
 * whose tenant is dead and which a drainer frees.
 */
int slot_claim(struct pool *pool, uint32_t pid, uint32_t payload_bytes, uint32_t counter_bytes,
	       uint32_t ring_bytes, struct slot_ref *into);

/*
 * The slot whose live lifecycle this pid owns (TAKEN, RUNNING, EXECUTING, DAEMONIZING), if it was
 * claimed after the process began, and in our pid namespace: both are asked only when a claim word
 * names the pid. -ENOENT: none. from: the number where to begin, 0 or what slot_first_of() said.
 */
int slot_find(struct pool *pool, uint32_t pid, uint32_t from, struct slot_ref *into);

/* The live lifecycle of this pid, or 0. For the search of measured parents; maps nothing. */
uint64_t slot_owned_by(struct pool *pool, uint32_t pid, uint32_t from);

/* No slot before that number is either pid's (other: 0, nobody's): one look at the claim words for
 * two searches. */
uint32_t slot_first_of(const struct pool *pool, uint32_t pid, uint32_t other);

/*
 * The next slot from number *at on that this pid owns or ended as its owner, whatever process has
 * had the pid. No system call. slot_map() maps it: 0 or -errno.
 */
bool slot_names(const struct pool *pool, uint32_t pid, uint32_t *at);
int slot_map(struct pool *pool, uint32_t number, struct slot_ref *into);

/* For drainers with the whole pool mapped: slot number's view, without any claim. */
void slot_view(struct pool *pool, uint32_t number, struct slot_ref *into);

void slot_unmap(struct slot_ref *ref);

/* The start payload's place and size; the owner fills it before slot_commit_start(). */
uint8_t *slot_payload(const struct slot_ref *ref);

/* The counters' place, class.counter_bytes long: words of 8 bytes, added to by any thread. */
uint8_t *slot_counters(const struct slot_ref *ref);

/* Completes facts (commit, check), moves TAKEN to RUNNING. facts->payload bytes are in place. */
void slot_commit_start(struct slot_ref *ref, const struct start_block *facts);

/*
 * Takes the start back: the process never came to be. Without it a drainer frees the slot of a dead
 * tenant, and nothing was recorded.
 */
void slot_withdraw(struct slot_ref *ref);

/* What a note says; the rest is filled in. */
struct note_facts {
	enum exit_reason reason;
	int code; /* -1: none */
	int signal;
	int after_signal;
	uint32_t pid; /* whose end it is: the owner's, also in the waiter's note */
	uint16_t flags;
	bool confined; /* no system call may be made: the clock of the vDSO */
};

/* By the owner: any number of times, from any thread or signal handler; the newest counts. */
void slot_note_own(struct slot_ref *ref, const struct note_facts *facts);
/* By the launcher, right after the claim: pid will report how the owner ended. */
void slot_set_waiter(struct slot_ref *ref, uint32_t pid);
/* By the claimer: its parent pid may report that, when it waits for its children. */
void slot_set_parent(struct slot_ref *ref, uint32_t pid);
/* By the waiter, or who else knows from the kernel: the first about facts->pid counts. */
void slot_note_waited(struct slot_ref *ref, const struct note_facts *facts);

/*
 * Changes of owner and state, all by compare-and-swap; true when it was this call that did it.
 * pid is the caller's. slot_take_over sets seen_ns first.
 */
bool slot_change(struct slot_ref *ref, uint32_t pid, enum claim_state from, enum claim_state to);
bool slot_take_over(struct slot_ref *ref, uint32_t from_pid, enum claim_state from, uint32_t to_pid,
		    enum claim_state to);

/*
 * Was what was recorded at that boot time recorded behind a change of the process's credentials?
 * Then no probe may be run for it.
 */
bool slot_untrusted_at(const struct slot_ref *ref, uint64_t boot_ns);

/*
 * Where the process aborted, a line each, at most SLOT_FRAMES bytes: by the owner, once, when the
 * start's payload left room for them. Reader: the text with a NUL; -ENODATA, -EBADMSG, -ENOSPC.
 */
void slot_note_frames(struct slot_ref *ref, const char *text, uint32_t length);
int slot_read_frames(const struct slot_ref *ref, char *into, size_t capacity);

/*
 * Copies for readers: 0, -ENODATA (nothing committed for this lifecycle), -EBADMSG (check failed).
 * They write nothing, so that a read-only mapping will do. slot_read_start: -EMSGSIZE when the
 * payload exceeds capacity; payload may be NULL, then it is only checked.
 */
int slot_read_start(const struct slot_ref *ref, struct start_block *facts, uint8_t *payload,
		    uint32_t capacity);
int slot_read_own(const struct slot_ref *ref, struct note *into);
int slot_read_waited(const struct slot_ref *ref, struct note *into);

#endif
