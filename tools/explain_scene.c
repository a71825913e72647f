/*
 * The command's place is taken by a child that only waits and ends.
 */
#include "tools/explain_scene.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/file.h"
#include "tools/image_store.h"
#include "tools/message.h"
#include "tools/place.h"
#include "tools/run.h"
#include "tools/sender_library.h"

#define COPY_MOST (1u << 20)
#define PROBES_MS 60000

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static void remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void copy_file(const char *from, const char *to)
{
	uint8_t *bytes;
	size_t length;

	if (file_read(from, COPY_MOST, &bytes, &length) != 0)
		return;
	file_replace(to, bytes, length, 0600);
	free(bytes);
}

static void copy_folder(const char *from, const char *to)
{
	char one[PATHS_MAX], other[PATHS_MAX];
	const struct dirent *entry;
	DIR *folder = opendir(from);

	if (!folder)
		return;
	mkdir(to, 0700);
	while ((entry = readdir(folder)) != NULL) {
		if (entry->d_name[0] == '.' ||
		    snprintf(one, sizeof(one), "%s/%s", from, entry->d_name) >= (int)sizeof(one) ||
		    snprintf(other, sizeof(other), "%s/%s", to, entry->d_name) >=
			    (int)sizeof(other))
			continue;
		copy_file(one, other);
	}
	closedir(folder);
}

static void copy_state(const char *to)
{
	static const char *const files[] = { "installation-id", "remembered", NULL };
	static const char *const folders[] = { "ids", "probes", NULL };
	char from[PATHS_MAX], one[PATHS_MAX + 32], other[PATHS_MAX + 32];

	if (place_state(from) != 0)
		return;
	for (unsigned i = 0; files[i]; i++) {
		snprintf(one, sizeof(one), "%s/%s", from, files[i]);
		snprintf(other, sizeof(other), "%s/%s", to, files[i]);
		copy_file(one, other);
	}
	for (unsigned i = 0; folders[i]; i++) {
		snprintf(one, sizeof(one), "%s/%s", from, folders[i]);
		snprintf(other, sizeof(other), "%s/%s", to, folders[i]);
		copy_folder(one, other);
	}
}

int explain_scene_open(const struct policy_file *policy, struct explain_scene *s)
{
	const char *temporary = getenv("TMPDIR");
	int error = 0;

	snprintf(s->state, sizeof(s->state), "%s/bookend-explain-XXXXXX",
		 temporary && *temporary ? temporary : "/tmp");
	if (!mkdtemp(s->state)) {
		error = -errno;
		message("%s can not be made: %s: set TMPDIR", s->state, strerror(errno));
		return error;
	}
	copy_state(s->state);
	error = image_store(s->state, policy->bytes, policy->length, s->image);
	if (error) {
		message("%s can not be written: %s: set TMPDIR", s->state, strerror(-error));
		explain_scene_close(s);
	}
	return error;
}

/* The pool, and what else beside it carries its hash. */
static void remove_pool(const char *state)
{
	char folder[PATHS_POOL_FOLDER_MAX], name[64], path[PATHS_MAX];
	const struct dirent *entry;
	const char *hash;
	DIR *open_folder;

	paths_pool_name(state, name);
	hash = strrchr(name, '-');
	if (!hash || paths_pool_folder(geteuid(), folder) != 0)
		return;
	open_folder = opendir(folder);
	while (open_folder && (entry = readdir(open_folder)) != NULL) {
		if (!strstr(entry->d_name, hash))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		remove_tree(path);
	}
	if (open_folder)
		closedir(open_folder);
}

void explain_scene_close(struct explain_scene *s)
{
	remove_pool(s->state);
	remove_tree(s->state);
}

bool explain_scene_record(struct explain_scene *s, const struct program *program,
			  const char *services)
{
	struct run_policy policy = { .services = (char *)(uintptr_t)services };
	struct run_record record = { .open = false };
	bool recorded;
	int go[2];
	int status;
	pid_t child;

	snprintf(policy.image, sizeof(policy.image), "%s", s->image);
	snprintf(record.state, sizeof(record.state), "%s", s->state);
	if (pipe2(go, O_CLOEXEC) != 0)
		return false;
	child = fork();
	if (child == 0) {
		char byte;

		close(go[1]);
		_exit(read(go[0], &byte, 1) != 0);
	}
	close(go[0]);
	if (child > 0)
		run_record_start(&record, &policy, program, child);
	recorded = record.claimed;
	close(go[1]);
	if (child <= 0 || waitpid(child, &status, 0) != child)
		return false;
	if (recorded)
		run_record_end(&record, child, status);
	return recorded;
}

static void say(void *context, int level, const char *line)
{
	(void)context;
	if (level <= 4)
		message("%s", line);
}

int explain_scene_events(const struct explain_scene *s,
			 void (*line)(void *context, const char *json, uint32_t length),
			 void *context)
{
	const struct sender_api *api = sender_library();
	struct sender_options options = { .state = s->state,
					  .uid = geteuid(),
					  .timeout_ms = -1,
					  .say = say,
					  .context = context };

	return api ? api->tail(&options, line) : -ELIBACC;
}

int explain_scene_requests(const struct explain_scene *s,
			   void (*line)(void *context, const char *json, uint32_t length),
			   void *context)
{
	const struct sender_api *api = sender_library();
	struct sender_options options = { .state = s->state,
					  .uid = geteuid(),
					  .timeout_ms = PROBES_MS,
					  .preview = line,
					  .say = say,
					  .context = context };
	struct sender_report report;

	return api ? api->flush(&options, &report) : -ELIBACC;
}
