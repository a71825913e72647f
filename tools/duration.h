/*
 * Durations as people write them, in the policy's words: NUMBER and one of ms s m h d, without a
 * space.
 */
#ifndef BOOKEND_TOOLS_DURATION_H
#define BOOKEND_TOOLS_DURATION_H

/* 0 and milliseconds, at most 24 days (an int); -EINVAL; -ERANGE. */
int duration_parse(const char *text, int *ms);

#endif
