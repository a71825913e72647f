/*
 * An identifier's file holds 36 characters and a newline. It is written whole under a temporary
 * name and then linked: of two makers the first link wins, and both read what won.
 */
#include "sender/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/identity.h"
#include "base/paths.h"

static const uint8_t ids_key[16] = "bookend keyed id";

static int read_id(const char *path, char *into, size_t capacity)
{
	char text[IDENTITY_TEXT];
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n;

	if (file < 0)
		return -errno;
	n = read(file, text, sizeof(text));
	close(file);
	if (n < IDENTITY_TEXT - 1)
		return -EBADMSG;
	text[IDENTITY_TEXT - 1] = 0;
	if (strlen(text) != IDENTITY_TEXT - 1 || strpbrk(text, "\n\"\\"))
		return -EBADMSG;
	if (capacity < sizeof(text))
		return -ENOSPC;
	memcpy(into, text, sizeof(text));
	return 0;
}

static int write_id(int file)
{
	char text[IDENTITY_TEXT];
	struct identity id;
	uint8_t random[16];

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	id = identity_from_random(random);
	identity_text(&id, text);
	text[IDENTITY_TEXT - 1] = '\n';
	if (write(file, text, sizeof(text)) != sizeof(text) || fsync(file))
		return -EIO;
	return 0;
}

static int make_id(const char *path)
{
	char temporary[PATHS_MAX + 72];
	int file, r;

	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	file = mkostemp(temporary, O_CLOEXEC);
	if (file < 0)
		return -errno;
	r = write_id(file);
	if (!r && link(temporary, path) && errno != EEXIST)
		r = -errno;
	close(file);
	unlink(temporary);
	return r;
}

int ids_get(void *context, const char *kind, const char *key, char *into, size_t capacity)
{
	const struct ids *ids = context;
	char path[PATHS_MAX + 64];
	uint8_t hash[16];
	int at, r;

	if (!strcmp(kind, "installation")) {
		snprintf(path, sizeof(path), "%s/installation-id", ids->state);
	} else if (key) {
		snprintf(path, sizeof(path), "%s/ids", ids->state);
		mkdir(path, 0700);
		siphash128(ids_key, key, strlen(key), hash);
		at = snprintf(path, sizeof(path), "%s/ids/", ids->state);
		for (int i = 0; i < 16; i++)
			at += snprintf(path + at, sizeof(path) - (size_t)at, "%02x", hash[i]);
	} else {
		return -EINVAL;
	}
	r = read_id(path, into, capacity);
	if (r != -ENOENT)
		return r;
	r = make_id(path);
	return r ? r : read_id(path, into, capacity);
}
