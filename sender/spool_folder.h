/*
 * Where the spool lies: the folder `spool` of the state directory, or, while that can not be
 * written, a folder beside the hot pool on tmpfs. One small function decides, for drainers and for
 * `bookend status`.
 */
#ifndef BOOKEND_SENDER_SPOOL_FOLDER_H
#define BOOKEND_SENDER_SPOOL_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/paths.h"

#define SPOOL_STATE_BYTES                                                                          \
	(UINT64_C(64) << 20) /* of all segments, unless the policy says otherwise */
#define SPOOL_TMPFS_BYTES (UINT64_C(8) << 20)
#define SPOOL_AGE_NS	  (UINT64_C(30) * 86400 * 1000000000)

struct spool_place {
	char state[PATHS_MAX + 16]; /* STATE/spool */
	char pool_folder[PATHS_MAX];
	char fallback[PATHS_MAX + 80]; /* POOL-FOLDER/spool-HASH */
	int why;		       /* 0: the state directory is used; -errno: why not */
};

/*
 * 0, or -errno when the pool's folder has no name. make: create state directory and folder. The
 * state directory counts as full below 64 KiB of free room.
 */
int spool_folder(const char *state, unsigned uid, bool make, struct spool_place *into);

#endif
