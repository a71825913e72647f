/*
 * Copies between private memory and memory that others read or write at the same time: relaxed
 * atomic words, so that neither side is a data race. The shared address must be aligned to 8 bytes.
 * Any thread, any world.
 *
 * With a commit word these make a sequence lock: the writer invalidates the word, shared_store(),
 * stores the word with release; the reader loads the word with acquire, shared_load(), loads the
 * word again. What the writer stored before shared_store() is visible before any of its bytes; what
 * the reader loads after shared_load() is loaded after all of them.
 */
#ifndef BOOKEND_BASE_SHARED_H
#define BOOKEND_BASE_SHARED_H

#include <stddef.h>

void shared_store(void *shared, const void *from, size_t bytes);
void shared_load(void *into, const void *shared, size_t bytes);

#endif
