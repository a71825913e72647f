/*
 * Where the database lies when nobody says so.
 */
#include "tools/collector/collector.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"

static const char *from_environment(void *context, const char *name)
{
	(void)context;
	return getenv(name);
}

/* Each missing folder of an absolute path, 0700. */
static int make_folders(const char *path)
{
	char part[PATHS_MAX];
	const char *end = path;

	do {
		end += 1 + strcspn(end + 1, "/");
		snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return -errno;
	} while (*end);
	return 0;
}

const char *collector_database(const char *option, int make, char *into, unsigned long capacity)
{
	char state[PATHS_MAX];

	if (option)
		return option;
	int error = paths_state(geteuid(), from_environment, NULL, state);
	if (!error && make)
		error = make_folders(state);
	if (error) {
		fprintf(stderr,
			"bookend: no place for the database: %s; say --db FILE, or set "
			"BOOKEND_STATE\n",
			strerror(-error));
		return NULL;
	}
	snprintf(into, capacity, "%s/collector.db", state);
	return into;
}
