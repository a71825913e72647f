/*
 * STATE/probes/HASH: what a probe said. HASH is SipHash-2-4-128 of the probe under the key `bookend
 * probes`. Little-endian.
 */
#ifndef BOOKEND_SENDER_PROBE_STORE_FORMAT_H
#define BOOKEND_SENDER_PROBE_STORE_FORMAT_H

#include <assert.h>
#include <stdint.h>

#define PROBE_STORE_MAGIC "BKPROBE\x01"

struct probe_store_head {
	char magic[8];
	uint64_t until_ns; /* real time; 0: for good */
	uint32_t length;   /* of what follows */
	uint32_t check;	   /* checksum() of it, seeded with length */
};
static_assert(sizeof(struct probe_store_head) == 24, "format");

#endif
