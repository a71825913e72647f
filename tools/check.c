#include "policy/compile/schema.h"
#include "tools/command.h"
#include "tools/message.h"
#include "tools/policy_file.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
	"usage: bookend check POLICY\n"
	"       bookend check --schema\n"
	"\n"
	"Says on stderr what is wrong with a policy, with file, line and column, and what to\n"
	"write instead. A compiled policy is checked for damage and for who may write it.\n"
	"--schema prints a JSON Schema of policies, for editors.\n"
	"\n"
	"Exit status: 0 nothing is wrong, 1 something is, 2 wrong usage.\n";

static const struct option options[] = { { "help", no_argument, NULL, 'h' },
					 { "schema", no_argument, NULL, 's' },
					 { 0 } };

int check_command(int argc, char **argv)
{
	struct policy_file policy;
	const char *path;
	int option;

	opterr = 0;
	option = getopt_long(argc, argv, ":h", options, NULL);
	if (option == 'h') {
		fputs(help, stdout);
		return STATUS_OK;
	}
	if (option == 's' && !argv[optind]) {
		schema_write(stdout);
		return STATUS_OK;
	}
	if (option == 's')
		return message_surplus(argv[optind]);
	if (option != -1)
		return message_option(option, argv);
	path = argv[optind];
	if (!path)
		return message_usage("there is no policy to check");
	if (argv[optind + 1])
		return message_surplus(argv[optind + 1]);
	if (policy_file_load(path, NULL, &policy) != 0)
		return STATUS_FAILED;
	option = policy.compiled ? 0 : policy_file_safe(path);
	policy_file_free(&policy);
	return option == 0 ? STATUS_OK : STATUS_FAILED;
}
