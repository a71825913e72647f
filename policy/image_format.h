/*
 * The policy image, byte by byte: what `bookend compile` makes of a policy and everything else
 * reads. Flat, little-endian, position-independent. docs/formats.md explains it. A change of
 * meaning is a new IMAGE_MAJOR.
 *
 *   0      struct image_header
 *   1024   struct image_index[]    services by the hash of their name
 *   ...    the `now` sections      struct image_now and its nodes, one a service, each with a
 * checksum of its own
 *   ...    the `calls` sections    struct image_calls, policy/image_calls.h; of services that have
 * any
 *   ...    the `late` section      struct image_late, its tables and its nodes
 *
 * A process reads header, index window and the `now` sections of its candidates only, so that its
 * start does not grow with the policy. Inside a section every reference is an offset from the
 * section's first byte, 0 meaning none.
 */
#ifndef BOOKEND_POLICY_IMAGE_FORMAT_H
#define BOOKEND_POLICY_IMAGE_FORMAT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAGIC	"BKIMAGE\x01"
#define IMAGE_MAJOR	1
#define IMAGE_MINOR	0
#define IMAGE_BYTES_MAX (64u << 20)
#define IMAGE_TOOL_MAX	896

struct image_header {
	char magic[8];
	uint32_t major;
	uint32_t check;	  /* checksum() of the header from hash on, seeded with major */
	uint8_t hash[16]; /* siphash128() under IMAGE_KEY of all bytes behind it: the image's name
			   */
	uint32_t minor;
	uint32_t services;
	uint64_t bytes;		  /* of the whole image */
	uint64_t source_bytes;	  /* of the YAML, 0 when it was no file */
	uint64_t source_mtime_ns; /* since 1970 */
	uint32_t index_entries;	  /* a power of two */
	uint32_t index_window; /* a name lies within this many entries of its place; as many stand
				  behind the last */
	uint32_t late_offset;
	uint32_t late_bytes;
	uint32_t flags; /* IMAGE_... */
	uint8_t pad[36];
	char tool[IMAGE_TOOL_MAX]; /* absolute path of the `bookend` that compiled it; may be "" */
	uint8_t pad1[8];
};
static_assert(sizeof(struct image_header) == 1024, "format");
static_assert(offsetof(struct image_header, minor) == 32, "format");
static_assert(offsetof(struct image_header, tool) == 120, "format");

/* The hash covers the image from here on. */
#define IMAGE_CHILDREN 1u /* a service has `child` triggers: its now section names programs */

#define IMAGE_HASHED offsetof(struct image_header, minor)

/* The fixed key of hash and index. */
#define IMAGE_KEY ((const uint8_t *)"bookend image 01")

#define IMAGE_INDEX_WINDOW_MAX 32

struct image_index {
	uint32_t hash; /* low half of siphash64() of the name; its place is hash & (index_entries -
			  1) */
	uint32_t service; /* number in file order */
	uint32_t offset;  /* of the `now` section; 0: the entry is empty */
	uint32_t bytes;
};
static_assert(sizeof(struct image_index) == 16, "format");

#define NOW_BYTES_MAX (16u << 10)

/* What a start's snapshot takes besides the environment. */
#define CAPTURE_EXE	 1u
#define CAPTURE_SCRIPT	 2u
#define CAPTURE_CWD	 4u
#define CAPTURE_ARGS	 8u
#define CAPTURE_UNAME	 16u
#define CAPTURE_NOTES	 32u /* of the executable: build id and package */
#define CAPTURE_CI	 64u
#define CAPTURE_TERMINAL 128u
#define CAPTURE_FRAMES	 256u /* of the stack, when it aborts */

#define NOW_COMMAND 1u
#define NOW_HELPER  2u
#define NOW_THREAD  4u	/* with NOW_HELPER, for its end */
#define NOW_WORKERS 8u	/* it has `worker` triggers */
#define NOW_TICKS   16u /* it has schedules */

