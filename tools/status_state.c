#include "tools/status.h"
#include "tools/file.h"
#include "tools/ids.h"
#include "tools/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/switches.h"
#include "base/text.h"

#define LOSSES_MAX (1 << 20)  /* pool_tally_loss() writes no more */
#define OFF_MAX	   (8 * 1024) /* `bookend off` writes no more */
#define ROOM_LEAST 65536      /* with less the spool moves to tmpfs: sender/spool_folder.c */

/* Can drainers write there? 0 or -errno; a missing one will be made when its parents allow it. */
static int usable(const char *state)
{
	char path[PATHS_MAX];
	struct statvfs room;
	int error;

	snprintf(path, sizeof(path), "%s", state);
	for (;;) {
		char *slash = strrchr(path, '/');

		error = place_writable(path);
		if (error != -ENOENT || !slash || slash == path)
			break;
		*slash = '\0';
	}
	if (error == 0 && statvfs(path, &room) == 0 &&
	    (uint64_t)room.f_bavail * room.f_frsize < ROOM_LEAST)
		return -ENOSPC;
	return error;
}

struct spool_sum {
	uint64_t segments, bytes;
	uint64_t strange; /* files that no drainer takes for a segment, or that one put aside */
};

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name);

	return length > strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

/* POOL-DRAINER-NUMBER.spool, see sender/spool_format.h. */
static bool is_segment(const char *name)
{
	unsigned pool, drainer, number;
	int length = 0;

	return sscanf(name, "%8x-%u-%u.spool%n", &pool, &drainer, &number, &length) == 3 &&
	       length > 0 && name[length] == '\0';
}

static void sum_segments(const char *folder, struct spool_sum *sum)
{
	DIR *directory = opendir(folder);
	const struct dirent *entry;
	struct stat stat_now;

	while (directory && (entry = readdir(directory)) != NULL) {
		if (fstatat(dirfd(directory), entry->d_name, &stat_now, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		if (is_segment(entry->d_name)) {
			sum->segments++;
			sum->bytes += (uint64_t)stat_now.st_size;
		} else if (ends_in(entry->d_name, ".spool") || ends_in(entry->d_name, ".damaged")) {
			sum->strange++;
		}
	}
	if (directory)
		closedir(directory);
}

static void print_spool(struct status *status, int error)
{
	char own[PATHS_MAX + 16], folder[PATHS_MAX], name[64], fallback[PATHS_MAX + 80];
	struct spool_sum sum = { 0 };
	struct listing *list = &status->list;
	const char *hash;

	snprintf(own, sizeof(own), "%s/spool", status->state);
	sum_segments(own, &sum);
	if (paths_pool_folder(geteuid(), folder) == 0) {
		paths_pool_name(status->state, name);
		hash = strrchr(name, '-');
		snprintf(fallback, sizeof(fallback), "%s/spool-%s", folder, hash ? hash + 1 : name);
		sum_segments(fallback, &sum);
		listing_text(list, "spool", "spool", error ? fallback : own);
	}
	listing_number(list, "segments", "segments", sum.segments);
	listing_bytes(list, "spool_bytes", "bytes waiting", sum.bytes);
	if (list->json || sum.strange > 0)
		listing_number(list, "damaged", "damaged or foreign files", sum.strange);
}

/* As it was written, so that a misspelt name is seen. */
static void print_off(struct status *status)
{
	char path[PATHS_MAX + sizeof(SWITCHES_FILE)], names[2 * OFF_MAX] = "";
	size_t length = 0;
	uint8_t *bytes = NULL;
	struct text t = text_init(names, sizeof(names));
	char *rest = NULL, *copy;

	snprintf(path, sizeof(path), "%s" SWITCHES_FILE, status->state);
	if (file_read(path, OFF_MAX, &bytes, &length) != 0)
		return;
	copy = strndup((char *)bytes, length);
	for (char *name = copy ? strtok_r(copy, "\n", &rest) : NULL; name;
	     name = strtok_r(NULL, "\n", &rest)) {
		text_add(&t, t.length ? ", " : "");
		text_add(&t, strcmp(name, SWITCHES_ALL) == 0 ? "everything" : name);
	}
	listing_text(&status->list, "off", "switched off", names[0] ? names : NULL);
	free(copy);
	free(bytes);
}

static void print_losses(struct status *status)
{
	static const struct listing_column columns[] = { { "reason", "reason", false },
							 { "count", "processes", true },
							 { "text", "why", false } };
	char path[PATHS_MAX + 16], number[32];
	uint64_t count[REASON_COUNT] = { 0 };
	size_t length = 0;
	uint8_t *bytes;

	snprintf(path, sizeof(path), "%s/losses", status->state);
	if (file_read(path, LOSSES_MAX, &bytes, &length) != 0)
		bytes = NULL;
	for (size_t i = 0; bytes && i < length; i++)
		if (bytes[i] < REASON_COUNT)
			count[bytes[i]]++;
	free(bytes);
	listing_table(&status->list, "losses", "Not measured for want of a pool", columns, 3);
	for (unsigned i = 0; i < REASON_COUNT; i++) {
		snprintf(number, sizeof(number), "%lu", count[i]);
		if (count[i])
			listing_row(&status->list,
				    (const char *[]){ reason_name(i), number, reason_text(i) });
	}
	listing_table_end(&status->list);
}

static void print_id(void *list, const char *of, const char *id)
{
	listing_row(list, (const char *[]){ of, id });
}

static void print_ids(struct status *status)
{
	static const struct listing_column columns[] = { { "of", "of", false },
							 { "id", "id", false } };

	listing_table(&status->list, "ids", "Identifiers (new ones: bookend id --rotate)", columns,
		      2);
	ids_each(status->state, print_id, &status->list);
	listing_table_end(&status->list);
}

void status_state(struct status *status)
{
	struct listing *list = &status->list;
	int error = status->state_error ? 0 : usable(status->state);
	char trouble[256];

	listing_section(list, "state", "State");
	listing_text(list, "directory", "directory", status->state_error ? NULL : status->state);
	if (status->state_error) {
		listing_answer(list, "usable", "usable", false, reason_text(REASON_NO_STATE));
		listing_section_end(list);
		return;
	}
	snprintf(trouble, sizeof(trouble), "no, %s: what is recorded waits on tmpfs",
		 strerror(-error));
	listing_answer(list, "usable", "usable", error == 0, trouble);
	listing_text(list, "advice", "what to do",
		     error ? "make room, or set BOOKEND_STATE to a folder of yours" : NULL);
	print_spool(status, error);
	print_off(status);
	listing_section_end(list);
	print_ids(status);
	print_losses(status);
}
