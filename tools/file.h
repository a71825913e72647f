/*
 * Whole files: read into memory, and replaced atomically. For images and small things; descriptors
 * are O_CLOEXEC.
 */
#ifndef BOOKEND_TOOLS_FILE_H
#define BOOKEND_TOOLS_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* malloc'd, aligned for anything, the caller frees; 0, -EFBIG over `most`, -EISDIR and the like. */
int file_read(const char *path, size_t most, uint8_t **bytes, size_t *length);

/*
 * Under a temporary name beside it, synced, then renamed: readers see the old file or the new one,
 * whole. 0 or -errno, and nothing is left behind.
 */
int file_replace(const char *path, const void *bytes, size_t length, mode_t mode);

#endif
