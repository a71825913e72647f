#include "tools/status.h"

#include <stddef.h>

static const char *const advice[REASON_COUNT] = {
	[REASON_INERT] = "start programs with `bookend run`, or set BOOKEND_SERVICE",
	[REASON_DISABLED] = "unset BOOKEND_DISABLE",
	[REASON_DO_NOT_TRACK] = "unset DO_NOT_TRACK",
	[REASON_NO_IMAGE] = "compile the policy: bookend compile POLICY",
	[REASON_IMAGE_STALE] = "compile it again: bookend compile POLICY",
	[REASON_IMAGE_UNSAFE] = "make it yours or root's, and chmod go-w it",
	[REASON_IMAGE_BAD] = "compile the policy again: bookend compile POLICY",
	[REASON_NO_SERVICE] = "name one of the policy's services in BOOKEND_SERVICE",
	[REASON_SWITCHED_OFF] = "switch it on again: bookend on",
	[REASON_NO_STATE] = "set BOOKEND_STATE or HOME",
	[REASON_NO_POOL_FOLDER] =
		"make it a directory of yours with mode 0700 on a tmpfs, or remove it",
	[REASON_POOL_FULL_TMPFS] = "make room on the tmpfs",
	[REASON_POOL_BAD] = "remove the file: the next program makes a new one",
	[REASON_POOL_FAILED] = "look at the limits on memory and open files",
	[REASON_NO_SLOT] = "deliver more often: bookend flush",
};

const char *status_advice(enum reason reason)
{
	return (unsigned)reason < REASON_COUNT ? advice[reason] : NULL;
}
