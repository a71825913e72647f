/*
 * The sender thread of a service (docs/architecture.md), the side of the sender: one process's
 * events, from its slot to their receivers, for as long as more may come. It has the process's
 * memory and nothing else in common with it; what it allocates comes from its own libc.
 */
#ifndef BOOKEND_SENDER_THREAD_H
#define BOOKEND_SENDER_THREAD_H

#include "base/sender_thread.h"

/*
 * For the shim, which finds it by name, on a thread of the host's libc: parts the namespace from
 * the host, once, and makes the thread. SENDER_AT_WORK, or why not; then there is none.
 */
__attribute__((visibility("default"))) uint32_t bookend_sender_thread(struct sender_thread *record);

#endif
