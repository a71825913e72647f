/*
 * The slot that the process owned before this image came: claimed by the launcher on its behalf, or
 * kept over an exec. Constructor only.
 */
#ifndef BOOKEND_SHIM_ADOPT_H
#define BOOKEND_SHIM_ADOPT_H

#include "policy/decide.h"
#include "shim/self.h"

enum adoption {
	ADOPT_NONE, /* there is no such slot, or its lifecycle has just been ended by this exec */
	ADOPT_GOES_ON,	/* into self->slot: the same lifecycle, no second start */
	ADOPT_LEAVE_IT, /* the launcher's, which measures from outside what the policy does not
			   measure here */
};

/*
 * self->pool is open, with its file. The same service of the same image for the same user goes on;
 * anything else ends the lifecycle with EXIT_EXEC.
 */
enum adoption adopt(struct self *self, const struct decision *decision);

/* Does what that start began go on in a program about which this was decided, for that user? */
bool adopt_same(const struct start_block *start, unsigned uid, const struct decision *decision);

#endif
