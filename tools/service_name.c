#include "tools/service_name.h"
#include "tools/file.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/paths.h"
#include "base/text.h"
#include "policy/image.h"
#include "policy/late.h"

void service_name(const char *state, const struct start_block *start, char into[LISTING_CELL])
{
	char path[PATHS_MAX + 64];
	struct text t = text_init(path, sizeof(path));
	struct image image;
	const char *name = NULL;
	uint8_t *bytes;
	size_t length;

	text_add(&t, state);
	text_add(&t, "/images/");
	text_add_hex(&t, start->image, sizeof(start->image));
	text_add(&t, ".bki");
	into[0] = '\0';
	if (file_read(path, IMAGE_BYTES_MAX, &bytes, &length) != 0)
		return;
	if (image_open(bytes, length, &image) == 0)
		name = late_service(&image, start->service);
	if (name)
		snprintf(into, LISTING_CELL, "%s", name);
	free(bytes);
}
