/*
 * `bookend tail`: what pool and spool hold, as native events, one JSON object a line. Claims
 * nothing, disturbs nobody.
 */
#include "tools/command.h"
#include "tools/interrupt.h"
#include "tools/message.h"
#include "tools/place.h"
#include "tools/sender_library.h"
#include "tools/tail_sent.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
	"usage: bookend tail [-f] [--service NAME]\n"
	"       bookend tail --sent [-f]\n"
	"\n"
	"Prints what is recorded and not yet delivered, oldest first, one JSON object a line.\n"
	"\n"
	"  --sent          instead the requests of the recent past, as they were made: where to,\n"
	"                  headers and body, and what was answered. Keys and what a policy marks\n"
	"                  secret read (secret)\n"
	"  -f, --follow    go on with what comes, until SIGINT or SIGTERM\n"
	"  --service NAME  of this service only\n"
	"  --json          the default, and the only form\n"
	"\n"
	"Exit status: 0, 1 failure, 2 wrong usage.\n";

enum { OPTION_JSON = 256, OPTION_SENT };

static const struct option options[] = {
	{ "follow", no_argument, NULL, 'f' },	    { "service", required_argument, NULL, 's' },
	{ "sent", no_argument, NULL, OPTION_SENT }, { "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, 'h' },	    { 0 },
};

struct tail_filter {
	char service[256]; /* "service":"NAME", as it stands in the line; "" for all */
	bool sent;
};

/*
 * An event's line begins with id, time and service, whose values hold no quotes of ours unescaped:
 * the text of the pair can not stand before "event" unless it is the pair.
 */
static bool wanted(const struct tail_filter *filter, const char *json, uint32_t length)
{
	const char *found, *head;

	if (!*filter->service)
		return true;
	head = memmem(json, length, "\"event\":", 8);
	found = memmem(json, length, filter->service, strlen(filter->service));
	return found && (!head || found < head);
}

static void print_line(void *context, const char *json, uint32_t length)
{
	if (!wanted(context, json, length))
		return;
	fwrite(json, 1, length, stdout);
	putchar('\n');
	fflush(stdout);
}

static void say(void *context, int level, const char *line)
{
	(void)context;
	if (level <= 4)
		message("%s", line);
}

/* -1: go on; else the status to end with. */
static int read_options(int argc, char **argv, struct sender_options *sender,
			struct tail_filter *filter)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":fh", options, NULL)) != -1) {
		if (option == 'f') {
			sender->follow = true;
		} else if (option == 's') {
			if (snprintf(filter->service, sizeof(filter->service), "\"service\":\"%s\"",
				     optarg) >= (int)sizeof(filter->service))
				return message_usage("--service \"%s\" is too long", optarg);
		} else if (option == 'h') {
			fputs(help, stdout);
			return STATUS_OK;
		} else if (option == OPTION_SENT) {
			filter->sent = true;
		} else if (option != OPTION_JSON) {
			return message_option(option, argv);
		}
	}
	if (filter->sent && *filter->service)
		return message_usage("--service and --sent do not go together: a request may hold "
				     "events of several services");
	return argv[optind] ? message_surplus(argv[optind]) : -1;
}

int tail_command(int argc, char **argv)
{
	struct sender_options sender = { .timeout_ms = -1, .say = say };
	struct tail_filter filter = { .sent = false };
	const struct sender_api *api;
	char state[PATHS_MAX];
	int status = read_options(argc, argv, &sender, &filter);
	int error;

	if (status >= 0)
		return status;
	error = place_state(state);
	if (error) {
		place_explain(error);
		return STATUS_FAILED;
	}
	sender.state = state;
	sender.uid = geteuid();
	sender.stop = interrupt_watch();
	sender.context = &filter;
	if (filter.sent)
		return tail_sent(state, sender.follow, sender.stop);
	api = sender_library();
	if (!api)
		return STATUS_FAILED;
	error = api->tail(&sender, print_line);
	if (error == 0)
		return STATUS_OK;
	message("what is recorded can not be read: %s: see `bookend status`", strerror(-error));
	return STATUS_FAILED;
}
