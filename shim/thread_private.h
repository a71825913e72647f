/*
 * Between the files of shim/thread.h.
 */
#ifndef BOOKEND_SHIM_THREAD_PRIVATE_H
#define BOOKEND_SHIM_THREAD_PRIVATE_H

#include "shim/thread.h"

/* Signs that forbid a thread, seen from the process's objects: TSAN, VALGRIND; 0: none. */
enum sender_way thread_signs(void);

/* Makes the first thread, with every signal blocked in it. 0 or -errno; errno is kept. */
int thread_make_first(struct sender_thread *record);

/* By the first thread: it ends without a second one. */
void thread_gave_up(struct self *self, enum sender_way way);

/* In a forked child: the namespace that its parent loaded counts, and is not to be used. */
void thread_forget_loaded(struct sender_thread *record);

#endif
