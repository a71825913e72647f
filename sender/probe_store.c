/*
 * A file is written whole under another name and then renamed; half of one is never read.
 */
#include "sender/probe_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/clock.h"
#include "base/paths.h"
#include "sender/probe_store_format.h"

static void make_path(const char *state, const uint8_t hash[16], char *into, size_t capacity)
{
	int at = snprintf(into, capacity, "%s/probes/", state);

	for (int i = 0; i < 16 && (size_t)at < capacity; i++)
		at += snprintf(into + at, capacity - (size_t)at, "%02x", hash[i]);
}

static int read_head(int file, struct probe_store_head *head)
{
	struct stat st;

	if (fstat(file, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    st.st_mode & 077 || read(file, head, sizeof(*head)) != sizeof(*head) ||
	    memcmp(head->magic, PROBE_STORE_MAGIC, sizeof(head->magic)) != 0)
		return -EBADMSG;
	if (head->until_ns && head->until_ns <= clock_real_ns())
		return -ESTALE;
	return 0;
}

int probe_store_read(const char *state, const uint8_t hash[16], char *into, size_t capacity)
{
	struct probe_store_head head;
	char path[PATHS_MAX + 64];
	int file, r;

	make_path(state, hash, path, sizeof(path));
	file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (file < 0)
		return -errno;
	r = read_head(file, &head);
	if (!r &&
	    (head.length > capacity || read(file, into, head.length) != (ssize_t)head.length ||
	     checksum(into, head.length, head.length) != head.check))
		r = -EBADMSG;
	close(file);
	return r ? r : (int)head.length;
}

struct oldest {
	char name[64];
	struct timespec time;
	unsigned count;
};

static void look_at(int folder, const char *name, struct oldest *oldest)
{
	struct stat st;

	if (name[0] == '.' || strlen(name) >= sizeof(oldest->name) ||
	    fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (oldest->count++ && (st.st_mtim.tv_sec > oldest->time.tv_sec ||
				(st.st_mtim.tv_sec == oldest->time.tv_sec &&
				 st.st_mtim.tv_nsec >= oldest->time.tv_nsec)))
		return;
	strcpy(oldest->name, name);
	oldest->time = st.st_mtim;
}

static void remove_oldest(const char *folder)
{
	struct oldest oldest = { .count = 0 };
	struct dirent *entry;
	DIR *dir = opendir(folder);

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		look_at(dirfd(dir), entry->d_name, &oldest);
	if (oldest.count > PROBE_STORE_FILES)
		unlinkat(dirfd(dir), oldest.name, 0);
	closedir(dir);
}

static int write_file(int file, uint32_t seconds, const char *bytes, size_t length)
{
	struct probe_store_head head = { .magic = PROBE_STORE_MAGIC,
					 .length = (uint32_t)length,
					 .check = checksum(bytes, length, (uint32_t)length) };

	if (seconds)
		head.until_ns = clock_real_ns() + seconds * CLOCK_SECOND;
	return write(file, &head, sizeof(head)) == sizeof(head) &&
			       write(file, bytes, length) == (ssize_t)length
		       ? 0
		       : -EIO;
}

void probe_store_write(const char *state, const uint8_t hash[16], uint32_t seconds,
		       const char *bytes, size_t length)
{
	char path[PATHS_MAX + 64], temporary[PATHS_MAX + 72], folder[PATHS_MAX + 16];
	int file;

	snprintf(folder, sizeof(folder), "%s/probes", state);
	mkdir(folder, 0700);
	make_path(state, hash, path, sizeof(path));
	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	file = mkostemp(temporary, O_CLOEXEC);
	if (file < 0)
		return;
	if (write_file(file, seconds, bytes, length) || rename(temporary, path))
		unlink(temporary);
	close(file);
	remove_oldest(folder);
}
