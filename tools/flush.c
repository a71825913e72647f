/*
 * `bookend flush`: one drainer, in the foreground or as a helper.
 */
#include "tools/command.h"
#include "tools/duration.h"
#include "tools/helper.h"
#include "tools/interrupt.h"
#include "tools/message.h"
#include "tools/place.h"
#include "tools/sender_library.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

#define OTHERS_LOOK_MS 50

static const char help[] =
	"usage: bookend flush [options]\n"
	"\n"
	"Delivers what was recorded and waits for delivery.\n"
	"\n"
	"  --once              until all is delivered or put off (the default)\n"
	"  --follow            go on with what comes, until SIGINT or SIGTERM\n"
	"  --timeout DURATION  give up after that long: 500ms, 10s, 5m, 1h\n"
	"  --user NAME         as this user, whose events they are (root only)\n"
	"  --json              the summary on stdout, as JSON\n"
	"  --helper            quietly, in the background's manner\n"
	"  --for PID           with --helper: await the end of this process first\n"
	"  --pidfd FD          its pidfd, opened by who starts the helper\n"
	"\n"
	"Exit status: 0 all is delivered, 75 something waits for a later try, 1 failure,\n"
	"2 wrong usage.\n";

enum {
	OPTION_ONCE = 256,
	OPTION_FOLLOW,
	OPTION_TIMEOUT,
	OPTION_USER,
	OPTION_JSON,
	OPTION_HELPER,
	OPTION_FOR,
	OPTION_PIDFD
};

static const struct option options[] = {
	{ "once", no_argument, NULL, OPTION_ONCE },
	{ "follow", no_argument, NULL, OPTION_FOLLOW },
	{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
	{ "user", required_argument, NULL, OPTION_USER },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "helper", no_argument, NULL, OPTION_HELPER },
	{ "for", required_argument, NULL, OPTION_FOR },
	{ "pidfd", required_argument, NULL, OPTION_PIDFD },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct flush_request {
	struct sender_options sender;
	const char *user;
	bool once, json, helper;
};

static bool read_pid(const char *text, uint32_t *pid)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *text < '1' || *text > '9' || *end || number > 0x3fffff)
		return false;
	*pid = (uint32_t)number;
	return true;
}

/* The helper is started with it; a kernel without pidfd_open(2) gave it none. */
static bool read_descriptor(const char *text, int *into)
{
	if (*text < '3' || *text > '9' || text[1])
		return false;
	*into = fcntl(*text - '0', F_GETFD) < 0 ? 0 : *text - '0';
	return true;
}

/* -1: go on; else the status to end with. */
static int take_option(int option, char **argv, struct flush_request *request)
{
	switch (option) {
	case OPTION_ONCE:
		request->once = true;
		return -1;
	case OPTION_FOLLOW:
		request->sender.follow = true;
		return -1;
	case OPTION_TIMEOUT:
		if (duration_parse(optarg, &request->sender.timeout_ms) == 0)
			return -1;
		return message_usage("--timeout \"%s\" is no duration: write 500ms, 10s or 5m",
				     optarg);
	case OPTION_USER:
		request->user = optarg;
		return -1;
	case OPTION_JSON:
		request->json = true;
		return -1;
	case OPTION_HELPER:
		request->helper = true;
		return -1;
	case OPTION_FOR:
		if (read_pid(optarg, &request->sender.wait_for))
			return -1;
		return message_usage("--for \"%s\" is no process id", optarg);
	case OPTION_PIDFD:
		if (read_descriptor(optarg, &request->sender.wait_file))
			return -1;
		return message_usage("--pidfd \"%s\" is no descriptor", optarg);
	case 'h':
		fputs(help, stdout);
		return STATUS_OK;
	default:
		return message_option(option, argv);
	}
}

static int read_options(int argc, char **argv, struct flush_request *request)
{
	int option, status = -1;

	opterr = 0;
	while (status < 0 && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1)
		status = take_option(option, argv, request);
	if (status >= 0)
		return status;
	if (argv[optind])
		return message_surplus(argv[optind]);
	if (request->once && request->sender.follow)
		return message_usage("--once and --follow exclude each other");
	return -1;
}

struct said {
	bool follow;	   /* a log, in which trouble may be said again */
	time_t progress;   /* when it was said last */
	char trouble[512]; /* what was said last */
};

/*
 * Trouble is said as it comes, but not again by each look at what another drainer holds; progress
 * at most once a second, and only to a terminal.
 */