struct image_now {
	uint32_t check; /* checksum() of the bytes behind it, seeded with the service's number */
	uint32_t bytes; /* of this section */
	uint32_t service;
	uint32_t flags;	  /* NOW_... */
	uint32_t capture; /* CAPTURE_... */
	uint32_t ring_bytes;
	uint32_t name;	  /* TEXT */
	uint32_t match;	  /* LIST of MATCH_...: all must hold; 0: the process must stand alone */
	uint32_t consent; /* LIST of ALLOW and DENY */
	uint32_t live;	  /* LIST of LIST: url, key or 0; 0: a destination is live without a look */
	uint32_t environment;	/* LIST of ENV to take into the snapshot */
	uint32_t commands;	/* LIST of TEXT, words separated by one space */
	uint32_t value_options; /* LIST of TEXT */
	uint32_t children;	/* LIST of TEXT: programs that its `child` triggers name; 0: none */
	uint32_t calls;		/* offset of its `calls` section in the image; 0: none */
	uint32_t calls_bytes;
	uint32_t counter_bytes; /* of its measures and gates */
	uint32_t exit_ms;	/* the longest of its destinations */
	uint32_t pad[2];
};
static_assert(sizeof(struct image_now) == 80, "format");

struct image_late {
	uint32_t bytes;	   /* of this section */
	uint32_t services; /* struct image_service[service_count] */
	uint32_t service_count;
	uint32_t events; /* struct image_event[event_count], those of one service side by side */
	uint32_t event_count;
	uint32_t destinations; /* struct image_destination[destination_count] */
	uint32_t destination_count;
	uint32_t pad;
};
static_assert(sizeof(struct image_late) == 32, "format");

struct image_service {
	uint32_t name; /* TEXT */
	uint32_t first_event;
	uint32_t event_count;
	uint32_t commands;
	uint32_t value_options;
	uint32_t calls;	   /* LIST of TEXT: the symbols' names, by call number; 0: none */
	uint32_t measures; /* struct image_measure[measure_count] */
	uint32_t measure_count;
	uint32_t stride; /* of a shard of its counters, policy/measure_format.h */
	uint32_t counter_bytes;
	/* LIST of ALLOW and DENY, when a rule looks into a file: asked again before anything is
	 * made. */
	uint32_t consent;
	uint32_t pad[5];
};
static_assert(sizeof(struct image_service) == 64, "format");

/* A measure and its place in the counters. */
struct image_measure {
	uint32_t name;	 /* TEXT */
	uint32_t kind;	 /* enum measure_kind */
	uint32_t flags;	 /* MEASURE_MICRO, or 0 */
	uint32_t narrow; /* its first word's offset in each shard, in bytes */
	uint32_t wide;	 /* its first word's offset behind the shards, from the area's beginning */
	uint32_t pad;
};
static_assert(sizeof(struct image_measure) == 24, "format");

#define MEASURE_MICRO 1u /* values are millionths */

struct image_event {
	uint32_t service;
	uint32_t label;	    /* TEXT: the event's key in the policy */
	uint32_t name;	    /* a source; absent: the label */
	uint32_t when;	    /* LIST of TRIGGER */
	uint32_t condition; /* 0: none */
	uint32_t user;
	uint32_t context;    /* OBJECT */
	uint32_t properties; /* OBJECT */
	uint32_t to;	     /* LIST of CONSTANT: numbers of destinations */
	uint32_t for_each;   /* a source of a list or an object; 0: none */
	uint32_t remember;   /* OBJECT */
	uint32_t sample;     /* millionths of the processes; 0: all of them */
	uint64_t limit_ns;   /* at most `limit` in this time; 0: no limit */
	uint32_t limit;
	uint32_t flags; /* EVENT_... */
	/* Its schedule: `every`, or of `change` and `file` how often they are looked at. */
	uint64_t every_ns;
	uint32_t at_s;	/* second of the day, with EVENT_AT */
	uint32_t tick;	/* number of its word in the slot; EVENT_NO_TICK */
	uint32_t watch; /* what `change` looks at, a source, or `file`, a condition; 0: none */
	uint32_t pad[5];
};
static_assert(sizeof(struct image_event) == 104, "format");

#define EVENT_NO_TICK	       UINT32_MAX
#define EVENT_AT	       1u /* every_ns counts from a time of the day ... */
#define EVENT_LOCAL	       2u /* ... in local time, else UTC */
#define EVENT_PER_INSTALLATION 4u
#define EVENT_ONCE	       8u  /* per installation, ever */
#define EVENT_EDGE	       16u /* watch is a condition: made when it comes to hold ... */
#define EVENT_GONE	       32u /* ... or ends to */
#define EVENT_MEASURES	       64u /* it refers to measures */

