#include "tools/message.h"
#include "tools/command.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static const char *speaker;
static bool mute;

void message_from(const char *command)
{
	speaker = command;
}

void message_mute(void)
{
	mute = true;
}

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list values,
						      const char *end)
{
	if (mute)
		return;
	flockfile(stderr);
	fprintf(stderr, speaker ? "bookend %s: " : "bookend: ", speaker);
	vfprintf(stderr, format, values);
	fputs(end, stderr);
	funlockfile(stderr);
}

void message(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	say(format, values, "\n");
	va_end(values);
}

int message_usage(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	say(format, values, "");
	va_end(values);
	if (!mute)
		fprintf(stderr, ": see `bookend%s%s --help`\n", speaker ? " " : "",
			speaker ? speaker : "");
	return STATUS_USAGE;
}

int message_option(int option, char *const *argv)
{
	/* getopt_long() leaves optopt at 0 for a long option, and optind behind the word. */
	if (option == ':')
		return message_usage("%s needs a value", argv[optind - 1]);
	if (optopt != 0)
		return message_usage("there is no option -%c", optopt);
	return message_usage("there is no option %s", argv[optind - 1]);
}

int message_surplus(const char *word)
{
	return message_usage("unexpected word \"%s\"", word);
}
