/*
 * Living in a link namespace inside somebody else's process. What a second libc shares with the
 * host's, and must not: the environment's array, the values of thread-specific keys (they lie in
 * struct pthread, which is one for both), cached stacks, and the exit, at which the loader runs the
 * destructors of every namespace on the host's thread. Each is parted here, and looked at
 * afterwards. glibc 2.36 is what was read for it; what a later one does otherwise fails a check.
 */
#ifndef BOOKEND_SENDER_NAMESPACE_H
#define BOOKEND_SENDER_NAMESPACE_H

#include <stdbool.h>

#include "base/sender_thread.h"

/* Are we in a namespace of our own? */
bool namespace_is_own(void);

/* Environment, keys, destructors, allocator. Once, before anything is allocated. 0, or why not. */
enum sender_way namespace_part(void);

/* Switches off the destructors of what has been loaded since; false: some are not. */
bool namespace_defuse(void);

/*
 * A detached thread of this namespace's libc on a stack of ours, every signal blocked: one of
 * libc's own would be put, by a fork of the host, among those that the other libc frees. *stack: of
 * an earlier thread that is gone, or NULL; it is kept for the next one. 0 or -errno.
 */
int namespace_thread(void *(*run)(void *), void *argument, void **stack);

#endif
