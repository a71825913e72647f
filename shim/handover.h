/*
 * Who owns a lifecycle while a program turns into a daemon: fork, setsid, daemon, and exit(0) in
 * any order and number.
 *
 * Forked descendants are kin. Each registers in the slot's list of heirs (HEIR_... in
 * base/pool_format.h) and marks itself gone when it leaves. The lifecycle moves, always by
 * compare-and-swap of the claim word,
 *   - when the owner leaves with status 0, to an heir that has called setsid; or, if there is none
 * yet but a fork is under way or an heir lives, to nobody: CLAIM_EXIT_PENDING, with the owner's
 * note in place;
 *   - when kin call setsid, or register after their parent did, and find CLAIM_EXIT_PENDING: to
 * them;
 *   - when daemon() returns in its child and finds CLAIM_DAEMONIZING: to it.
 * Each side first stores its fact, then looks at the other's (both sequentially consistent), so one
 * of the two always sees both. Pending forks are counted before the fork: a child is known of
 * before it runs.
 *
 * An owner that leaves with another status, or by a signal, never hands over, and neither does one
 * whose heirs are its workers: an heir counts when it is young, or the only fork of an owner that
 * was never a daemon before.
 *
 * Functions take a record that is the caller's (self_here()). Async-signal-safe but for
 * handover_watch().
 */
#ifndef BOOKEND_SHIM_HANDOVER_H
#define BOOKEND_SHIM_HANDOVER_H

#include <stdbool.h>

#include "shim/self.h"

/* Registers the fork handlers. Constructor only. */
void handover_watch(void);

/* The owner leaves with status 0: true when an heir owns the lifecycle now. Nothing is noted. */
bool handover_to_heir(struct self *self);
/* The same after the owner has noted its exit: true when an heir owns it or may come to own it. */
bool handover_wait_for_heir(struct self *self);

/* Kin with a session: what an owner left behind becomes theirs, or that of an heir nearer to the
 * setsid. */
void handover_take(struct self *self);

/* Kin leave, by exit or exec. True when the lifecycle reached us while we left: then we leave as
 * its owner. */
bool handover_depart(struct self *self);
/* An exec failed: we are here again. */
void handover_return(struct self *self);

#endif
