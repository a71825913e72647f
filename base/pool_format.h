/*
 * The hot pool, byte by byte: a file of fixed size on tmpfs that every process of one user maps,
 * journal and crash record at once. docs/formats.md explains it; the protocols stand in pool.h,
 * slot.h and ring.h. Everything is little-endian and naturally aligned. A change of meaning is a
 * new POOL_MAJOR.
 *
 *   0       struct pool_header                 one page
 *   4096    uint64_t claims[slots]             one claim word a slot
 *   ...     the slots of each class, page-aligned: struct slot, start payload, counters, ring
 */
#ifndef BOOKEND_BASE_POOL_FORMAT_H
#define BOOKEND_BASE_POOL_FORMAT_H

#include <assert.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define POOL_MAGIC   "BOOKEND\x01"
#define POOL_MAJOR   1
#define POOL_MINOR   0
#define POOL_PAGE    4096
#define POOL_CLASSES 4	   /* at most */
#define POOL_SLOTS   65536 /* at most: a slot number has 16 bits in a lifecycle number */

/* Slots of one size. A claim takes the first class whose payload and ring suffice. */
struct pool_class {
	uint32_t first; /* number of its first slot */
	uint32_t count;
	uint32_t slot_bytes;	/* a multiple of POOL_PAGE */
	uint32_t payload_bytes; /* for the start block's payload, behind struct slot */
	uint32_t counter_bytes; /* behind the payload; 0: none */
	uint32_t ring_bytes;	/* behind the counters: a power of two, or 0 */
	uint64_t offset;	/* of the first slot in the file */
};
static_assert(sizeof(struct pool_class) == 32, "format");

/* Switched off: nothing is recorded, and what is recorded is discarded. SOME: the services of
 * `off`. */
#define POOL_CONTROL_OFF  1u
#define POOL_CONTROL_SOME 2u
#define POOL_OFF_SERVICES 64

/* Written once, before the pool gets its name. */
struct pool_facts {
	char magic[8];
	uint32_t major;
	uint32_t minor;
	uint64_t file_bytes;
	uint32_t slots;
	uint32_t classes;
	struct pool_class class[POOL_CLASSES];
	uint8_t id[16];	      /* random: the key of all identifiers */
	uint8_t boot_id[16];  /* /proc/sys/kernel/random/boot_id; zero when it could not be read */
	char state[768];      /* the state directory's path, NUL-terminated */
	uint64_t proc_device; /* the maker's process_proc_device(), 0: unknown */
	uint64_t pid_namespace; /* that belongs to it: the maker's */
	uint32_t uid;
	uint32_t check; /* checksum() of the bytes before it, seed 0 */
	uint8_t pad[40];
};
static_assert(sizeof(struct pool_facts) == 1024, "format");

struct pool_header {
	struct pool_facts facts;
	/* Added to by any process of the user, relaxed; see pool_counts.def. */
	_Atomic uint64_t count[32];
	/*
	 * Delivery. Each word stands for itself: a lost update costs one helper too many or too
	 * late. helper_until_ns: boot time until when a spawned helper is at work; CAS.
	 */
	_Atomic uint64_t helper_until_ns;
	_Atomic uint64_t due_ns; /* boot time from which a start may spawn a helper; drainers */
	_Atomic uint64_t drained_stops; /* count[POOL_STOPS] when the last complete drain began */
	_Atomic uint32_t drainers;	/* the last drainer number given out */
	_Atomic uint32_t control;	/* POOL_CONTROL_..., written by tools; see switches.h */
	/* switches_hash() of each service that is off, 0: unused; tools, before control */
	_Atomic uint64_t off[POOL_OFF_SERVICES];
	uint8_t pad[4096 - 1824];
};
static_assert(offsetof(struct pool_header, count) == 1024, "format");
static_assert(sizeof(struct pool_header) == POOL_PAGE, "format");

