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
	void *bytes;
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

static bool try_folder(struct images_entry *entry, const char *folder, const char *suffix)
{
	char path[PATHS_MAX + 64];
	char hash[33];
	size_t length;
	void *bytes;

	hash_text(entry->hash, hash);
	snprintf(path, sizeof(path), "%s%s/%s.bki", folder, suffix, hash);
	bytes = read_safe(path, &length);
	if (!bytes)
		return false;
	if (image_open(bytes, length, &entry->image) ||
	    memcmp(entry->image.header->hash, entry->hash, sizeof(entry->hash)) != 0) {
		free(bytes);
		return false;
	}
	entry->bytes = bytes;
	entry->found = true;
	return true;
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
		found = try_folder(entry, line, "");
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

const struct image *images_get(struct images *images, const uint8_t hash[16])
{
	const char *state = images->options->state;
	struct images_entry *entry;
	char text[33];

	for (entry = images->first; entry; entry = entry->next)
		if (!memcmp(entry->hash, hash, sizeof(entry->hash)))
			return entry->found ? &entry->image : NULL;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	memcpy(entry->hash, hash, sizeof(entry->hash));
	entry->next = images->first;
	images->first = entry;
	if (try_folder(entry, state, "/images") || try_folder(entry, IMAGES_SYSTEM, "") ||
	    try_listed(entry, state))
		return &entry->image;
	hash_text(hash, text);
	say(images->options, SAY_ERROR,
	    "policy image %s.bki is not in %s/images nor in %s: compile its policy again, or name "
	    "its folder in %s/image-folders; its records wait",
	    text, state, IMAGES_SYSTEM, state);
	return NULL;
}
