/*
 * Where things lie, worked out the same way by the shim, the launcher and every tool. Any world; no
 * allocation. Environment values come in through a callback, because a host may have cleared its
 * own.
 */
#ifndef BOOKEND_BASE_PATHS_H
#define BOOKEND_BASE_PATHS_H

#include <stddef.h>

#define PATHS_MAX 1024

/* The value of an environment variable, or NULL. */
typedef const char *(*paths_env_fn)(void *context, const char *name);

/*
 * The state directory: $BOOKEND_STATE (absolute), else /var/lib/bookend/UID where /var/lib/bookend
 * is a sticky directory, else $XDG_STATE_HOME/bookend, else $HOME/.local/state/bookend. Doubled and
 * trailing slashes are dropped, so that one directory has one name. -EINVAL: BOOKEND_STATE is not
 * absolute; -ENAMETOOLONG; -ENOENT: none of these variables is set.
 */
int paths_state(unsigned uid, paths_env_fn env, void *context, char into[PATHS_MAX]);

/* The hot pool's folder: /run/bookend/UID where /run/bookend is sticky, else /dev/shm/bookend-UID.
 */
#define PATHS_POOL_FOLDER_MAX 64
int paths_pool_folder(unsigned uid, char into[PATHS_POOL_FOLDER_MAX]);

/* The pool's file name in that folder: pool-1-HASH, HASH naming the state directory. */
void paths_pool_name(const char *state, char into[64]);

/* The image of a policy: NAME.yaml or NAME.yml has NAME.bki beside it; any other path is the image.
 */
int paths_image(const char *policy, char into[PATHS_MAX]);

#define PATHS_DEFAULT_POLICY "/etc/bookend/policy.yaml"

#endif