enum pool_count {
#define COUNT(name, lower, text) POOL_##name,
#include "base/pool_counts.def"
#undef COUNT
	POOL_COUNT_LAST
};
static_assert(POOL_COUNT_LAST <= 32, "format");

/*
 * A claim word says who owns a slot: generation << 26 | pid << 4 | state. The lifecycle number of a
 * slot's tenant is generation << 16 | slot number, unique in the pool; 38 bits of generation do not
 * wrap.
 */
#define CLAIM_PIDS	       (1u << 22) /* Linux gives no larger pid (PID_MAX_LIMIT) */
#define CLAIM_STATE(word)      ((unsigned)(word) % 16)
#define CLAIM_PID(word)	       ((unsigned)((word) >> 4) % CLAIM_PIDS)
#define CLAIM_GENERATION(word) ((uint64_t)(word) >> 26)
#define CLAIM_WORD(generation, pid, state)                                                         \
	((uint64_t)(generation) << 26 | (uint64_t)((pid) % CLAIM_PIDS) << 4 | (unsigned)(state))

enum claim_state {
	CLAIM_FREE,	    /* nobody's */
	CLAIM_TAKEN,	    /* claimed; its start is not committed yet */
	CLAIM_RUNNING,	    /* the pid owns the lifecycle */
	CLAIM_EXECUTING,    /* running, and about to exec */
	CLAIM_DAEMONIZING,  /* running, inside daemon(3) */
	CLAIM_EXIT_PENDING, /* exit(0) with descendants alive: one that calls setsid takes over */
	CLAIM_STOPPED,	    /* the owner wrote its stop; provisional until its death is observed */
	CLAIM_ENDED,	    /* ended by declaration, the pid lives on: exec into something else */
	CLAIM_FINAL,	    /* death observed: notes are read only, freed when drained */
	CLAIM_VOID,	    /* a worker that turned out to be none: nothing is to be told of it */
};

/*
 * A drain word says who is moving a slot's records out: drainer << 40 | lease << 16 | done << 8 |
 * state. Fencing: every change is a compare-and-swap from the exact word that the drainer itself
 * stored.
 */
#define DRAIN_WRAP	    (1u << 24)
#define DRAIN_STATE(word)   ((unsigned)(word) % 256)
#define DRAIN_DONE(word)    ((unsigned)((word) >> 8) % 256)
#define DRAIN_LEASE(word)   ((unsigned)((word) >> 16) % DRAIN_WRAP) /* boot seconds, modulo 2^24 */
#define DRAIN_DRAINER(word) ((unsigned)((word) >> 40))
#define DRAIN_WORD(drainer, lease, done, state)                                                    \
	((uint64_t)(drainer) % DRAIN_WRAP << 40 | (uint64_t)(lease) % DRAIN_WRAP << 16 |           \
	 (uint64_t)(done) % 256 << 8 | (unsigned)(state))

enum drain_state { DRAIN_IDLE, DRAIN_CLAIMED };
#define DRAIN_DONE_START 1u /* the start block is in a spool segment */
#define DRAIN_DONE_STOP	 2u /* and so is the stop: the slot may be freed */

/* How a lifecycle ended, as exit.reason. EXIT(name, text), text is what the event says. */
enum exit_reason {
#define EXIT(name, text) EXIT_##name,
#include "base/exit_reasons.def"
#undef EXIT
	EXIT_REASON_COUNT
};

/* A fixed block about the end: 64 bytes, valid when commit and check fit the lifecycle. */
struct note {
	/* lifecycle << 8 | sequence modulo 256, stored last with release */
	_Atomic uint64_t commit;
	uint32_t check;	      /* checksum() of the bytes behind it, seeded with commit */
	uint16_t reason;      /* enum exit_reason */
	uint16_t flags;	      /* NOTE_... */
	int32_t code;	      /* exit status, -1 when there is none */
	int32_t signal;	      /* that ended the process, 0 when none did */
	int32_t after_signal; /* the last termination signal that its own handler got, 0: none */
	uint32_t pid;	      /* whose end it is: counts only while the claim word names the same */
	uint64_t boot_ns;
	uint64_t real_ns;
	uint8_t pad[16];
};
static_assert(sizeof(struct note) == 64, "format");

