/*
 * Head, the sums, those of the turn that has begun, then a record a process.
 */
#include "sender/schedule_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"

#define SCHEDULE_MAGIC "BKSCHED\x02"

struct schedule_head {
	char magic[8];
	uint8_t key[16];
	uint64_t made_ns;
	uint64_t turn_ns;
	uint32_t words;
	uint32_t processes;
	uint32_t maker;
	/* checksum() of all that is behind it, seeded with that of what is before */
	uint32_t check;
};
static_assert(sizeof(struct schedule_head) == 56, "format");

size_t schedule_counted_bytes(uint32_t words)
{
	return 16 + sizeof(uint64_t) + words * sizeof(uint64_t);
}

static int lock_folder(const char *state)
{
	char folder[1100];
	int lock;

	snprintf(folder, sizeof(folder), "%s/schedules", state);
	if (mkdir(folder, 0700) && errno != EEXIST)
		return -errno;
	lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (lock < 0)
		return -errno;
	if (flock(lock, LOCK_EX | LOCK_NB)) {
		close(lock);
		return -EBUSY;
	}
	return lock;
}

int schedule_file_lock(struct schedule *s, const char *state, const uint8_t hash[16])
{
	int at = snprintf(s->path, sizeof(s->path), "%s/schedules/", state);

	if (at + 2 * 16 >= (int)sizeof(s->path))
		return -ENAMETOOLONG;
	for (int i = 0; i < 16; i++)
		at += snprintf(s->path + at, sizeof(s->path) - (size_t)at, "%02x", hash[i]);
	memcpy(s->hash, hash, sizeof(s->hash));
	s->lock = lock_folder(state);
	return s->lock < 0 ? s->lock : 0;
}

static uint32_t check_of(const struct schedule_head *head, const uint8_t *rest, size_t bytes)
{
	return checksum(rest, bytes, checksum(head, offsetof(struct schedule_head, check), 0));
}

static size_t sums_bytes(uint32_t words)
{
	return 2 * (size_t)words * sizeof(uint64_t);
}

static bool holds(const struct schedule_head *head, const uint8_t *rest, size_t bytes)
{
	return !memcmp(head->magic, SCHEDULE_MAGIC, sizeof(head->magic)) &&
	       head->words <= SCHEDULE_WORDS && head->processes <= SCHEDULE_PROCESSES &&
	       bytes == sums_bytes(head->words) +
				head->processes * schedule_counted_bytes(head->words) &&
	       head->check == check_of(head, rest, bytes);
}

static int take(struct schedule *s, const struct schedule_head *head, const uint8_t *rest,
		size_t bytes)
{
	size_t sums = sums_bytes(head->words);

	s->sum = calloc(1, sums + 1);
	s->counted = malloc(bytes - sums + 1);
	if (!s->sum || !s->counted)
		return -ENOMEM;
	memcpy(s->key, head->key, sizeof(s->key));
	s->made_ns = head->made_ns;
	s->turn_ns = head->turn_ns;
	s->maker = head->maker;
	s->words = head->words;
	s->processes = head->processes;
	memcpy(s->sum, rest, sums);
	memcpy(s->counted, rest + sums, bytes - sums);
	return 0;
}

int schedule_file_read(struct schedule *s)
{
	struct schedule_head head;
	struct stat st;
	uint8_t *rest = NULL;
	size_t bytes = 0;
	int r = -EBADMSG;
	int file = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (file < 0)
		return -errno;
	if (!fstat(file, &st) && st.st_size >= (off_t)sizeof(head) &&
	    read(file, &head, sizeof(head)) == (ssize_t)sizeof(head)) {
		bytes = (size_t)st.st_size - sizeof(head);
		rest = malloc(bytes + 1);
		if (rest && read(file, rest, bytes) == (ssize_t)bytes && holds(&head, rest, bytes))
			r = take(s, &head, rest, bytes);
	}
	free(rest);
	close(file);
	return r;
}

static bool write_all(int file, const void *bytes, size_t length)
{
	return write(file, bytes, length) == (ssize_t)length;
}

static int write_new(const char *path, const struct schedule_head *head, const uint8_t *rest,
		     size_t bytes)
{
	int error = 0;
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (file < 0)
		return -errno;
	if (!write_all(file, head, sizeof(*head)) || !write_all(file, rest, bytes) ||
	    fdatasync(file))
		error = -EIO;
	close(file);
	return error;
}

int schedule_file_write(const struct schedule *s)
{
	struct schedule_head head = { .made_ns = s->made_ns,
				      .turn_ns = s->turn_ns,
				      .words = s->words,
				      .processes = s->processes,
				      .maker = s->maker };
	size_t sums = sums_bytes(s->words);
	size_t records = s->processes * schedule_counted_bytes(s->words);
	uint8_t *rest = malloc(sums + records + 1);
	char next[1210];
	int error;

	if (!rest)
		return -ENOMEM;
	memcpy(head.magic, SCHEDULE_MAGIC, sizeof(head.magic));
	memcpy(head.key, s->key, sizeof(head.key));
	memcpy(rest, s->sum, sums);
	if (records)
		memcpy(rest + sums, s->counted, records);
	head.check = check_of(&head, rest, sums + records);
	snprintf(next, sizeof(next), "%s.new", s->path);
	error = write_new(next, &head, rest, sums + records);
	if (!error && rename(next, s->path))
		error = -errno;
	free(rest);
	return error;
}
