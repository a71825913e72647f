/*
 * Compiled policies, kept by their hash: a record names the image it was made under, so an image
 * lies where it was until nothing refers to it. In the state directory; where that can not be
 * written, in the hot pool's folder.
 */
#ifndef BOOKEND_TOOLS_IMAGE_STORE_H
#define BOOKEND_TOOLS_IMAGE_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/paths.h"

/* The image's hash in hexadecimal and ".bki": its file name. */
#define IMAGE_STORE_NAME 37

void image_store_name(const uint8_t hash[16], char into[IMAGE_STORE_NAME]);

/* Into FOLDER/HASH.bki with that mode, unless it is there already. Its path in `into`; 0 or -errno.
 */
int image_store_into(const char *folder, const void *bytes, size_t length, mode_t mode,
		     char into[PATHS_MAX]);
/* For this user: into STATE/images, or the hot pool's folder. 0, or -errno of the first when both
 * refuse. */
int image_store(const char *state, const void *bytes, size_t length, char into[PATHS_MAX]);

#endif
