/*
 * What a measured process knows of its own measurement: made by the constructor, kept until the
 * process ends, copied by fork. A process that is not measured has none, and every interposer
 * passes straight on.
 *
 * Three kinds of process can run with the same record: the process that measured itself and its
 * forked descendants (kin), each with its own pid in it; a vfork child, which runs in its parent's
 * memory; a child of a raw clone, a stranger, of which nobody told us. The last two have another
 * pid than the record says: they must not write.
 */
#ifndef BOOKEND_SHIM_SELF_H
#define BOOKEND_SHIM_SELF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/paths.h"
#include "base/slot.h"

#define SELF_SIGNALS 16 /* handlers are kept for signals below this number */

struct self {
	_Atomic int pid; /* changed by the atfork child handler only */
	_Atomic int
		last_signal; /* the last of the watched signals that a handler of the host got */
	_Atomic uintptr_t handler[SELF_SIGNALS]; /* what the host installed: shim/signals.h */
	_Atomic uint64_t session_ns; /* boot time of our setsid or daemon as kin; 0: never. See
					shim/handover.h */
	_Atomic uint32_t forks;	     /* since then, or since the start */
	_Atomic unsigned depth;	     /* forks since the setsid of our parents, when they made one */
	_Atomic bool session;	     /* we or our parents since the owner's fork called setsid */
	bool command;		     /* it never sends, and has no hidden signal handlers */
	_Atomic bool helper;	     /* at its end it leaves delivery to a helper */
	_Atomic bool thread;	     /* a sender thread is wanted; see shim/thread.h */
	bool workers;		     /* forks have slots of their own; see shim/worker.h */
	bool calls;		     /* some are hooked; see shim/calls.h */
	bool stays;		     /* that one has more to deliver than the start */
	bool frames;		     /* the policy asks where it aborts */
	uint32_t exit_ms;	     /* what its end may wait for the thread */
	/* A filter of system calls may be on us: none may be ours. here: shim/confine.h. */
	_Atomic bool confined;
	uint32_t *_Atomic here;
	_Atomic bool untrusted; /* it has changed its credentials: shim/credentials.h */
	unsigned uid;		/* effective, at the start */
	struct pool pool;
	struct slot_ref slot;
	struct slot_ref worker; /* of a forked worker; slot is NULL: it is none */
	uint32_t waiter;	/* of the lifecycle that our exec ended, as in struct slot */
	uint64_t start_ns;	/* boot time of the start; 0: it was adopted */
	uint32_t first_slot;	/* of the start: slot_first_of() us and our parent */
	/* Copies: hosts overwrite and clear their environment. */
	char service[64];
	char exe[PATHS_MAX];
	char state[PATHS_MAX];
	char tool[PATHS_MAX];
	const char *trace; /* likewise; NULL: no trace */
};

/* Makes it the process's record, for ever; interposers see it from now on. */
void self_publish(struct self *self);

/* The record, also for vfork children and strangers (read only); NULL: not measured. */
struct self *self_any(void);
/*
 * A process that is not measured, but whose policy has `child` triggers: what it runs may be, and
 * when that can not carry the shim, it has to speak for it. Its record has pool, pid, uid and state
 * only, no slot.
 */
void self_stand_by(struct self *self);
/* Either record, whoever the caller is; NULL: there is none, or it is confined. */
struct self *self_family(void);

/* The record, when the caller is the process that it is about; else NULL. One getpid, and none when
 * it is confined. */
struct self *self_here(void);

/* Is the slot still this lifecycle's, and who owns it? 0: it is not. */
unsigned self_owner(const struct self *self);
bool self_owns(const struct self *self);

#endif
