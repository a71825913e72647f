/*
 * The image through its file. Every number from the file is checked on the private copy before it
 * is used.
 */
#include "policy/image_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/checksum.h"
#include "base/clock.h"
#include "base/identity.h"
#include "base/paths.h"
#include "base/sys.h"
#include "policy/image_calls.h"

#define HEAD_BYTES 4096

static uint64_t mtime_ns(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * CLOCK_SECOND + (uint64_t)st->st_mtim.tv_nsec;
}

static enum reason check_file(int file, uint32_t uid, uint64_t *bytes)
{
	struct stat st;

	if (sys_fstat(file, &st) != 0)
		return REASON_NO_IMAGE;
	if (!S_ISREG(st.st_mode) || (st.st_uid != 0 && st.st_uid != uid) ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return REASON_IMAGE_UNSAFE;
	*bytes = (uint64_t)st.st_size;
	return REASON_MEASURED;
}

/* A policy whose YAML was taken away is not in force any more. */
static enum reason check_source(const struct image_header *h, const char *yaml)
{
	struct stat st;

	if (sys_fstatat(AT_FDCWD, yaml, &st, 0) != 0 || (uint64_t)st.st_size != h->source_bytes ||
	    mtime_ns(&st) != h->source_mtime_ns)
		return REASON_IMAGE_STALE;
	return REASON_MEASURED;
}

static bool header_is_sound(const struct image_header *h, uint64_t bytes)
{
	uint32_t entries = h->index_entries;
	uint64_t index_bytes = ((uint64_t)entries + h->index_window) * sizeof(struct image_index);

	if (memcmp(h->magic, IMAGE_MAGIC, sizeof(h->magic)) != 0 || h->major != IMAGE_MAJOR ||
	    h->check != image_header_check(h))
		return false;
	return h->bytes == bytes && bytes <= IMAGE_BYTES_MAX && entries != 0 &&
	       (entries & (entries - 1)) == 0 && h->index_window <= IMAGE_INDEX_WINDOW_MAX &&
	       index_bytes <= bytes - sizeof(*h) && h->tool[IMAGE_TOOL_MAX - 1] == '\0';
}

static enum reason read_head(struct image_file *f, const char *policy, uint32_t uid,
			     struct arena *arena)
{
	uint64_t bytes;
	enum reason reason = check_file(f->file, uid, &bytes);
	uint8_t *head = arena_take(arena, HEAD_BYTES);
	long got;

	if (reason != REASON_MEASURED)
		return reason;
	if (head == NULL)
		return REASON_IMAGE_BAD;
	got = sys_pread(f->file, head, HEAD_BYTES, 0);
	f->header = (const void *)head;
	arena_shorten(arena, head, got > 0 ? (size_t)got : 0);
	if (got < (long)sizeof(*f->header) || !header_is_sound(f->header, bytes))
		return REASON_IMAGE_BAD;
	f->head_bytes = (uint32_t)got;
	return strcmp(f->path, policy) != 0 ? check_source(f->header, policy) : REASON_MEASURED;
}

enum reason image_file_open(struct image_file *f, const char *policy, uint32_t uid,
			    struct arena *arena)
{
	char *path = arena_take(arena, PATHS_MAX);
	enum reason reason;

	*f = (struct image_file){ .file = -1, .path = path };
	if (path == NULL || paths_image(policy, path) != 0)
		return REASON_NO_IMAGE;
	arena_shorten(arena, path, strlen(path) + 1);
	/* O_NONBLOCK: a FIFO under this name must not hold the host up. */
	f->file = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
	if (f->file < 0)
		return REASON_NO_IMAGE;
	reason = read_head(f, policy, uid, arena);
	if (reason != REASON_MEASURED)
		image_file_close(f);
	return reason;
}

void image_file_close(struct image_file *f)
{
	if (f->file >= 0)
		sys_close(f->file);
	f->file = -1;
}

/* The window of the index behind the name's place: in the head already, or read now. */
static const struct image_index *read_window(const struct image_file *f, uint32_t place,
					     struct arena *arena)
{
	uint32_t offset = (uint32_t)sizeof(struct image_header) + place * 16u;
	uint32_t bytes = f->header->index_window * 16u;
	uint8_t *window;

