/*
 * An identifier's file holds it and a newline. It is written whole under a temporary
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

#define ID_MOST	      200
#define ALPHABET_MOST 128

/* Plain text on one line: no file of something else is taken for one. */
static bool is_id(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p > '~' || *p == '"' || *p == '\\')
			return false;
	return text[0];
}

static int read_id(const char *path, char *into, size_t capacity)
{
	char text[ID_MOST + 2];
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t n = -1;

	if (file < 0)
		return -errno;
	if (!fstat(file, &st) && S_ISREG(st.st_mode))
		n = read(file, text, sizeof(text));
	close(file);
	if (n <= 0 || n > ID_MOST)
		return -EBADMSG;
	while (n > 0 && strchr(" \t\r\n", text[n - 1]))
		n--;
	text[n] = 0;
	if (!is_id(text))
		return -EBADMSG;
	if (capacity <= (size_t)n)
		return -ENOSPC;
	memcpy(into, text, (size_t)n + 1);
	return 0;
}

/* A random byte below `most`, each as likely as the others. */
static int random_below(unsigned most)
{
	uint8_t byte;

	do {
		if (getrandom(&byte, 1, 0) != 1)
			return -EIO;
	} while (byte >= 256 / most * most);
	return (int)(byte % most);
}

static int make_text(const struct eval_id *id, char into[ID_MOST + 2])
{
	struct identity uuid;
	uint8_t random[16];

	if (!id->alphabet) {
		if (getrandom(random, sizeof(random), 0) != sizeof(random))
			return -EIO;
		uuid = identity_from_random(random);
		identity_text(&uuid, into);
		return 0;
	}
	if (id->length == 0 || id->length > ID_MOST || strlen(id->alphabet) > ALPHABET_MOST)
		return -EINVAL;
	for (uint32_t i = 0; i < id->length; i++) {
		int r = random_below((unsigned)strlen(id->alphabet));

		if (r < 0)
			return r;
		into[i] = id->alphabet[r];
	}
	into[id->length] = 0;
	return 0;
}

static int write_id(int file, const struct eval_id *id)
{
	char text[ID_MOST + 2];
	size_t length;
	int r = make_text(id, text);

	if (r)
		return r;
	strcat(text, "\n");
	length = strlen(text);
	return write(file, text, length) == (ssize_t)length && !fsync(file) ? 0 : -EIO;
}

static int make_id(const char *path, const struct eval_id *id)
{
	char temporary[PATHS_MAX + 160];
	int file, r;

	snprintf(temporary, sizeof(temporary), "%s.XXXXXX", path);
	file = mkostemp(temporary, O_CLOEXEC);
	if (file < 0)
		return -errno;
	r = write_id(file, id);
	if (!r && link(temporary, path) && errno != EEXIST)
		r = -errno;
	close(file);
	unlink(temporary);
	return r;
}

static void add_hash(char *path, size_t capacity, const char *text)
{
	size_t at = strlen(path);
	uint8_t hash[16];

	siphash128(ids_key, text, strlen(text), hash);
	for (int i = 0; i < 16; i++, at += 2)
		snprintf(path + at, capacity - at, "%02x", hash[i]);
}

/* What is asked for in another form is another id. */
static int make_path(const struct ids *ids, const struct eval_id *id, char *into, size_t capacity)
{
	bool installation = !strcmp(id->kind, "installation");
	char form[ALPHABET_MOST + 32] = "";

	if (!installation && !id->key)
		return -EINVAL;
	if (id->file) {
		snprintf(into, capacity, "%s", id->file);
		return id->file[0] == '/' ? 0 : -EINVAL;
	}
	if (installation && !id->alphabet) {
		snprintf(into, capacity, "%s/installation-id", ids->state);
		return 0;
	}
	snprintf(into, capacity, "%s/ids", ids->state);
	mkdir(into, 0700);
	strcat(into, installation ? "/installation-" : "/");
	if (id->key)
		add_hash(into, capacity, id->key);
	if (id->alphabet) {
		snprintf(form, sizeof(form), "%u %s", id->length, id->alphabet);
		strcat(into, id->key ? "-" : "");
		add_hash(into, capacity, form);
	}
	return 0;
}

int ids_get(void *context, const struct eval_id *id, char *into, size_t capacity)
{
	char path[PATHS_MAX + 128];
	int r = make_path(context, id, path, sizeof(path));

	if (r)
		return r;
	r = read_id(path, into, capacity);
	if (r != -ENOENT)
		return r;
	r = make_id(path, id);
	return r ? r : read_id(path, into, capacity);
}
