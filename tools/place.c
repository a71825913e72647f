#include "tools/place.h"
#include "tools/message.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/switches.h"

static const char *from_environment(void *context, const char *name)
{
	(void)context;
	return getenv(name);
}

static const char *from_nothing(void *context, const char *name)
{
	(void)context;
	(void)name;
	return NULL;
}

int place_state(char into[PATHS_MAX])
{
	return paths_state(geteuid(), from_environment, NULL, into);
}

void place_explain(int error)
{
	switch (error) {
	case -EINVAL:
		message("BOOKEND_STATE is not an absolute path: \"%s\": start it with /",
			getenv("BOOKEND_STATE"));
		break;
	case -ENAMETOOLONG:
		message("the state directory's path is too long: set BOOKEND_STATE to a shorter "
			"one");
		break;
	case -ENOENT:
		message("there is no state directory: set BOOKEND_STATE or HOME");
		break;
	default:
		message("the state directory can not be found: %s", strerror(-error));
	}
}

bool place_state_is_fixed(void)
{
	char path[PATHS_MAX];
	const char *chosen = getenv("BOOKEND_STATE");

	return (!chosen || !*chosen) && paths_state(geteuid(), from_nothing, NULL, path) == 0;
}

int place_make(const char *directory)
{
	char path[PATHS_MAX];
	struct stat stat_now;

	if (snprintf(path, sizeof(path), "%s", directory) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (stat(path, &stat_now) == 0)
		return S_ISDIR(stat_now.st_mode) ? 0 : -ENOTDIR;
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) != 0 && errno != EEXIST && access(path, F_OK) != 0)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

int place_writable(const char *directory)
{
	struct stat stat_now;

	if (stat(directory, &stat_now) != 0)
		return -errno;
	if (!S_ISDIR(stat_now.st_mode))
		return -ENOTDIR;
	return faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0 ? 0 : -errno;
}

const char *place_policy(void)
{
	const char *chosen = getenv("BOOKEND_POLICY");

	if (chosen && *chosen)
		return chosen;
	return access(PATHS_DEFAULT_POLICY, F_OK) == 0 ? PATHS_DEFAULT_POLICY : NULL;
}

static bool is_on(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0") != 0 && strcmp(value, "false") != 0;
}

enum reason place_forbids(void)
{
	if (is_on("BOOKEND_DISABLE"))
		return REASON_DISABLED;
	return is_on("DO_NOT_TRACK") ? REASON_DO_NOT_TRACK : REASON_MEASURED;
}

enum reason place_switched(const char *state, const char *service)
{
	struct switches switches;

	if (!state[0])
		return REASON_MEASURED;
	switches_read(state, &switches);
	return switches_have(&switches, switches_hash(service, strlen(service)))
		       ? REASON_SWITCHED_OFF
		       : REASON_MEASURED;
}
