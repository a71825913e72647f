/*
 * Waiting for a word in memory, and waking who waits, inside one process (futex(2)). Raw system
 * calls: any thread, signal handlers. Waits end by themselves for no reason; look again.
 */
#ifndef BOOKEND_BASE_FUTEX_H
#define BOOKEND_BASE_FUTEX_H

#include <stdatomic.h>
#include <stdint.h>

/* While *word is `value`, at most so long. */
void futex_wait(_Atomic uint32_t *word, uint32_t value, uint32_t ms);
/* All that wait for it. */
void futex_wake(_Atomic uint32_t *word);

#endif
