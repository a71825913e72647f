/*
 * Head, sums, processes. What is read is believed when its checksum fits and its parts add up.
 */
#include "sender/schedule_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checksum.h"

#define SCHEDULE_MAGIC "BKSCHED\x02"

struct schedule_head {
	char magic[8];
	uint8_t key[16];
	uint64_t made_ns;
	uint64_t turn_ns;
	uint32_t sums; /* bytes */
	uint32_t counted;
	uint32_t maker;
	/* checksum() of all that is behind it, seeded with that of what is before */
	uint32_t check;
};
static_assert(sizeof(struct schedule_head) == 56, "format");

struct schedule_sum *schedule_next_sum(const struct buffer *sums, size_t *at)
{
	struct schedule_sum *sum = (void *)(sums->data + *at);

	if (*at >= sums->length)
		return NULL;
	*at += sizeof(*sum) + 2 * (size_t)sum->words * sizeof(uint64_t);
	return sum;
}

struct schedule_counted *schedule_next_counted(const struct buffer *counted, size_t *at)
{
	struct schedule_counted *c = (void *)(counted->data + *at);

	if (*at >= counted->length)
		return NULL;
	*at += sizeof(*c) + c->words * sizeof(uint64_t);
	return c;
}

int schedule_file_name(struct schedule *s, const char *state, const uint8_t hash[16])
{
	int at = snprintf(s->path, sizeof(s->path), "%s/schedules/", state);

	if (at + 2 * 16 >= (int)sizeof(s->path))
		return -ENAMETOOLONG;
	for (int i = 0; i < 16; i++)
		at += snprintf(s->path + at, sizeof(s->path) - (size_t)at, "%02x", hash[i]);
	memcpy(s->hash, hash, sizeof(s->hash));
	return 0;
}

static uint32_t check_of(const struct schedule_head *head, const void *rest, size_t bytes)
{
	return checksum(rest, bytes, checksum(head, offsetof(struct schedule_head, check), 0));
}

static bool head_holds(const struct schedule_head *head, const void *rest, size_t bytes)
{
	return !memcmp(head->magic, SCHEDULE_MAGIC, sizeof(head->magic)) &&
	       (uint64_t)head->sums + head->counted == bytes &&
	       head->check == check_of(head, rest, bytes);
}

/* Each part lies whole in what there is. */
static bool parts_hold(const struct schedule *s)
{
	const struct schedule_sum *sum;
	size_t at = 0;

	while (s->sums.length - at >= sizeof(*sum) &&
	       (sum = schedule_next_sum(&s->sums, &at)) != NULL)
		if (sum->kind >= MEASURE_KIND_COUNT || sum->words != measures_words(sum->kind) ||
		    at > s->sums.length)
			return false;
	if (at != s->sums.length)
		return false;
	for (at = 0; at < s->counted.length;)
		if (s->counted.length - at < sizeof(struct schedule_counted) ||
		    !schedule_next_counted(&s->counted, &at) || at > s->counted.length)
			return false;
	return true;
}

static int take(struct schedule *s, const struct schedule_head *head, const char *rest)
{
	memcpy(s->key, head->key, sizeof(s->key));
	s->made_ns = head->made_ns;
	s->turn_ns = head->turn_ns;
	s->maker = head->maker;
	buffer_add(&s->sums, rest, head->sums);
	buffer_add(&s->counted, rest + head->sums, head->counted);
	if (s->sums.failed || s->counted.failed)
		return -ENOMEM;
	return parts_hold(s) ? 0 : -EBADMSG;
}

int schedule_file_read(struct schedule *s)
{
	struct schedule_head head;
	struct stat st;
	char *rest = NULL;
	size_t bytes = 0;
	int r = -EBADMSG;
	int file = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (file < 0)
		return -errno;
	if (!fstat(file, &st) && st.st_size >= (off_t)sizeof(head) &&
	    read(file, &head, sizeof(head)) == (ssize_t)sizeof(head)) {
		bytes = (size_t)st.st_size - sizeof(head);
		rest = malloc(bytes + 1);
		if (rest && read(file, rest, bytes) == (ssize_t)bytes &&
		    head_holds(&head, rest, bytes))
			r = take(s, &head, rest);
	}
	free(rest);
	close(file);
	return r;
}

static bool write_all(int file, const void *bytes, size_t length)
{
	return write(file, bytes, length) == (ssize_t)length;
}

static int write_new(const char *path, const struct schedule_head *head, const struct buffer *rest)
{
	int error = 0;
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (file < 0)
		return -errno;
	if (!write_all(file, head, sizeof(*head)) || !write_all(file, rest->data, rest->length) ||
	    fdatasync(file))
		error = -EIO;
	close(file);
	return error;
}

int schedule_file_write(const struct schedule *s)
{
	struct schedule_head head = { .made_ns = s->made_ns,
				      .turn_ns = s->turn_ns,
				      .sums = (uint32_t)s->sums.length,
				      .counted = (uint32_t)s->counted.length,
				      .maker = s->maker };
	struct buffer rest = { 0 };
	char next[1210];
	int error = -ENOMEM;

	memcpy(head.magic, SCHEDULE_MAGIC, sizeof(head.magic));
	memcpy(head.key, s->key, sizeof(head.key));
	buffer_add(&rest, s->sums.data, s->sums.length);
	buffer_add(&rest, s->counted.data, s->counted.length);
	if (!rest.failed) {
		head.check = check_of(&head, rest.data, rest.length);
		snprintf(next, sizeof(next), "%s.new", s->path);
		error = write_new(next, &head, &rest);
	}
	if (!error && rename(next, s->path))
		error = -errno;
	buffer_free(&rest);
	return error;
}
