/*
 * Words to the caller of the sender: progress and trouble, one line each. Nothing in sender/
 * prints.
 */
#ifndef BOOKEND_SENDER_SAY_H
#define BOOKEND_SENDER_SAY_H

#include "sender/sender.h"

enum say_level { SAY_ERROR = 3, SAY_WARNING = 4, SAY_INFORMATION = 6 };

void say(const struct sender_options *to, enum say_level level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
