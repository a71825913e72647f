/*
 * `bookend document`: the page about a policy's telemetry, or the schemas of its events.
 */
#include "tools/command.h"
#include "tools/diagnostic.h"
#include "tools/file.h"
#include "tools/message.h"
#include "tools/policy_file.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/compile/document.h"

static const char help[] =
	"usage: bookend document [--format FORMAT] POLICY\n"
	"\n"
	"Writes the page that tells users about a policy's telemetry: what is collected and when,\n"
	"an example of every event, where it goes, and how to switch it off.\n"
	"\n"
	"  --format FORMAT  markdown (the default), json-schema or openapi\n"
	"\n"
	"Exit status: 0, 1 something is wrong with the policy, 2 wrong usage.\n";

static const struct option options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static const char *const formats[] = { "markdown", "json-schema", "openapi", NULL };

static int read_format(const char *name)
{
	for (int i = 0; formats[i]; i++)
		if (strcmp(formats[i], name) == 0)
			return i;
	return -1;
}

static int write_page(const char *path, enum document_format format)
{
	uint8_t *bytes;
	size_t length;
	int error;

	if (policy_file_is_image(path)) {
		message("%s is compiled: name the YAML", path);
		return STATUS_FAILED;
	}
	error = file_read(path, YAML_BYTES_MAX, &bytes, &length);
	if (error) {
		message("%s can not be read: %s", path, strerror(-error));
		return STATUS_FAILED;
	}
	error = document_write(path, (const char *)bytes, length, diagnostic_print, NULL, format,
			       stdout);
	free(bytes);
	return error ? STATUS_FAILED : STATUS_OK;
}

int document_command(int argc, char **argv)
{
	int format = DOCUMENT_MARKDOWN;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hf:", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return STATUS_OK;
		}
		if (option != 'f')
			return message_option(option, argv);
		format = read_format(optarg);
		if (format < 0)
			return message_usage("there is no format \"%s\": markdown, json-schema or "
					     "openapi",
					     optarg);
	}
	if (!argv[optind])
		return message_usage("there is no policy to document");
	if (argv[optind + 1])
		return message_surplus(argv[optind + 1]);
	return write_page(argv[optind], (enum document_format)format);
}
