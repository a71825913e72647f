/*
 * The policy that needs none: a program's start and its stop. It is text like any other, so that
 * there is one way. Nothing of ours runs in the program: whoever launched it delivers.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "policy/compile/compile.h"

#define TEXT_MAX 8192

static const char template_text[] = "bookend: 1\n"
				    "destinations:\n"
				    "  events:\n"
				    "    format: ndjson\n"
				    "    url: \"file:%s/events.ndjson\"\n"
				    "services:\n"
				    "  \"%s\":\n"
				    "    sender: helper\n"
				    "    to: events\n"
				    "    consent:\n"
				    "      - allow: always\n"
				    "    events:\n"
				    "      start:\n"
				    "        when: start\n"
				    "      stop:\n"
				    "        when: stop\n"
				    "        properties:\n"
				    "          how: ${exit.how}\n"
				    "          reason: ${exit.reason}\n"
				    "          code: ${exit.code}\n"
				    "          signal: ${exit.signal}\n"
				    "          after_signal: ${exit.after_signal}\n"
				    "          duration_ms: ${exit.duration_ms}\n";

/* What may not stand in BOOKEND_SERVICE becomes '-'. */
static void make_name(const char *program, char service[64])
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	const char *slash = strrchr(program, '/');
	size_t length = 0;

	for (const char *p = slash != NULL ? slash + 1 : program; *p != '\0' && length < 63; p++)
		service[length++] = strchr(letters, *p) != NULL ? *p : '-';
	service[length] = '\0';
	if (length == 0)
		strcpy(service, "program");
}

/* For a text in double quotes; false: too long. */
static bool escape(const char *path, char *into, size_t capacity)
{
	size_t length = 0;

	for (; *path != '\0'; path++) {
		if (length + 5 > capacity)
			return false;
		if ((unsigned char)*path < 0x20 || *path == '"' || *path == '\\')
			length += (size_t)sprintf(into + length, "\\x%02x", (unsigned char)*path);
		else if (path[0] == '$' && path[1] == '{')
			length += (size_t)sprintf(into + length, "$$");
		else
			into[length++] = *path;
	}
	into[length] = '\0';
	return true;
}

int compile_builtin(const char *program, const char *state, const struct compile_options *options,
		    struct compiled *into, char service[64])
{
	char path[TEXT_MAX / 2];
	char text[TEXT_MAX];
	int length;

	make_name(program, service);
	if (!escape(state, path, sizeof(path)))
		return -ENAMETOOLONG;
	length = snprintf(text, sizeof(text), template_text, path, service);
	return compile_text("(built-in policy)", text, (size_t)length, options, into);
}
