/*
 * Writing slots of one object. Its read-only pages are made writable when the first of them is to
 * be written, and put back at the end. Under the loader's lock, which makes the passes one after
 * the other: two at once could make pages read-only that the other still writes.
 */
#ifndef BOOKEND_HOOKS_SLOT_H
#define BOOKEND_HOOKS_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "hooks/loaded.h"

struct slot_pass {
	const struct loaded *object;
	const ElfW(Phdr) * segment; /* that the last slot lay in */
	bool alone;		    /* there is no other thread */
	bool open;		    /* its read-only pages are writable now */
	bool failed;		    /* they can not be made so */
};

/* One that is not aligned may be in two pieces, and others may be reading it. */
bool slot_may_write(struct slot_pass *pass, uintptr_t slot);
uintptr_t slot_value(uintptr_t slot);
/* False: it can not be written. */
bool slot_write(struct slot_pass *pass, uintptr_t slot, uintptr_t value);
void slot_close(struct slot_pass *pass);

#endif
