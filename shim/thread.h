/*
 * The sender thread of a service, the host's side: when it begins, when it must be gone, and what
 * must not overlap with its loading of libraries. It begins at safe points only: before main, and
 * when setsid, daemon or the second fork of a daemon has returned. Where it can not be had the
 * slot's `sender` says why (base/sender_ways.def), and the helper at the end delivers everything.
 *
 * Two threads make it up. The first is the base libc's, so that this libc knows that there are
 * threads, and setuid reaches them. It rests a moment, in which most short-lived processes end and
 * daemons fork; takes leave of the host's descriptors; loads libbookend-sender.so into a link
 * namespace of its own (shim/thread_load.c); lets that make the second one, which works, with the
 * namespace's libc; and ends.
 *
 * Any thread of the host. Nothing here waits but for what is said.
 */
#ifndef BOOKEND_SHIM_THREAD_H
#define BOOKEND_SHIM_THREAD_H

#include "base/sender_thread.h"
#include "shim/self.h"

/* Constructor: the slot says who will deliver, until a thread has begun. */
void thread_expect(struct self *self);

/* A safe point: begins, if it is wanted and possible. self: the caller's, or NULL. */
void thread_begin(struct self *self);

/*
 * Around a fork that is not vfork: waits until no library is being loaded, some milliseconds at
 * most, and keeps the next step back. After it: in the parent, and in the child, which has no
 * thread of ours.
 */
void thread_before_fork(void);
void thread_after_fork(void);
void thread_in_child(void);

/*
 * Before a call that a second thread would make fail, or that must not catch it: waits until it is
 * gone, at most a second. way: what the slot says then. thread_return(): the call is over, and it
 * comes back. thread_bar(): it never does.
 */
void thread_leave(struct self *self, enum sender_way way);
void thread_return(struct self *self);
void thread_bar(struct self *self);

/* The process ends: what the slot says of its thread is not to be said of an heir's. */
void thread_pass_on(struct self *self);
/* The process ends: waits, once, at most exit_ms for what it has recorded. Before the other one. */
void thread_finish(struct self *self);
/* The process ends: before its destructors. Waits as for a fork; nothing is loaded any more. */
void thread_at_end(void);

#endif
