/*
 * What probes said, kept for later runs: STATE/probes/HASH, 0600, at most PROBE_STORE_FILES, the
 * oldest go first. docs/formats.md has the format. One thread; any number of processes.
 */
#ifndef BOOKEND_SENDER_PROBE_STORE_H
#define BOOKEND_SENDER_PROBE_STORE_H

#include <stddef.h>
#include <stdint.h>

#define PROBE_STORE_FILES 256

/* Bytes, or -errno: -ENOENT, -ESTALE when its time is over, -EBADMSG. */
int probe_store_read(const char *state, const uint8_t hash[16], char *into, size_t capacity);
/* seconds 0: for good. What can not be written is not kept. */
void probe_store_write(const char *state, const uint8_t hash[16], uint32_t seconds,
		       const char *bytes, size_t length);

#endif
