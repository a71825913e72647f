/*
 * Times and durations as people and wires write them. Microseconds since 1970 (UTC) throughout the
 * collector. Any thread.
 */
#ifndef BOOKEND_COLLECTOR_MOMENT_H
#define BOOKEND_COLLECTOR_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MOMENT_SECOND INT64_C(1000000)
#define MOMENT_TEXT   40 /* bytes that every text written here fits into */

int64_t moment_now(void);

/*
 * RFC 3339 (2026-11-21T10:00:00.123Z, any number of digits behind the point, Z or an offset), years
 * 1970 to 9999. False: it is something else.
 */
bool moment_parse(const char *text, int64_t *into);

/* 2026-11-21T10:00:00.000001Z */
void moment_utc(int64_t moment, char into[MOMENT_TEXT]);
/* 2026-11-21 11:00:00, by the machine's time zone */
void moment_local(int64_t moment, char into[MOMENT_TEXT]);

/* NUMBER and one of us ms s m h d, as in the policy language. False: it is something else, or over
 * 1000 years. */
bool moment_parse_duration(const char *text, int64_t *into_us);
/* < 1 ms (for 0), 850 us, 2.3 ms, 12 ms, 3.4 s, 5 min 3 s, 2 h 5 min, 3 d 4 h */
void moment_human(double us, char into[MOMENT_TEXT]);

#endif
