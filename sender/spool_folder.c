/*
 * The choice between the disk and tmpfs. Looks, and creates folders when asked to; writes no file.
 */
#include "sender/spool_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define ROOM_LEAST (64 * 1024)

/* mkdir -p, 0700. */
static int make_folder(const char *path)
{
	char part[PATHS_MAX + 16];
	size_t length = strlen(path);

	if (length >= sizeof(part))
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != 0)
			continue;
		memcpy(part, path, i);
		part[i] = 0;
		if (mkdir(part, 0700) && errno != EEXIST && errno != EISDIR) {
			int r = -errno;

			/* A read-only or closed ancestor that exists says EROFS or EACCES here. */
			if (access(part, F_OK))
				return r;
		}
	}
	return 0;
}

static int usable(const char *path)
{
	struct statvfs room;
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS))
		return -errno;
	if (statvfs(path, &room))
		return -errno;
	if ((uint64_t)room.f_bavail * room.f_frsize < ROOM_LEAST)
		return -ENOSPC;
	return 0;
}

/* It is made when it is needed: the nearest ancestor there is decides. */
static int could_be_made(const char *state)
{
	char path[PATHS_MAX];
	int r;

	snprintf(path, sizeof(path), "%s", state);
	for (;;) {
		char *slash = strrchr(path, '/');

		r = usable(path);
		if (r != -ENOENT || !slash || slash == path)
			return r;
		*slash = 0;
	}
}

int spool_folder(const char *state, unsigned uid, bool make, struct spool_place *into)
{
	char name[64];
	int r = paths_pool_folder(uid, into->pool_folder);

	if (r)
		return r;
	paths_pool_name(state, name);
	/* pool-1-HASH: the same HASH names the spool of the same state directory. */
	snprintf(into->fallback, sizeof(into->fallback), "%s/spool-%s", into->pool_folder,
		 strrchr(name, '-') ? strrchr(name, '-') + 1 : name);
	snprintf(into->state, sizeof(into->state), "%s/spool", state);
	into->why = make ? make_folder(into->state) : 0;
	if (!into->why)
		into->why = usable(into->state);
	if (into->why == -ENOENT && !make)
		into->why = could_be_made(state);
	return 0;
}
