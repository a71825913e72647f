/*
 * Reading an image from its file piece by piece, as a constructor does it: header and the head of
 * the index with one pread, then only the `now` sections asked for, always into the caller's arena,
 * never a mapping. Raw system calls; inside world.
 */
#ifndef BOOKEND_POLICY_IMAGE_FILE_H
#define BOOKEND_POLICY_IMAGE_FILE_H

#include "base/reasons.h"
#include "policy/arena.h"
#include "policy/node.h"

struct image_file {
	int file; /* -1 when closed */
	const char *path;
	const struct image_header *header; /* in the arena */
	uint32_t head_bytes;		   /* of the image that were read with it */
};

/*
 * policy: as in BOOKEND_POLICY. REASON_MEASURED: open. Otherwise why not, and nothing is open. The
 * file must be a regular one of root's or of uid's that nobody else may write, and when policy
 * names a YAML, that must be the one it was compiled from.
 */
enum reason image_file_open(struct image_file *f, const char *policy, uint32_t uid,
			    struct arena *arena);
void image_file_close(struct image_file *f);

/* 0: found; -ENOENT; -EBADMSG. Whether it is the name's own section is known only from
 * image_file_now(). */
int image_file_find(const struct image_file *f, const char *name, size_t length,
		    struct arena *arena, struct image_index *found);

/* The `now` section, checked. 0, -EBADMSG or -ENOMEM: the arena is full. */
int image_file_now(const struct image_file *f, const struct image_index *entry, struct arena *arena,
		   struct section *now);

/*
 * The `calls` section of the service of `now`, from the image of this hash at the path, into
 * now->calls_bytes of memory, 8-byte aligned. 0, or -EBADMSG: it is not that image any more, or
 * damaged.
 */
struct image_calls;
int image_file_calls(const char *path, uint32_t uid, const uint8_t hash[16],
		     const struct image_now *now, struct image_calls *into);

#endif
