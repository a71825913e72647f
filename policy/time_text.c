/*
 * The table of forms of a time.
 */
#include "policy/time_text.h"

static const struct {
	unsigned digits;
	uint64_t unit;
} forms[] = {
	{ 0, 0 },
#define TIME(name, text, digits, unit) { digits, unit },
#include "policy/time_formats.def"
#undef TIME
};

bool time_is_number(enum time_form form)
{
	return forms[form].unit != 0;
}

void time_text(struct text *into, uint64_t unix_ns, enum time_form form)
{
	if (form == TIME_OWN)
		return;
	if (forms[form].unit != 0)
		text_add_unsigned(into, unix_ns / forms[form].unit);
	else
		text_add_time(into, unix_ns, forms[form].digits);
}
