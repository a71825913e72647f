/*
 * `bookend run`: starts a program with its telemetry and becomes invisible. Trouble with the
 * telemetry never keeps the program from running: it is said, or left to `bookend status`, and the
 * program is started plainly.
 */
#include "tools/run.h"
#include "tools/command.h"
#include "tools/drainer.h"
#include "tools/message.h"
#include "tools/place.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What PID 1 of a container spends on delivery after its command: nobody is there after it. */
#define LAST_FLUSH_MS 2000

static const char help[] =
	"usage: bookend run [options] [--] COMMAND [arguments]\n"
	"\n"
	"Runs a program with its telemetry: its output, status, signals and descriptors stay its "
	"own.\n"
	"\n"
	"  --policy FILE   policy, YAML or compiled (default: $BOOKEND_POLICY,\n"
	"                  /etc/bookend/policy.yaml, or else start and stop go to\n"
	"                  events.ndjson in the state directory)\n"
	"  --service NAME  which services of the policy it may be: a,b,... (default:\n"
	"                  $BOOKEND_SERVICE, or all of them)\n"
	"  --to DEST       send to DEST instead: file:PATH, or an http or https URL\n"
	"\n"
	"Exit status: the command's; 127 not found, 126 not executable, 2 wrong usage.\n";

static const struct option options[] = {
	{ "policy", required_argument, NULL, 'p' },
	{ "service", required_argument, NULL, 's' },
	{ "to", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

/* -1: go on; else the status to end with. */
static int read_options(int argc, char **argv, struct run_request *request)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:hp:s:t:", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			request->policy = optarg;
			break;
		case 's':
			request->service = optarg;
			break;
		case 't':
			free(request->to);
			request->to = run_policy_to(optarg);
			if (!request->to)
				return message_usage(
					"--to \"%s\" is neither file:PATH nor an http or https URL",
					optarg);
			break;
		case 'h':
			fputs(help, stdout);
			return STATUS_OK;
		default:
			return message_option(option, argv);
		}
	}
	request->command = argv + optind;
	if (!argv[optind])
		return message_usage("there is no command to run");
	return -1;
}

static int say_not_found(const char *name, int error)
{
	if (error == -ENOENT && strchr(name, '/'))
		message("%s is not there: check the path", name);
	else if (error == -ENOENT)
		message("%s is not found: install it, or check PATH", name);
	else
		message("%s can not be executed: %s", name, strerror(-error));
	return error == -ENOENT ? STATUS_NOT_FOUND : STATUS_NO_EXEC;
}

static int run_plainly(const struct program *program, char **command)
{
	return say_not_found(command[0], program_execute(program, command, environ));
}

static bool set_environment(const struct run_policy *policy, const struct program *program,
			    const char *state)
{
	run_preload(program);
	if (!place_state_is_fixed() && setenv("BOOKEND_STATE", state, 1) != 0)
		return false;
	return setenv("BOOKEND_POLICY", policy->image, 1) == 0 &&
	       setenv("BOOKEND_SERVICE", policy->services, 1) == 0;
}

static void deliver_start(void *context)
{
	struct run_record *record = context;

	if (run_record_pending(record))
		drainer_leave(record->state);
}

static void deliver_end(struct run_record *record)
{
	if (!run_record_pending(record))
		return;
	if (getpid() == 1)
		drainer_await(record->state, LAST_FLUSH_MS);
	else
		drainer_leave(record->state);
}

static int run_measured(const struct program *program, const struct run_policy *policy,
			char **command, struct run_record *record)
{
	struct run_child child;
	int error, status;

	error = run_child_fork(&child, program, command);
	if (error) {
		message("no process can be made: %s", strerror(-error));
		return STATUS_NOT_RUN;
	}
	run_record_start(record, policy, program, child.pid);
	error = run_child_go(&child);
	if (error) {
		run_record_withdraw(record);
		return say_not_found(command[0], error);
	}
	status = run_child_wait(&child, deliver_start, record);
	run_record_end(record, child.pid, status);
	deliver_end(record);
	return run_child_end_like(status);
}

int run_command(int argc, char **argv)
{
	struct run_request request = { .command = argv };
	struct run_record record = { 0 };
	struct program program;
	struct run_policy policy;
	int status = read_options(argc, argv, &request);
	int error;

	if (status >= 0)
		return status;
	error = program_find(request.command, &program);
	if (error)
		return say_not_found(request.command[0], error);
	if (place_forbids() != REASON_MEASURED)
		return run_plainly(&program, request.command);
	error = place_state(record.state);
	if (error) {
		place_explain(error);
		return run_plainly(&program, request.command);
	}
	if (run_policy_find(&request, record.state, &policy) != 0 ||
	    !set_environment(&policy, &program, record.state))
		return run_plainly(&program, request.command);
	status = run_measured(&program, &policy, request.command, &record);
	free(policy.services);
	free(request.to);
	program_free(&program);
	return status;
}
