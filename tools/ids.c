#include "tools/ids.h"
#include "tools/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"

#define ID_BYTES 256

typedef void (*file_fn)(void *context, const char *path, const char *of);

/* Drainers make them under other names, with a dot and more behind it. */
static bool is_whole(const char *name)
{
	return !strchr(name, '.');
}

static void each_file(const char *state, file_fn each, void *context)
{
	char path[PATHS_MAX + 300];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "%s/installation-id", state);
	if (access(path, F_OK) == 0)
		each(context, path, "installation");
	snprintf(path, sizeof(path), "%s/ids", state);
	folder = opendir(path);
	while (folder && (entry = readdir(folder)) != NULL) {
		if (!is_whole(entry->d_name))
			continue;
		snprintf(path, sizeof(path), "%s/ids/%s", state, entry->d_name);
		each(context, path,
		     strncmp(entry->d_name, "installation-", 13) == 0 ? "installation" : "a key");
	}
	if (folder)
		closedir(folder);
}

struct reading {
	void (*each)(void *context, const char *of, const char *id);
	void *context;
};

static void read_one(void *context, const char *path, const char *of)
{
	const struct reading *reading = context;
	char id[ID_BYTES + 1];
	uint8_t *bytes = NULL;
	size_t length = 0;

	if (file_read(path, ID_BYTES, &bytes, &length) == 0) {
		snprintf(id, sizeof(id), "%.*s", (int)length, (char *)bytes);
		id[strcspn(id, " \t\r\n")] = '\0';
		reading->each(reading->context, of, id);
	}
	free(bytes);
}

void ids_each(const char *state, void (*each)(void *context, const char *of, const char *id),
	      void *context)
{
	struct reading reading = { each, context };

	each_file(state, read_one, &reading);
}

struct forgetting {
	int removed, error;
};

static void forget_one(void *context, const char *path, const char *of)
{
	struct forgetting *f = context;

	(void)of;
	if (unlink(path) == 0)
		f->removed++;
	else if (errno != ENOENT && f->error == 0)
		f->error = -errno;
}

int ids_forget(const char *state)
{
	struct forgetting f = { 0, 0 };

	each_file(state, forget_one, &f);
	return f.error ? f.error : f.removed;
}