#define NOTE_FORKED    1u /* the process forked since its start, or its setsid */
#define NOTE_GOES_ON   2u /* it executes a program that can not speak, as the same lifecycle */
#define NOTE_UNTRUSTED 4u /* by a process that has changed its credentials */

/* The start block: facts here, the snapshot for late evaluation behind struct slot. */
struct start_block {
	_Atomic uint64_t commit; /* lifecycle << 8 | 1, stored last with release */
	uint32_t check; /* checksum() of the payload, seeded with that of the bytes behind check */
	uint32_t payload; /* bytes; policy/snapshot_format.h */
	uint64_t boot_ns;
	uint64_t real_ns;
	uint32_t pid;
	uint32_t parent;
	uint32_t uid;		/* effective */
	uint32_t service;	/* its number in the image */
	uint64_t pid_namespace; /* inode, 0 when unknown */
	uint8_t image[16];	/* hash of the policy image */
	uint32_t flags;		/* START_... */
	uint32_t child_of;	/* START_CHILD: the service, by number in the image, that ran it */
	/* START_CHILD: that process's lifecycle; START_WORKER: the service's; else the parent's; 0:
	 * none */
	uint64_t ancestor;
	uint8_t pad[40];
};
static_assert(sizeof(struct start_block) == 128, "format");

#define START_BY_LAUNCHER 1u  /* written by the launcher on behalf of its child */
#define START_COMMAND	  2u  /* a command: it never sends */
#define START_BY_PARENT	  4u  /* written by its parent: the program can not carry the shim */
#define START_CHILD	  8u  /* a `child` trigger of the service child_of names it */
#define START_ONLY_CHILD  16u /* and it is no service itself */
#define START_WORKER	  32u /* a forked worker of the service's process `ancestor` */

/*
 * So young a start may be taken back: a fork may turn out to be a daemon's, or on its way to an
 * exec, and an exec that was spoken for may fail. It is told only when it is older, or over.
 */
#define START_SETTLES_NS (2 * UINT64_C(1000000000))

/*
 * A tick's word: when it was made last, in boot tenths of a second (40 bits), and by which drainer
 * (24), so that two drainers never mean the same word.
 */
#define SLOT_FRAMES		 1024 /* bytes of their text at most */
#define SLOT_TICKS		 24
#define TICK_NS			 (UINT64_C(100) * 1000 * 1000)
#define TICK_WORD(made, drainer) ((uint64_t)(made) << 24 | ((drainer)&0xffffff))
#define TICK_MADE(word)		 ((word) >> 24)
#define TICK_DRAINER(word)	 ((uint32_t)(word)&0xffffff)

#define SLOT_NOTES 4
#define SLOT_HEIRS 24

/* In slot.waiter: an instrumented parent, that reports when it waits. It may never do so. */
#define WAITER_PARENT (1u << 31)

/*
 * An heir: a forked descendant that may take a lifecycle over (shim/handover.h), pid | flags |
 * depth | time. A drainer needs the pid, the flags and the time: boot time of its registration, at
 * most 1.1 s too late.
 */
#define HEIR_PID(word)	   ((unsigned)(word))
#define HEIR_SESSION	   (UINT64_C(1) << 32) /* it, or a parent since that fork, called setsid */
#define HEIR_GONE	   (UINT64_C(1) << 33) /* it left: exit or exec */
#define HEIR_DEPTH(word)   ((unsigned)((word) >> 34 & 3)) /* forks since that setsid; 3: or more */
#define HEIR_SEEN_NS(word) (((word) >> 36) << 30)

