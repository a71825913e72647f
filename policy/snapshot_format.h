/*
 * The snapshot in a start block's payload: what late evaluation needs of the process, taken in its
 * constructor. A sequence of items without padding, so unaligned; only what the service's policy
 * refers to. Sections of the format: docs/formats.md.
 */
#ifndef BOOKEND_POLICY_SNAPSHOT_FORMAT_H
#define BOOKEND_POLICY_SNAPSHOT_FORMAT_H

#include <assert.h>
#include <stdint.h>

enum snapshot_type {
	SNAPSHOT_IMAGE = 1, /* absolute path of the image, with its NUL: where a drainer looks
			       first; comes first */
	SNAPSHOT_ENV,	    /* number: that of the name in the image; a value is whole or absent */
	SNAPSHOT_EXE,
	SNAPSHOT_SCRIPT,
	SNAPSHOT_CWD,
	SNAPSHOT_UNAME, /* sysname, nodename, release, version, machine, each NUL-terminated */
	SNAPSHOT_ARGS,	/* argv[0] and on, each NUL-terminated; whole words only */
	SNAPSHOT_FACT,	/* number: enum fact; its value as it was at the start */
};

#define SNAPSHOT_TRUNCATED 1u /* only its beginning is here */
#define SNAPSHOT_OF_PARENT 2u /* EXE, SCRIPT, ARGS of the process whose child this is */

struct snapshot_item {
	uint8_t type;
	uint8_t flags;
	uint16_t number;
	uint32_t length; /* bytes that follow */
};
static_assert(sizeof(struct snapshot_item) == 8, "format");

#endif
