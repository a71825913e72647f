/*
 * The reasons of reasons.def as an enum, and their texts. Any world.
 */
#ifndef BOOKEND_BASE_REASONS_H
#define BOOKEND_BASE_REASONS_H

enum reason {
#define REASON(name, lower, text) REASON_##name,
#include "base/reasons.def"
#undef REASON
	REASON_COUNT
};

const char *reason_text(enum reason reason);
/* The name in lower case, for --json. */
const char *reason_name(enum reason reason);

#endif
