/*
 * A whole image in the caller's memory: for drainers, the launcher and tools. The shim never holds
 * one (policy/decide.h). After image_open() its bytes are known to be those that the compiler wrote
 * (hash), yet every reference is still checked where it is followed. No allocation; any thread.
 */
#ifndef BOOKEND_POLICY_IMAGE_H
#define BOOKEND_POLICY_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "policy/node.h"

struct image {
	const struct image_header *header;
	struct section late;
	/* Tables of the late section, checked to lie inside it. */
	const struct image_late *tables;
	const struct image_service *service;
	const struct image_event *event;
	const struct image_destination *destination;
};

/*
 * bytes: 8-byte aligned, the caller's, unchanged while *image is used. -EBADMSG: damaged or
 * foreign; -EPROTO: of another version; nothing is written then.
 */
int image_open(const void *bytes, size_t length, struct image *image);

#endif