static void say(void *context, int level, const char *line)
{
	struct said *said = context;
	time_t now = time(NULL);

	if (level <= 4 && (said->follow || strcmp(line, said->trouble) != 0)) {
		snprintf(said->trouble, sizeof(said->trouble), "%s", line);
		message("%s", line);
	} else if (level > 4 && isatty(STDERR_FILENO) && now != said->progress) {
		said->progress = now;
		message("%s", line);
	}
}

#define COUNT_LINE(format)                                                                         \
	format, report->recorded, report->sent, report->acknowledged, report->retried,             \
		report->poisoned, report->dropped, report->waiting

static void print_json(const struct sender_report *report)
{
	printf(COUNT_LINE("{\"recorded\":%lu,\"sent\":%lu,\"acknowledged\":%lu,\"retried\":%lu,"
			  "\"poisoned\":%lu,\"dropped\":%lu,\"waiting\":%lu"));
	printf(",\"living\":%lu}\n", report->living);
}

static void print_summary(const struct sender_report *report)
{
	message(COUNT_LINE("recorded %lu, sent %lu, acknowledged %lu, retried %lu, "
			   "refused %lu, dropped %lu, waiting %lu"));
}

static void add(struct sender_report *total, const struct sender_report *report)
{
	total->recorded += report->recorded;
	total->sent += report->sent;
	total->acknowledged += report->acknowledged;
	total->retried += report->retried;
	total->poisoned += report->poisoned;
	total->dropped += report->dropped;
	total->waiting = report->waiting;
	total->living = report->living;
}

/* What is left of the timeout at this boot time; -1: no end. */
static int rest_ms(uint64_t deadline)
{
	uint64_t now = clock_boot_ns();

	if (deadline == UINT64_MAX)
		return -1;
	return now < deadline ? (int)((deadline - now) / 1000000) : 0;
}

/* What another drainer holds is for it to deliver: that is awaited, and taken over when it gives
 * up. */
static int flush_all(const struct sender_api *api, struct flush_request *request,
		     struct sender_report *total)
{
	const struct timespec pause = { .tv_nsec = OTHERS_LOOK_MS * 1000000L };
	struct sender_options *sender = &request->sender;
	uint64_t deadline = UINT64_MAX;
	struct sender_report report;
	struct sender_spool spool;

	if (sender->timeout_ms >= 0)
		deadline = clock_boot_ns() + (uint64_t)sender->timeout_ms * 1000000;
	for (;;) {
		int error = api->flush(sender, &report);

		add(total, &report);
		sender->timeout_ms = rest_ms(deadline);
		if (error || sender->follow || request->helper)
			return error;
		if (api->spool(sender, &spool) != 0 || spool.waiting == 0)
			return 0;
		total->waiting = spool.waiting;
		if (*sender->stop || sender->timeout_ms == 0)
			return -EAGAIN;
		nanosleep(&pause, NULL);
	}
}

static int deliver(struct flush_request *request)
{
	const struct sender_api *api = sender_library();
	struct sender_report report = { 0 };
	int error;

	if (!api)
		return STATUS_FAILED;
	error = flush_all(api, request, &report);
	if (request->json)
		print_json(&report);
	else
		print_summary(&report);
	if (error == -EAGAIN)
		return STATUS_WAITING;
	if (error == 0)
		return STATUS_OK;
	message("events could not be moved: %s: see `bookend status`", strerror(-error));
	return STATUS_FAILED;
}

int flush_command(int argc, char **argv)
{
	struct flush_request request = { .sender = { .timeout_ms = -1, .say = say } };
	char state[PATHS_MAX];
	struct said said = { 0 };
	int status = read_options(argc, argv, &request);
	int error;

	if (status >= 0)
		return status;
	if (request.helper)
		helper_become(request.sender.wait_file);
	error = request.user ? helper_drop_to(request.user) : 0;
	if (error) {
		message("can not act as user \"%s\": %s", request.user,
			error == -ENOENT ? "there is no such user" : strerror(-error));
		return STATUS_FAILED;
	}
	error = place_state(state);
	if (error) {
		place_explain(error);
		return STATUS_FAILED;
	}
	request.sender.state = state;
	request.sender.uid = geteuid();
	request.sender.stop = interrupt_watch();
	said.follow = request.sender.follow;
	request.sender.context = &said;
	return deliver(&request);
}
