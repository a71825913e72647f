/*
 * Finding images by hash. A miss is remembered for the life of the drainer: a spool full of records
 * of one lost policy must not cost a search each.
 */
#include "sender/images.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "sender/buffer.h"
#include "sender/say.h"

#define IMAGES_SYSTEM "/etc/bookend/policy.images"

struct images_entry {
	struct images_entry *next;
	uint8_t hash[16];
	bool found;
	bool said;
	struct buffer file;
	struct image image;
};

static void hash_text(const uint8_t hash[16], char into[33])
{
	for (int i = 0; i < 16; i++)
		snprintf(into + 2 * i, 3, "%02x", hash[i]);
}

static int read_whole(int file, size_t length, struct buffer *into)
{
	char *room = buffer_room(into, length);

	if (!room)
		return -ENOMEM;
	while (into->length < length) {
		ssize_t n = read(file, room + into->length, length - into->length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EBADMSG;
		into->length += (size_t)n;
	}
	return 0;
}

/* Only a regular file that nobody else can write. */
static int read_safe(const char *path, struct buffer *into)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int r = -EPERM;

	buffer_clear(into);
	if (file < 0)
		return -errno;
	if (!fstat(file, &st) && S_ISREG(st.st_mode) && !(st.st_mode & 022) &&
	    (st.st_uid == 0 || st.st_uid == geteuid()) && st.st_size > 0 &&
	    st.st_size <= (off_t)IMAGE_BYTES_MAX)
		r = read_whole(file, (size_t)st.st_size, into);
	close(file);
	return r;
}

static bool try_file(struct images_entry *entry, const char *path)
{
	entry->found = !read_safe(path, &entry->file) &&
		       !image_open(entry->file.data, entry->file.length, &entry->image) &&
		       !memcmp(entry->image.header->hash, entry->hash, sizeof(entry->hash));
	return entry->found;
}

static bool try_folder(struct images_entry *entry, const char *folder)
{
	char path[2 * PATHS_MAX];
	char hash[33];

	hash_text(entry->hash, hash);
	snprintf(path, sizeof(path), "%s/%s.bki", folder, hash);
	return try_file(entry, path);
}

/* The very file, or what `bookend compile` kept beside it when a newer one took its name. */
static bool try_hint(struct images_entry *entry, const char *hint)
{
	char folder[PATHS_MAX];
	size_t length;

	if (!hint)
		return false;
	if (try_file(entry, hint))
		return true;
	length = strlen(hint);
	if (length < 4 || length >= PATHS_MAX || strcmp(hint + length - 4, ".bki") != 0)
		return false;
	snprintf(folder, sizeof(folder), "%.*s.images", (int)(length - 4), hint);
	return try_folder(entry, folder);
}

static bool try_listed(struct images_entry *entry, const char *state)
{
	char path[PATHS_MAX + 64];
	struct buffer list = { 0 };
	char *line, *rest = NULL;
	bool found = false;

	snprintf(path, sizeof(path), "%s/image-folders", state);
	if (!read_safe(path, &list))
		list.data[list.length - 1] = 0; /* the last newline */
	else
		buffer_clear(&list);
	for (line = list.length ? strtok_r(list.data, "\n", &rest) : NULL; line && !found;
	     line = strtok_r(NULL, "\n", &rest))
		found = try_folder(entry, line);
	buffer_free(&list);
	return found;
}

void images_open(struct images *images, const struct sender_options *options)
{
	*images = (struct images){ .options = options };
}

void images_close(struct images *images)
{
	while (images->first) {
		struct images_entry *entry = images->first;

		images->first = entry->next;
		buffer_free(&entry->file);
		free(entry);
	}
}

static int keep_in(const struct images_entry *entry, const char *folder)
{
	char path[PATHS_MAX + 80];
	char temporary[PATHS_MAX + 88];
	char hash[33];
	int file, r = 0;

	mkdir(folder, 0700);
	hash_text(entry->hash, hash);
	snprintf(path, sizeof(path), "%s/%s.bki", folder, hash);
	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	file = mkostemp(temporary, O_CLOEXEC);
	if (file < 0)
		return -errno;
	if (write(file, entry->file.data, entry->file.length) != (ssize_t)entry->file.length ||
	    fsync(file) || rename(temporary, path))
		r = -EIO;
	close(file);
	if (r)
		unlink(temporary);
	return r;
}

static void find(struct images *images, struct images_entry *entry, const char *hint)
{
	char own[PATHS_MAX + 16], pool[PATHS_MAX + 16];

	snprintf(own, sizeof(own), "%s/images", images->options->state);
	if (paths_pool_folder(images->options->uid, pool))
		pool[0] = 0;
	strcat(pool, "/images");
	if (try_folder(entry, own) || try_folder(entry, pool))
		return;
	if (!try_hint(entry, hint) && !try_folder(entry, IMAGES_SYSTEM) &&
	    !try_listed(entry, images->options->state))
		return;
	if (keep_in(entry, own))
		keep_in(entry, pool);
}

static void say_missing(const struct images *images, struct images_entry *entry)
{
	char hash[33];

	hash_text(entry->hash, hash);
	say(images->options, SAY_ERROR,
	    "policy image %s.bki is not in %s/images: compile its policy again, or put the folder "
	    "that has it into %s/image-folders; its records wait",
	    hash, images->options->state, images->options->state);
	entry->said = true;
}

static struct images_entry *entry_of(struct images *images, const uint8_t hash[16])
{
	struct images_entry *entry;

	for (entry = images->first; entry; entry = entry->next)
		if (!memcmp(entry->hash, hash, sizeof(entry->hash)))
			return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	memcpy(entry->hash, hash, sizeof(entry->hash));
	entry->next = images->first;
	images->first = entry;
	return entry;
}

const struct image *images_get(struct images *images, const uint8_t hash[16], const char *hint)
{
	struct images_entry *entry = entry_of(images, hash);

	if (!entry)
		return NULL;
	if (!entry->found && (!entry->said || hint))
		find(images, entry, hint);
	if (!entry->found && !entry->said)
		say_missing(images, entry);
	return entry->found ? &entry->image : NULL;
}
