/*
 * How large a file is, or all the regular files below a directory: bounded in depth and in entries,
 * on one file system, without following links. Drainers.
 */
#ifndef BOOKEND_POLICY_FILE_SIZE_H
#define BOOKEND_POLICY_FILE_SIZE_H

#include <stdint.h>

#define FILE_SIZE_DEPTH	  32
#define FILE_SIZE_ENTRIES 100000

/* Their bytes, as st_size has them. -ENOENT: nothing is there; -E2BIG: beyond the bounds; other
 * -errno: something below can not be looked into. */
int file_size(const char *path, uint64_t *bytes);

#endif
