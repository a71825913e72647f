#include "tools/status.h"
#include "tools/command.h"
#include "tools/message.h"
#include "tools/place.h"

#include <getopt.h>
#include <stdio.h>

static const char help[] =
	"usage: bookend status [--json]\n"
	"\n"
	"Says what is recorded, sent and lost for this user and environment, and why something is\n"
	"not measured or not delivered.\n"
	"\n"
	"Exit status: 0, 1 nothing can be recorded here, 2 wrong usage.\n";

enum { OPTION_JSON = 256 };

static const struct option options[] = {
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

int status_command(int argc, char **argv)
{
	struct status status = { .state_error = 0 };
	bool json = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return STATUS_OK;
		}
		if (option != OPTION_JSON)
			return message_option(option, argv);
		json = true;
	}
	if (argv[optind])
		return message_surplus(argv[optind]);
	status.state_error = place_state(status.state);
	if (status.state_error) {
		status.state[0] = '\0';
		place_explain(status.state_error);
	}
	listing_open(&status.list, json);
	status_policy(&status);
	status_consent(&status);
	status_state(&status);
	status_pool(&status);
	status_delivery(&status);
	listing_close(&status.list);
	return status.state_error ? STATUS_FAILED : STATUS_OK;
}
