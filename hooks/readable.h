/*
 * Can a page be read? Asked of the kernel, so without a signal handler. Any thread; errno is kept.
 */
#ifndef BOOKEND_HOOKS_READABLE_H
#define BOOKEND_HOOKS_READABLE_H

#include <stdbool.h>
#include <stdint.h>

#define READABLE_PAGE 4096 /* or a larger one, of which this is a part */

bool readable(uintptr_t page);

#endif
