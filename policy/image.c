/*
 * Opening a whole image: everything that can be checked once is checked here.
 */
#include "policy/image.h"

#include <errno.h>
#include <string.h>

#include "base/identity.h"

static int check_header(const struct image_header *h, size_t length)
{
	uint8_t hash[16];

	if (memcmp(h->magic, IMAGE_MAGIC, sizeof(h->magic)) != 0)
		return -EBADMSG;
	if (h->major != IMAGE_MAJOR)
		return -EPROTO;
	if (h->check != image_header_check(h) || h->bytes != length || h->bytes > IMAGE_BYTES_MAX)
		return -EBADMSG;
	siphash128(IMAGE_KEY, (const uint8_t *)h + IMAGE_HASHED, length - IMAGE_HASHED, hash);
	return memcmp(hash, h->hash, sizeof(hash)) == 0 ? 0 : -EBADMSG;
}

static int check_tables(struct image *image)
{
	const struct section *late = &image->late;
	const struct image_late *tables = (const void *)late->bytes;

	if (late->length < sizeof(*tables) || tables->bytes != late->length)
		return -EBADMSG;
	image->tables = tables;
	image->service = section_table(late, tables->services, tables->service_count,
				       sizeof(struct image_service));
	image->event = section_table(late, tables->events, tables->event_count,
				     sizeof(struct image_event));
	image->destination = section_table(late, tables->destinations, tables->destination_count,
					   sizeof(struct image_destination));
	if (image->service == NULL || image->event == NULL || image->destination == NULL)
		return -EBADMSG;
	return 0;
}

int image_open(const void *bytes, size_t length, struct image *image)
{
	const struct image_header *h = bytes;
	struct image opened = { .header = h };
	int error;

	if (length < sizeof(*h) || (uintptr_t)bytes % 8 != 0)
		return -EBADMSG;
	error = check_header(h, length);
	if (error != 0)
		return error;
	if (h->late_offset % 8 != 0 || h->late_offset > length ||
	    h->late_bytes > length - h->late_offset)
		return -EBADMSG;
	opened.late.bytes = (const uint8_t *)bytes + h->late_offset;
	opened.late.length = h->late_bytes;
	error = check_tables(&opened);
	if (error != 0)
		return error;
	*image = opened;
	return 0;
}
