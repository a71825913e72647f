/*
 * The texts of reasons.def.
 */
#include "base/reasons.h"

const char *reason_text(enum reason reason)
{
	static const char *const texts[] = {
#define REASON(name, lower, text) [REASON_##name] = text,
#include "base/reasons.def"
#undef REASON
	};

	return (unsigned)reason < REASON_COUNT ? texts[reason] : "unknown";
}

const char *reason_name(enum reason reason)
{
	static const char *const names[] = {
#define REASON(name, lower, text) [REASON_##name] = #lower,
#include "base/reasons.def"
#undef REASON
	};

	return (unsigned)reason < REASON_COUNT ? names[reason] : "unknown";
}
