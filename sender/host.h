/*
 * What a drainer knows of the machine that it runs on. Any thread.
 */
#ifndef BOOKEND_SENDER_HOST_H
#define BOOKEND_SENDER_HOST_H

#include <stdbool.h>
#include <stddef.h>

/* late_process.host: /etc/machine-id, or the first model name of /proc/cpuinfo. 0; -ENODATA: the
 * file says no such thing; -errno. */
int host_get(bool cpu, char *into, size_t capacity);

#endif
