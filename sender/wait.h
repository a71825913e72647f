/*
 * Waiting for the death of a process that is not our child: the service that left its last records
 * to this helper. One thread.
 */
#ifndef BOOKEND_SENDER_WAIT_H
#define BOOKEND_SENDER_WAIT_H

#include <stdint.h>

/*
 * Returns when pid is dead, *stop is set (may be NULL) or the time is over. Its status, as wait(2)
 * gives it, where the kernel tells who is not the parent: of a zombie of ours, and of a process
 * that was reaped since, from Linux 6.15 on. Else -1. file: its pidfd, opened while it lived,
 * closed here; 0: none.
 */
int wait_for_death(uint32_t pid, int file, int timeout_ms, const volatile int *stop);

#endif
