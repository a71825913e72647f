/*
 * Opening, making and mapping the hot pool. Raw system calls, no allocation: the shim's
 * constructor, the launcher and drainers all come through here. A descriptor is open only between
 * pool_open() and pool_close_file(). Errors are -errno; *why says which reason to report and to
 * tally.
 *
 * The folder must be a directory of ours with mode 0700 on a tmpfs and is opened without following
 * links; the file likewise: a regular file, ours, 0600, of the size its header says. A new pool is
 * written under a temporary name, fully allocated (fallocate), and linked to its name: the first
 * link wins, nothing is ever truncated.
 */
#ifndef BOOKEND_BASE_POOL_H
#define BOOKEND_BASE_POOL_H

#include <stdbool.h>

#include "base/pool_format.h"
#include "base/reasons.h"

struct pool {
	int file;		    /* -1 when closed */
	struct pool_header *header; /* shared mapping of header and claim words */
	_Atomic uint64_t *claims;
	size_t head_bytes; /* of that mapping */
	uint8_t *whole;	   /* drainers: the whole file, else NULL */
	/* Private copies, checked at the border; the mapped ones can be written by others. */
	uint32_t slots;
	uint32_t classes;
	struct pool_class class[POOL_CLASSES];
	uint64_t file_bytes;
	uint8_t id[16];
	uint8_t boot_id[16];
	uint64_t proc_device;
	uint64_t pid_namespace;
	uint64_t own_namespace; /* of pool_pid_namespace(); 0: it was not asked */
	bool other_boot; /* drainers: made under another boot id, so all its processes are dead */
};

/*
 * uid: whose pool (the effective user); state: the state directory's path from paths_state().
 * make: create folder and pool when they are missing. whole: map everything (drainers).
 */
int pool_open(struct pool *pool, unsigned uid, const char *state, bool make, bool whole,
	      enum reason *why);
/* The same with the folder given: for tests, which have theirs on a tmpfs of their own. */
int pool_open_in(struct pool *pool, const char *folder, unsigned uid, const char *state, bool make,
		 bool whole, enum reason *why);
/* A pool image in the caller's memory (8-byte aligned), never to be closed. 0 or -EBADMSG. */
int pool_over_memory(struct pool *pool, void *bytes, size_t length);

/*
 * process_pid_namespace(), once, and cheaply where the pool's maker saw the same /proc: looking
 * into /proc/self makes the kernel build its entries for a new process, which costs more than
 * claiming a slot.
 */
uint64_t pool_pid_namespace(struct pool *pool);

/*
 * *into is *mapped with its file open again, to map slots in a process that runs on: for any thread
 * and signal handlers. -ESTALE: another pool has its name now. To be ended by pool_close_file().
 */
int pool_reopen(const struct pool *mapped, unsigned uid, const char *state, struct pool *into);
/* With less stack, for hooks: the names are the caller's, of paths.h. */
int pool_reopen_at(const struct pool *mapped, unsigned uid, const char *folder, const char *name,
		   struct pool *into);

void pool_close_file(struct pool *pool);
void pool_close(struct pool *pool);

/*
 * Counts are relaxed and never fail. They are no records: a process killed between a change and its
 * count was not counted.
 */
void pool_count(struct pool *pool, enum pool_count which, uint64_t by);
uint64_t pool_counted(const struct pool *pool, enum pool_count which);
const char *pool_count_text(enum pool_count which);
const char *pool_count_name(enum pool_count which);

/* Slots taken and slots there are, for status and for the half-full rule: scans the claim words. */
void pool_usage(const struct pool *pool, uint32_t *taken, uint32_t *slots);

/*
 * The tally of losses for processes that found no usable pool: one byte, the reason, appended to
 * the file `losses` in the state directory (at most 1 MiB). Raw system calls; failure is silent.
 */
void pool_tally_loss(const char *state, enum reason reason);

#endif
