#include "tools/image_store.h"
#include "tools/file.h"
#include "tools/place.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/image_format.h"

void image_store_name(const uint8_t hash[16], char into[IMAGE_STORE_NAME])
{
	for (int i = 0; i < 16; i++)
		snprintf(into + 2 * i, 3, "%02x", hash[i]);
	strcpy(into + 32, ".bki");
}

static bool there_already(const char *path, const void *bytes, size_t length)
{
	uint8_t *old;
	size_t old_length;
	bool same;

	if (file_read(path, length, &old, &old_length) != 0)
		return false;
	same = old_length == length && memcmp(old, bytes, length) == 0;
	free(old);
	return same;
}

int image_store_into(const char *folder, const void *bytes, size_t length, mode_t mode,
		     char into[PATHS_MAX])
{
	const struct image_header *header = bytes;
	char name[IMAGE_STORE_NAME];
	int error;

	image_store_name(header->hash, name);
	if (snprintf(into, PATHS_MAX, "%s/%s", folder, name) >= PATHS_MAX)
		return -ENAMETOOLONG;
	if (there_already(into, bytes, length))
		return 0;
	error = place_make(folder);
	return error ? error : file_replace(into, bytes, length, mode);
}

int image_store(const char *state, const void *bytes, size_t length, char into[PATHS_MAX])
{
	char folder[PATHS_MAX], pool[PATHS_MAX];
	int error;

	if (snprintf(folder, sizeof(folder), "%s/images", state) >= (int)sizeof(folder))
		return -ENAMETOOLONG;
	error = image_store_into(folder, bytes, length, 0600, into);
	if (error == 0 || paths_pool_folder(geteuid(), pool) != 0 ||
	    snprintf(folder, sizeof(folder), "%s/images", pool) >= (int)sizeof(folder))
		return error;
	return image_store_into(folder, bytes, length, 0600, into) == 0 ? 0 : error;
}
