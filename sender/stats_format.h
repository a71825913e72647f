/*
 * What drainers did, byte by byte: the file `stats` of the state directory, fixed in size, mapped
 * and added to by any number of drainers of one user. `bookend status` reads it. docs/formats.md,
 * section "Spool". Little-endian.
 */
#ifndef BOOKEND_SENDER_STATS_FORMAT_H
#define BOOKEND_SENDER_STATS_FORMAT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_MAGIC	   "BKSTATS\x01"
#define STATS_DESTINATIONS 32
#define STATS_TEXT	   200

enum stats_count {
#define COUNT(NAME, name, text) STATS_##NAME,
#include "sender/stats_counts.def"
#undef COUNT
	STATS_COUNT_LAST
};

/* One destination, by its name in the policy. */
struct stats_destination {
	_Atomic uint32_t taken;	   /* 0 free, 1 being named, 2 named */
	_Atomic uint32_t sequence; /* of the error's text: odd while it is written */
	char name[64];
	_Atomic uint64_t success_ns; /* real time of the last acknowledgement, 0: none yet */
	_Atomic uint64_t error_ns;   /* real time of the last error */
	_Atomic uint32_t failures;   /* flushes in a row that ended with an error */
	uint32_t pad;
	char error[STATS_TEXT]; /* NUL-terminated; never holds a key */
};
static_assert(sizeof(struct stats_destination) == 296, "format");

struct stats_file {
	char magic[8];
	uint32_t destinations;
	uint32_t pad;
	_Atomic uint64_t count[30]; /* enum stats_count, since the file was made */
	struct stats_destination destination[STATS_DESTINATIONS];
};
static_assert(STATS_COUNT_LAST <= 30, "format");
static_assert(sizeof(struct stats_file) == 256 + STATS_DESTINATIONS * 296, "format");

#endif
