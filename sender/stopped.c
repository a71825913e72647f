/*
 * The file is nothing but marks, appended under its lock; when it is full, its newer half stays.
 * What is lost in between only lets a run be tried again.
 */
#include "sender/stopped.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/identity.h"
#include "base/paths.h"

static const uint8_t stopped_key[16] = "bookend stopped";

static uint64_t mark_of(const uint8_t pool_id[16], uint64_t lifecycle, uint32_t destination)
{
	uint8_t bytes[28];

	memcpy(bytes, pool_id, 16);
	memcpy(bytes + 16, &lifecycle, 8);
	memcpy(bytes + 24, &destination, 4);
	return siphash64(stopped_key, bytes, sizeof(bytes));
}

static bool has(const struct stopped *s, uint64_t mark)
{
	for (size_t i = s->count; i-- > 0;)
		if (s->mark[i] == mark)
			return true;
	return false;
}

static void keep(struct stopped *s, uint64_t mark)
{
	uint64_t *more;

	if (has(s, mark))
		return;
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		more = realloc(s->mark, s->room * sizeof(*more));
		if (!more)
			return;
		s->mark = more;
	}
	s->mark[s->count++] = mark;
}

static int open_file(const struct stopped *s, int flags)
{
	char path[PATHS_MAX + 16];

	snprintf(path, sizeof(path), "%s/stopped", s->state);
	return open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void stopped_open(struct stopped *s, const char *state)
{
	*s = (struct stopped){ .state = state };
	stopped_look(s);
}

void stopped_close(struct stopped *s)
{
	free(s->mark);
	*s = (struct stopped){ 0 };
}

void stopped_look(struct stopped *s)
{
	int file = open_file(s, O_RDONLY);
	uint64_t marks[128];
	struct stat st;
	ssize_t n;

	if (file < 0)
		return;
	if (!fstat(file, &st) && (uint64_t)st.st_size != s->seen) {
		s->seen = (uint64_t)st.st_size;
		while ((n = read(file, marks, sizeof(marks))) > 0)
			for (size_t i = 0; i < (size_t)n / sizeof(marks[0]); i++)
				keep(s, marks[i]);
	}
	close(file);
}

/* The newer half of a full file. */
static void make_room(int file)
{
	char half[STOPPED_BYTES / 2];
	ssize_t n = pread(file, half, sizeof(half), STOPPED_BYTES / 2);

	if (n == (ssize_t)sizeof(half) && !ftruncate(file, 0) && write(file, half, (size_t)n) != n)
		(void)!ftruncate(file, 0);
}

bool stopped_has(const struct stopped *s, const uint8_t pool_id[16], uint64_t lifecycle,
		 uint32_t destination)
{
	return s->count && has(s, mark_of(pool_id, lifecycle, destination));
}

void stopped_add(struct stopped *s, const uint8_t pool_id[16], uint64_t lifecycle,
		 uint32_t destination)
{
	uint64_t mark = mark_of(pool_id, lifecycle, destination);
	struct stat st;
	int file;

	if (has(s, mark))
		return;
	keep(s, mark);
	file = open_file(s, O_RDWR | O_CREAT | O_APPEND);
	if (file < 0)
		return;
	if (!flock(file, LOCK_EX) && !fstat(file, &st)) {
		if (st.st_size >= STOPPED_BYTES)
			make_room(file);
		if (write(file, &mark, sizeof(mark)) == sizeof(mark))
			s->seen += sizeof(mark);
	}
	close(file);
}
