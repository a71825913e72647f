/*
 * Times as a policy names their forms: `time:` of a destination, `as:` of a source. Any world.
 */
#ifndef BOOKEND_POLICY_TIME_TEXT_H
#define BOOKEND_POLICY_TIME_TEXT_H

#include <stdbool.h>

#include "base/text.h"

enum time_form {
	TIME_OWN, /* as the format has it */
#define TIME(name, text, digits, unit) TIME_##name,
#include "policy/time_formats.def"
#undef TIME
	TIME_COUNT
};

/* Is it a number? */
bool time_is_number(enum time_form form);
/* Without quotes; nothing for TIME_OWN. */
void time_text(struct text *into, uint64_t unix_ns, enum time_form form);

/* RFC 3339 with any offset, 1970 to 2554; a leap second is the second before it. 0 or -EINVAL. */
int time_read(const char *text, size_t length, uint64_t *unix_ns);

#endif
