/*
 * Formats a line and hands it to the caller's function.
 */
#include "sender/say.h"

#include <stdarg.h>
#include <stdio.h>

void say(const struct sender_options *to, enum say_level level, const char *format, ...)
{
	char line[512];
	va_list list;

	if (!to->say)
		return;
	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	to->say(to->context, level, line);
}
