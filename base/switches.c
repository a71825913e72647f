/*
 * A file that can not be read counts as everything off: who switched something off must be able to
 * rely on it.
 */
#include "base/switches.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/identity.h"
#include "base/paths.h"
#include "base/sys.h"
#include "base/text.h"

#define LINES_BYTES 512 /* a name has at most 63 */

static const uint8_t key[16] = "bookend switches";

uint64_t switches_hash(const char *service, size_t length)
{
	uint64_t hash = siphash64(key, service, length);

	return hash != 0 ? hash : 1;
}

bool switches_off(const struct pool_header *header, uint64_t hash)
{
	uint32_t control = atomic_load_explicit(&header->control, memory_order_acquire);

	if (control & POOL_CONTROL_OFF)
		return true;
	if (!(control & POOL_CONTROL_SOME))
		return false;
	for (unsigned i = 0; i < POOL_OFF_SERVICES; i++)
		if (atomic_load_explicit(&header->off[i], memory_order_relaxed) == hash)
			return true;
	return false;
}

bool switches_have(const struct switches *s, uint64_t hash)
{
	if (s->control & POOL_CONTROL_OFF)
		return true;
	for (unsigned i = 0; i < s->count; i++)
		if (s->off[i] == hash)
			return true;
	return false;
}

static int add_name(struct switches *into, const char *name, size_t length)
{
	if (length == strlen(SWITCHES_ALL) && memcmp(name, SWITCHES_ALL, length) == 0) {
		into->control |= POOL_CONTROL_OFF;
		return 0;
	}
	if (length == 0)
		return 0;
	if (into->count == POOL_OFF_SERVICES)
		return -E2BIG;
	into->control |= POOL_CONTROL_SOME;
	into->off[into->count++] = switches_hash(name, length);
	return 0;
}

/* The whole lines of these bytes, at the end of the file the rest too: how many bytes they were, or
 * -errno. */
static long add_lines(struct switches *into, const char *bytes, size_t length, bool end)
{
	size_t at = 0;

	while (at < length) {
		const char *stop = memchr(bytes + at, '\n', length - at);
		size_t line = stop != NULL ? (size_t)(stop - bytes) - at : length - at;
		int error;

		if (stop == NULL && !end)
			break;
		error = add_name(into, bytes + at, line);
		if (error != 0)
			return error;
		at += line + (stop != NULL);
	}
	return (long)at;
}

static int read_lines(int file, struct switches *into)
{
	char bytes[LINES_BYTES];
	uint64_t offset = 0;

	for (;;) {
		long got = sys_pread(file, bytes, sizeof(bytes), offset);
		long used = got;

		if (got > 0)
			used = add_lines(into, bytes, (size_t)got, got < LINES_BYTES);
		if (used < 0)
			return (int)used;
		if (got < LINES_BYTES)
			return 0;
		if (used == 0)
			return -E2BIG;
		offset += (uint64_t)used;
	}
}

static int read_file(const char *path, struct switches *into)
{
	int file = sys_openat(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0);
	int error;

	if (file < 0)
		return file == -ENOENT ? 0 : file;
	error = read_lines(file, into);
	sys_close(file);
	return error;
}

int switches_read(const char *state, struct switches *into)
{
	char path[PATHS_MAX];
	struct text t = text_init(path, sizeof(path));
	int error;

	memset(into, 0, sizeof(*into)); /* compared as bytes */
	text_add(&t, state);
	text_add(&t, SWITCHES_FILE);
	error = t.truncated ? -ENAMETOOLONG : read_file(path, into);
	if (error != 0)
		into->control |= POOL_CONTROL_OFF;
	return error;
}

/* While names go, everything is off for a moment: nothing that is off slips through. */
void switches_store(struct pool_header *header, const struct switches *switches)
{
	atomic_fetch_or_explicit(&header->control, POOL_CONTROL_OFF, memory_order_seq_cst);
	for (unsigned i = 0; i < POOL_OFF_SERVICES; i++)
		atomic_store_explicit(&header->off[i], i < switches->count ? switches->off[i] : 0,
				      memory_order_relaxed);
	atomic_store_explicit(&header->control, switches->control, memory_order_release);
}
