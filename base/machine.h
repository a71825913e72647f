/*
 * What the kernel says of the machine: randomness and the boot's id. System calls; never on a hook
 * path.
 */
#ifndef BOOKEND_BASE_MACHINE_H
#define BOOKEND_BASE_MACHINE_H

#include <stdint.h>

/* 0 or -errno. Never waits for entropy. */
int machine_random(uint8_t into[16]);

/* /proc/sys/kernel/random/boot_id as bytes; all zero when it can not be read. */
void machine_boot_id(uint8_t into[16]);

#endif
