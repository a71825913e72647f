/*
 * A walk with one open directory a level, which is taken up again behind the entry it was left at.
 */
#include "policy/file_size.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/sys.h"

/* As getdents64(2) writes it. */
struct entry {
	uint64_t inode;
	int64_t next; /* place in the directory behind this one */
	uint16_t length;
	uint8_t type;
	char name[];
};

struct walk {
	uint64_t bytes;
	uint64_t device;
	unsigned entries;
	unsigned depth;
	int fd[FILE_SIZE_DEPTH];
};

static bool is_dots(const char *name)
{
	return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

static int enter(struct walk *w, int dir, const char *name, int flags)
{
	int fd;

	if (w->depth == FILE_SIZE_DEPTH)
		return -E2BIG;
	fd = sys_openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | flags, 0);
	if (fd < 0)
		return fd;
	w->fd[w->depth++] = fd;
	return 0;
}

/* 1: it is a directory that was entered. */
static int add_entry(struct walk *w, int dir, const struct entry *entry)
{
	struct stat st;
	int error;

	if (is_dots(entry->name))
		return 0;
	if (++w->entries > FILE_SIZE_ENTRIES)
		return -E2BIG;
	error = sys_fstatat(dir, entry->name, &st, AT_SYMLINK_NOFOLLOW);
	if (error == 0 && S_ISREG(st.st_mode))
		w->bytes += (uint64_t)st.st_size;
	if (error == 0 && S_ISDIR(st.st_mode) && st.st_dev == w->device) {
		error = enter(w, dir, entry->name, O_NOFOLLOW);
		if (error == 0)
			return 1;
	}
	/* It was taken away meanwhile. */
	return error == -ENOENT ? 0 : error;
}

/* Some entries of the innermost directory; at its end it is left. */
static int read_some(struct walk *w)
{
	_Alignas(8) char buffer[2048];
	int fd = w->fd[w->depth - 1];
	long got = sys_call(SYS_getdents64, fd, buffer, sizeof(buffer), 0);

	if (got == 0) {
		sys_close(fd);
		w->depth--;
	}
	for (long at = 0; at < got;) {
		const struct entry *entry = (const void *)(buffer + at);
		int entered = add_entry(w, fd, entry);

		if (entered == 1)
			return sys_call(SYS_lseek, fd, entry->next, 0, 0) < 0 ? -EIO : 0;
		if (entered < 0)
			return entered;
		at += entry->length;
	}
	return got < 0 ? (int)got : 0;
}

int file_size(const char *path, uint64_t *bytes)
{
	struct walk w = { 0 };
	struct stat st;
	int error = sys_fstatat(AT_FDCWD, path, &st, 0);

	if (error != 0)
		return error == -ENOTDIR ? -ENOENT : error;
	if (!S_ISDIR(st.st_mode)) {
		*bytes = (uint64_t)st.st_size;
		return S_ISREG(st.st_mode) ? 0 : -EINVAL;
	}
	w.device = st.st_dev;
	error = enter(&w, AT_FDCWD, path, 0);
	while (error == 0 && w.depth > 0)
		error = read_some(&w);
	while (w.depth > 0)
		sys_close(w.fd[--w.depth]);
	if (error == 0)
		*bytes = w.bytes;
	return error;
}
