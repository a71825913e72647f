/*
 * `bookend tail --sent`: the file in which drainers keep the requests they made (docs/formats.md).
 */
#ifndef BOOKEND_TOOLS_TAIL_SENT_H
#define BOOKEND_TOOLS_TAIL_SENT_H

#include <stdbool.h>

/* Prints its lines; follow: and what comes, until *stop. An exit status. */
int tail_sent(const char *state, bool follow, const volatile int *stop);

#endif
