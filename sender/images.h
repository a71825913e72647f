/*
 * Policy images by their hash: the drainer needs the very image that a process was recorded under.
 * Looked for as HASH.bki in STATE/images, in the hot pool's folder (images/), in
 * /etc/bookend/policy.images, in the folders that STATE/image-folders lists, one a line, and where
 * the process had it from. What was found elsewhere is copied to STATE/images (or the pool's
 * folder), so that it outlives its policy. An image must belong to us or to root and be writable
 * by its owner only. Kept in memory until images_close(). One thread.
 */
#ifndef BOOKEND_SENDER_IMAGES_H
#define BOOKEND_SENDER_IMAGES_H

#include <stdint.h>

#include "policy/image.h"
#include "sender/sender.h"

struct images_entry;

struct images {
	const struct sender_options *options;
	struct images_entry *first;
};

void images_open(struct images *images, const struct sender_options *options);
void images_close(struct images *images);

/* hint: where the process had it from, NULL when that is not known. NULL when it is nowhere to be
 * found, said once a hash. */
const struct image *images_get(struct images *images, const uint8_t hash[16], const char *hint);

#endif
