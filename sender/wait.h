/*
 * Waiting for the death of a process that is not our child: the service that left its last records
 * to this helper. One thread.
 */
#ifndef BOOKEND_SENDER_WAIT_H
#define BOOKEND_SENDER_WAIT_H

#include <stdint.h>

/* Returns when pid is dead, *stop is set (may be NULL) or the time is over. */
void wait_for_death(uint32_t pid, int timeout_ms, const volatile int *stop);

#endif
