/*
 * Where the process aborts: the return addresses on the stack, as module+offset, for
 * `crash.frames`. Signal-safe; allocates nothing, takes no lock, faults never: only memory between
 * the stack pointer and the end of its mapping is looked at, and /proc/self/maps tells what that
 * is. Frames are those of code with frame pointers; behind code without, the chain ends, and the
 * first one is always there.
 */
#ifndef BOOKEND_SHIM_FRAMES_H
#define BOOKEND_SHIM_FRAMES_H

#include <stdint.h>

struct self;
struct slot_ref;

/* caller: the return address of the interposed function; frame: its frame's address. Does nothing
 * when the policy does not ask, or no system call may be made. */
void frames_note(struct self *self, struct slot_ref *slot, uintptr_t caller,
		 const uintptr_t *frame);

#endif