	if (offset + bytes <= f->head_bytes)
		return (const void *)((const uint8_t *)f->header + offset);
	window = arena_take(arena, bytes);
	if (window == NULL || sys_pread(f->file, window, bytes, offset) != (long)bytes)
		return NULL;
	return (const void *)window;
}

int image_file_find(const struct image_file *f, const char *name, size_t length,
		    struct arena *arena, struct image_index *found)
{
	uint32_t hash = (uint32_t)siphash64(IMAGE_KEY, name, length);
	const struct image_index *window =
		read_window(f, hash & (f->header->index_entries - 1), arena);

	if (window == NULL)
		return -EBADMSG;
	for (uint32_t i = 0; i < f->header->index_window; i++) {
		if (window[i].hash == hash && window[i].offset != 0) {
			*found = window[i];
			return 0;
		}
	}
	return -ENOENT;
}

/* The section's bytes: in the head already, as a small image is whole, or read now. */
static int read_section(const struct image_file *f, const struct image_index *entry,
			struct arena *arena, const uint8_t **bytes)
{
	uint8_t *copy;

	if ((uint64_t)entry->offset + entry->bytes <= f->head_bytes) {
		*bytes = (const uint8_t *)f->header + entry->offset;
		return 0;
	}
	copy = arena_take(arena, entry->bytes);
	if (copy == NULL)
		return -ENOMEM;
	*bytes = copy;
	return sys_pread(f->file, copy, entry->bytes, entry->offset) == (long)entry->bytes
		       ? 0
		       : -EBADMSG;
}

int image_file_now(const struct image_file *f, const struct image_index *entry, struct arena *arena,
		   struct section *now)
{
	const struct image_now *h;
	const uint8_t *copy;
	int error;

	if (entry->bytes < sizeof(*h) || entry->bytes > NOW_BYTES_MAX || entry->offset % 8 != 0)
		return -EBADMSG;
	error = read_section(f, entry, arena, &copy);
	if (error != 0)
		return error;
	h = (const void *)copy;
	if (h->bytes != entry->bytes || h->service != entry->service ||
	    h->check != checksum(copy + sizeof(h->check), h->bytes - sizeof(h->check), h->service))
		return -EBADMSG;
	*now = (struct section){ .bytes = copy, .length = h->bytes };
	return 0;
}

static bool read_calls(int file, uint32_t uid, const uint8_t hash[16], const struct image_now *now,
		       struct image_calls *into)
{
	uint8_t found[16];
	uint64_t bytes;

	return check_file(file, uid, &bytes) == REASON_MEASURED &&
	       sys_pread(file, found, sizeof(found), offsetof(struct image_header, hash)) ==
		       sizeof(found) &&
	       memcmp(found, hash, sizeof(found)) == 0 &&
	       sys_pread(file, into, now->calls_bytes, now->calls) == (long)now->calls_bytes;
}

int image_file_calls(const char *path, uint32_t uid, const uint8_t hash[16],
		     const struct image_now *now, struct image_calls *into)
{
	int file;
	bool read;

	if (now->calls_bytes < sizeof(*into) || now->calls_bytes > CALLS_BYTES_MAX)
		return -EBADMSG;
	file = sys_openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
	if (file < 0)
		return -EBADMSG;
	read = read_calls(file, uid, hash, now, into);
	sys_close(file);
	if (!read || into->check != checksum((const uint8_t *)into + sizeof(into->check),
					     now->calls_bytes - sizeof(into->check), now->service))
		return -EBADMSG;
	return image_calls_hold(into, now->calls_bytes, now->service) ? 0 : -EBADMSG;
}
