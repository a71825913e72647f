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
#include "sender/say.h"

#define IMAGES_SYSTEM "/etc/bookend/policy.images"

struct images_entry {
	struct images_entry *next;
	uint8_t hash[16];
	bool found;
	bool said;
	void *bytes;
	size_t length;
	struct image image;
};

static void hash_text(const uint8_t hash[16], char into[33])
{
	for (int i = 0; i < 16; i++)
		snprintf(into + 2 * i, 3, "%02x", hash[i]);
}

static int read_whole(int file, size_t length, void *into)
{
	size_t at = 0;

	while (at < length) {
		ssize_t n = read(file, (char *)into + at, length - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EBADMSG;
		at += (size_t)n;
	}
	return 0;
}

/* NULL unless it is a regular file that nobody else can write. */
static void *read_safe(const char *path, size_t *length)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	void *bytes = NULL;
	struct stat st;

	if (file < 0)
		return NULL;
	if (!fstat(file, &st) && S_ISREG(st.st_mode) && !(st.st_mode & 022) &&
	    (st.st_uid == 0 || st.st_uid == geteuid()) && st.st_size > 0 &&
	    st.st_size <= (off_t)IMAGE_BYTES_MAX)
		bytes = malloc((size_t)st.st_size);
	if (bytes && read_whole(file, (size_t)st.st_size, bytes)) {
		free(bytes);
		bytes = NULL;
	}
	close(file);
	if (bytes)
		*length = (size_t)st.st_size;
	return bytes;
}

static bool try_file(struct images_entry *entry, const char *path)
{
	size_t length;
	void *bytes = read_safe(path, &length);

	if (!bytes)
		return false;
	if (image_open(bytes, length, &entry->image) ||
	    memcmp(entry->image.header->hash, entry->hash, sizeof(entry->hash)) != 0) {
		free(bytes);
		return false;
	}
	entry->bytes = bytes;
	entry->length = length;
	entry->found = true;
	return true;
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
	char *list, *line, *rest = NULL;
	bool found = false;
	size_t length;

	snprintf(path, sizeof(path), "%s/image-folders", state);
	list = read_safe(path, &length);
	if (!list)
		return false;
	list[length - 1] = 0; /* the last newline */
	for (line = strtok_r(list, "\n", &rest); line && !found; line = strtok_r(NULL, "\n", &rest))
		found = try_folder(entry, line);
	free(list);
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
		free(entry->bytes);
		free(entry);
	}
}

static int write_file(const char *path, const void *bytes, size_t length)
{
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r = 0;

	if (file < 0)
		return -errno;
	if (write(file, bytes, length) != (ssize_t)length || fsync(file))
		r = -EIO;
	close(file);
	return r;
}

static int keep_in(const struct images_entry *entry, const char *folder)
{
	char path[PATHS_MAX + 80];
	char temporary[PATHS_MAX + 112];
	char hash[33];
	int r;

	mkdir(folder, 0700);
	hash_text(entry->hash, hash);
	snprintf(path, sizeof(path), "%s/%s.bki", folder, hash);
	snprintf(temporary, sizeof(temporary), "%s.%d", path, (int)getpid());
	unlink(temporary);
	r = write_file(temporary, entry->bytes, entry->length);
	if (!r && rename(temporary, path))
		r = -errno;
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