struct image_destination {
	uint32_t name;	 /* TEXT */
	uint32_t format; /* enum late_format */
	uint32_t url;
	uint32_t key; /* 0: none */
	uint32_t auth;
	uint32_t headers; /* OBJECT: names and sources */
	uint32_t batch;
	uint32_t bytes;
	uint32_t fill_ms;
	uint32_t timeout_ms;
	uint32_t give_up_ms;
	uint32_t wait_min_ms;
	uint32_t wait_max_ms;
	uint32_t tries;
	uint32_t flags;	    /* DESTINATION_... */
	uint32_t ca_file;   /* TEXT */
	uint32_t proxy;	    /* TEXT */
	uint32_t auth_name; /* TEXT: of the user, header, scheme, field or parameter; 0: none */
	uint64_t spool_bytes;
	uint64_t spool_age_ns;
	uint8_t retry_status[80]; /* one bit for each HTTP status up to 599 */
	uint8_t stop_status[80];  /* likewise */
	uint32_t stop_failures;	  /* requests in a row; 0: however many */
	uint32_t time;		  /* enum time_form */
	uint32_t each;		  /* a source, of one event; 0: none */
	uint32_t body;		  /* a source, of one request; 0: none */
	uint32_t drop;		  /* LIST of TEXT: paths of an event's members */
	uint32_t consent;	  /* LIST of ALLOW and DENY; 0: always */
	uint32_t client_cert;	  /* TEXT: paths */
	uint32_t client_key;
	uint32_t exit_ms; /* what a service may wait for it at its exit */
	uint8_t pad[4];
};
static_assert(sizeof(struct image_destination) == 288, "format");

#define DESTINATION_GZIP	  1u
#define DESTINATION_RETRY_NETWORK 2u
#define DESTINATION_RETRY_TIMEOUT 4u

/*
 * Sources, conditions and lists are nodes: an operation, an immediate value and operands. TEXT,
 * NUMBER and JSON carry their bytes, NUL-terminated, in place of operands: value is their length.
 */
struct image_node {
	uint16_t op;	/* enum node_op */
	uint16_t count; /* of operands */
	uint32_t value;
	uint32_t operand[];
};
static_assert(sizeof(struct image_node) == 8, "format");

enum node_op {
	NODE_NONE,
#define NODE(name, text) NODE_##name,
#include "policy/nodes.def"
#undef NODE
	NODE_COUNT
};

/*
 * A TRIGGER's value: moment | how << 8 | children << 16. Its operands are TEXT command paths, none
 * meaning any; of a child trigger the first `children` are what the child runs, "program words",
 * and the rest the commands of the service during which it counts.
 */
enum trigger_moment {
	TRIGGER_START,
	TRIGGER_STOP,
	TRIGGER_COMMAND_START,
	TRIGGER_COMMAND_END,
	TRIGGER_CHILD_START,
	TRIGGER_CHILD_END,
	TRIGGER_CALL, /* its gates are decided inside */
	TRIGGER_WORKER_START,
	TRIGGER_WORKER_END,
	TRIGGER_EVERY, /* image_event.every_ns and the like */
	TRIGGER_WATCH, /* `change` and `file`: image_event.watch */
};
#define TRIGGER_CHILDREN_MAX	   255
#define TRIGGER_CHILDREN(value)	   ((value) >> 16 & 0xff)
#define TRIGGER_ONE_CHILD	   (UINT32_C(1) << 16)
#define TRIGGER_MOMENT(value)	   ((value)&0xff)
#define TRIGGER_HOW(value)	   ((value) >> 8 & 0xff)
#define TRIGGER_VALUE(moment, how) ((uint32_t)(moment) | (uint32_t)(how) << 8)

#define HOW_CLEAN    1u
#define HOW_FAILED   2u
#define HOW_CRASHED  4u
#define HOW_VANISHED 8u
#define HOW_ANY	     15u

/* How long what a probe found counts, and what is made of it: the value of RUN and GET. */
enum probe_cache { PROBE_MOMENT, PROBE_PROCESS, PROBE_EXECUTABLE, PROBE_DURATION };
enum probe_form { PROBE_TEXT, PROBE_LINES, PROBE_PRESENCE };
#define PROBE_VALUE(cache, form) ((uint32_t)(cache) | (uint32_t)(form) << 8)
#define PROBE_CACHE(value)	 ((enum probe_cache)((value)&0xff))
#define PROBE_FORM(value)	 ((enum probe_form)((value) >> 8 & 0xff))

#define OMIT_ZERO  1u
#define OMIT_EMPTY 2u
#define OMIT_NULL  4u

#endif
