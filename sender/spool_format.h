/*
 * A spool segment, byte by byte: events that left the hot pool and wait for their receivers.
 * docs/formats.md explains it. Little-endian. The file is struct spool_header, then records, each
 * padded to 8 bytes; its name is POOL-DRAINER-NUMBER.spool (8 hexadecimal digits of the pool's id,
 * two decimal numbers). Whoever holds the file's flock owns it.
 *
 * A group is the events of one moment of one lifecycle, then SPOOL_END. What follows the last good
 * end or void mark is cut off.
 */
#ifndef BOOKEND_SENDER_SPOOL_FORMAT_H
#define BOOKEND_SENDER_SPOOL_FORMAT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define SPOOL_MAGIC   "BKSPOOL\x01"
#define SPOOL_VERSION 1
#define SPOOL_ROUTES  64 /* of one segment: an event's routes are bits of a word */
#define SPOOL_SEGMENT                                                                              \
	(1u << 20) /* a segment that has grown to this is not appended to any more                 \
		    */
#define SPOOL_SEGMENT_MAX (64u << 20) /* no reader takes a longer one for a segment */
#define SPOOL_RECORD_MAX  (8u << 20)

/* Everything before `offset` in the file is dealt with on this route. Rewritten in place by the
 * segment's owner. */
struct spool_ack {
	uint64_t offset;
	uint32_t check; /* checksum() of offset, seeded with the route's number */
	uint32_t pad;
};

struct spool_header {
	char magic[8];
	uint32_t version;
	uint32_t header_bytes;
	uint8_t image[16];   /* hash of the policy image of every record */
	uint8_t pool_id[16]; /* of the pool that the records came from */
	uint64_t created_ns; /* real time */
	uint8_t pad[1024 - 60];
	uint32_t check; /* checksum() of the bytes before it, seed 0 */
	struct spool_ack ack[SPOOL_ROUTES];
};
static_assert(offsetof(struct spool_header, ack) == 1024, "format");
static_assert(sizeof(struct spool_header) == 2048, "format");

enum spool_kind {
	SPOOL_ROUTE = 1, /* struct spool_route, url, key, headers */
	SPOOL_EVENT = 2, /* struct spool_event, fields */
	SPOOL_END = 3,	 /* struct spool_mark: the moment's events are complete */
	SPOOL_VOID = 4,	 /* struct spool_mark: the moment's events before this do not count, another
			    drainer has them */
	SPOOL_STATE = 5, /* struct spool_state: what the moment whose end mark follows remembers */
};

struct spool_record {
	uint32_t check;	 /* checksum() of the bytes behind it and of the payload, seeded with the
			    record's offset */
	uint32_t length; /* payload bytes */
	uint16_t kind;
	uint16_t pad[3];
};
static_assert(sizeof(struct spool_record) == 16, "format");

struct spool_route {
	uint32_t number;      /* of the route in this segment, from 0 */
	uint32_t destination; /* number in the image */
	uint32_t url_bytes;
	uint32_t key_bytes;
	uint32_t headers_bytes; /* "Name: value\n" each */
	uint32_t pad;
};
static_assert(sizeof(struct spool_route) == 24, "format");

struct spool_event {
	uint64_t lifecycle;
	uint64_t time_ns; /* real time */
	uint64_t routes;  /* one bit each */
	uint8_t id[16];
	uint32_t pid;
	uint32_t moment; /* SPOOL_MOMENT() */
			 /* then fields: number | length << 8 as 32 bits, then the text */
};
static_assert(sizeof(struct spool_event) == 48, "format");

/*
 * A moment: DRAIN_DONE_START or DRAIN_DONE_STOP; or SPOOL_CALLS, a range of the ring, or
 * SPOOL_TICK, one tick of one schedule, which have a number of their own in the upper 24 bits so
 * that one can be told from another of the same lifecycle.
 */
#define SPOOL_CALLS		    4u
#define SPOOL_TICK		    8u
#define SPOOL_MOMENT(what, number)  ((uint32_t)(what) | (uint32_t)(number) << 8)
#define SPOOL_MOMENT_WHAT(moment)   ((moment)&0xff)
#define SPOOL_MOMENT_NUMBER(moment) ((moment) >> 8)

/* The turn's time in TICK_NS, and the drainer that made it: adopters have other numbers. */
#define SPOOL_TURN(time, drainer) ((uint64_t)(time) << 24 | (drainer))
#define SPOOL_TURN_TIME(more)	  ((more) >> 24)
#define SPOOL_TURN_DRAINER(more)  ((uint32_t)(more)&0xffffff)

struct spool_mark {
	uint64_t lifecycle;
	uint32_t moments; /* START and STOP may stand together */
	uint32_t events;  /* of an end mark */
	/* SPOOL_CALLS: ring_done before and after, and how far ring_head may go. SPOOL_TICK: the
	 * slot's word before and after, and which; of an installation's schedule (its number's low
	 * 8 bits are SLOT_TICKS): the halves of the schedule's hash, and SPOOL_TURN. */
	uint64_t from, to, more;
};
static_assert(sizeof(struct spool_mark) == 40, "format");

struct spool_state {
	uint64_t lifecycle;
	uint32_t moment;
	uint32_t service_bytes; /* of the texts behind it: service, name, JSON up to the end */
	uint32_t name_bytes;
	uint32_t pad;
};
static_assert(sizeof(struct spool_state) == 24, "format");

enum spool_field {
#define FIELD(TAG, number, member) SPOOL_FIELD_##TAG = (number),
#include "sender/spool_fields.def"
#undef FIELD
	SPOOL_FIELD_EACH = 16, /* and on, one for each of SPOOL_ROUTES: what that route gets of the
				  event, JSON */
};

#endif
