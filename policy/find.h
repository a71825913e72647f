/*
 * The value of one key of a file, found while it is read (policy/read.h), without a copy of it: for
 * consent, which is asked inside. The path is keys joined by dots: a.b finds b in a, and as well a
 * key "a.b". What lies within a list has no path. The whole document is read even when the value
 * was found early: one that is malformed further on, or has two values for the path, is unreadable.
 * Any thread, any world.
 */
#ifndef BOOKEND_POLICY_FIND_H
#define BOOKEND_POLICY_FIND_H

#include "policy/arena.h"
#include "policy/read.h"

#define FIND_PATH_MAX 255 /* bytes of a path */

/*
 * Absent, unreadable, or the value: of an object or a list only whether it is empty, VALUE_JSON
 * with a text of its own. Bytes are destroyed; one more behind them, which may be written, must be
 * there. The value is in the arena.
 */
struct value find_in(enum read_format format, char *bytes, size_t length, const char *path,
		     struct arena *arena);

/*
 * How far `key` leads on from path + at: 0: not at all; else the offset behind it and its dot,
 * strlen(path) + 1 when it is the end of the path.
 */
size_t find_follow(const char *path, size_t at, const char *key, size_t length);

#endif