struct slot {
	/* Set by the claimer before the start is committed. */
	_Atomic uint64_t drain; /* drainers; 0 when claimed */
	/* Boot time at which the owner was known to live: at the claim, at each change; 0: free. */
	_Atomic uint64_t seen_ns;
	_Atomic uint64_t waiter_ns; /* the same for the waiter */
	/* Pid of a process that will report how the owner ended, WAITER_PARENT: may; 0: none. */
	_Atomic uint32_t waiter;
	_Atomic uint32_t notes;	  /* sequence of the last note asked for */
	_Atomic uint32_t adopted; /* the shim lives in the process */
	/* Forks begun whose children have not registered; see shim/handover.h. */
	_Atomic uint32_t pending_forks;
	_Atomic uint32_t heirs_lost; /* descendants that found no room in heirs */
	/* Whose end `waited` tells of: the pid is set, by CAS, by the one who writes the note. */
	_Atomic uint32_t waited_for;
	_Atomic uint64_t missed_ns; /* when a drainer first missed the waiter's note; CAS from 0 */
	/* Who delivers while it runs, and why: sender_ways.def; the owner, and its sender thread.
	 */
	_Atomic uint32_t sender;
	/* That thread's number as a drainer, 0: it has none, or nothing that waits; the thread. */
	_Atomic uint32_t sender_drainer;
	_Atomic uint64_t heirs[SLOT_HEIRS]; /* shim/handover.h */
	struct note own[SLOT_NOTES];	    /* by the owner, newest sequence counts */
	struct note waited; /* by the waiter: overrides code and signal; sequence 1 */
	struct start_block start;
	/* The ring's words, used where the class has one; see ring.h. */
	_Atomic uint64_t ring_tail; /* next position to reserve, in units; producers CAS */
	uint8_t pad1[56];
	_Atomic uint64_t ring_head; /* first position not drained; drainers CAS */
	/* First position not delivered, at or past ring_head: past it lies a hole; drainers CAS. */
	_Atomic uint64_t ring_done;
	_Atomic uint64_t ring_dropped; /* records refused because the ring was full; producers */
	/* Boot time of the first change of credentials; 0: none. The owner, CAS from 0. */
	_Atomic uint64_t untrusted_ns;
	/*
	 * Schedules of the service's events, TICK_WORD(): drainers, by compare-and-swap under their
	 * claim. 0: not begun.
	 */
	_Atomic uint64_t tick[SLOT_TICKS];
	/* Of the stack that aborted: bytes of the text at the end of the payload's place, and its
	 * checksum() seeded with them; the first stored last. The owner, once. */
	_Atomic uint32_t frames;
	uint32_t frames_check;
	uint8_t pad2[1024 - 808 - 8 * SLOT_TICKS];
};
static_assert(offsetof(struct slot, missed_ns) == 48, "format");
static_assert(offsetof(struct slot, heirs) == 64, "format");
static_assert(offsetof(struct slot, own) == 256, "format");
static_assert(offsetof(struct slot, start) == 576, "format");
static_assert(offsetof(struct slot, ring_tail) == 704, "format");
static_assert(sizeof(struct slot) == 1024, "format");

/* A ring record; positions count units of RING_UNIT bytes and grow for ever. */
#define RING_UNIT 64

struct ring_record {
	_Atomic uint64_t commit; /* position + 1, stored last with release */
	uint32_t check;	 /* checksum() of the payload, seeded with that of length .. boot_ns */
	uint16_t length; /* payload bytes */
	uint8_t type;	 /* RING_PADDING fills up to the end of the ring */
	uint8_t units;	 /* of the whole record */
	uint64_t boot_ns;
	uint8_t payload[];
};
static_assert(sizeof(struct ring_record) == 24, "format");

#define RING_PADDING	 255
#define RING_PAYLOAD_MAX (255 * RING_UNIT - 24)

#endif
