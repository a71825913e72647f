/*
 * A lifecycle that is open: its start has left the pool and its stop has not, byte by byte, as it
 * is kept in STATE/open for the case that the pool is lost with the machine's memory.
 * docs/formats.md explains it. Little-endian; struct open_header, then the start's payload.
 */
#ifndef BOOKEND_SENDER_OPEN_FORMAT_H
#define BOOKEND_SENDER_OPEN_FORMAT_H

#include "base/pool_format.h"

#define OPEN_MAGIC   "BKOPEN\x01"
#define OPEN_VERSION 1

struct open_header {
	char magic[8];
	uint32_t version;
	uint32_t check;	     /* checksum() of start and payload, seed 0 */
	uint8_t boot_id[16]; /* the pool's */
	struct start_block start;
};
static_assert(sizeof(struct open_header) == 160, "format");

#endif
