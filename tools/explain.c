/*
 * `bookend explain`: what a policy would make of a command here and now. Each service is asked in
 * the policy's order, as the shim asks; then the command's start and stop are recorded aside, and
 * drained and put into requests that go nowhere.
 */
#include "tools/command.h"
#include "tools/explain_scene.h"
#include "tools/listing.h"
#include "tools/message.h"
#include "tools/place.h"
#include "tools/run.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

static const char help[] =
	"usage: bookend explain [--service NAME] [--json] POLICY [-- COMMAND [ARGUMENT...]]\n"
	"\n"
	"Says what the policy would record and send of a command here and now, had it ended with\n"
	"status 0: each service's decision and its reason, the events, and the requests with "
	"their\n"
	"bytes. The command is not run and nothing is sent; commands that the policy itself asks\n"
	"(run:) are run, requests that it would make (get:) are not. Without a command: each\n"
	"service's consent in this environment.\n"
	"\n"
	"  --service NAME  only this service\n"
	"  --json          one JSON object\n"
	"\n"
	"Secrets read (secret). Exit status: 0 it would be recorded, 1 it would not, 2 wrong "
	"usage.\n";

enum { OPTION_JSON = 256 };

static const struct option options[] = {
	{ "service", required_argument, NULL, 's' },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct explain {
	const char *path;
	const char *service; /* --service, or NULL */
	char **command;	     /* NULL: none */
	bool json;
	struct policy_file policy;
	struct explain_scene scene;
	struct program program;
	bool measured;
	unsigned lines; /* printed in the list at hand */
};

/* -1: go on; else the status to end with. */
static int read_options(int argc, char **argv, struct explain *e)
{
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:hs:", options, NULL)) != -1) {
		if (option == 's') {
			e->service = optarg;
		} else if (option == OPTION_JSON) {
			e->json = true;
		} else if (option == 'h') {
			fputs(help, stdout);
			return STATUS_OK;
		} else {
			return message_option(option, argv);
		}
	}
	e->path = argv[optind];
	if (!e->path)
		return message_usage("there is no policy to explain");
	if (argv[optind + 1] && strcmp(argv[optind + 1], "--") != 0)
		return message_usage("a command stands behind --: bookend explain %s -- %s",
				     e->path, argv[optind + 1]);
	if (argv[optind + 1] && argv[optind + 2])
		e->command = argv + optind + 2;
	return -1;
}

/* As the shim would hear it: with the environment of this process. */
static enum reason decide(const struct explain *e, const char *service, struct text *detail)
{
	static _Alignas(16) uint8_t arena[DECIDE_ARENA];
	static const char *const no_words[] = { NULL };
	struct program nothing = { .argc = 0, .argv = (const char **)(uintptr_t)no_words };
	enum reason forbidden = place_forbids();
	char state[PATHS_MAX] = "";
	struct decision decision;
	struct subject subject;
	enum reason reason;

	if (forbidden != REASON_MEASURED)
		return forbidden;
	place_state(state);
	run_record_subject(e->command ? &e->program : &nothing, getpid(), &subject);
	subject.any = !e->command;
	reason = policy_decide(e->scene.image, service, &subject, arena, sizeof(arena), &decision,
			       detail);
	if (reason == REASON_MEASURED && place_switched(state, service) != REASON_MEASURED) {
		text_clear(detail);
		return REASON_SWITCHED_OFF;
	}
	return reason;
}

static void print_decision(struct explain *e, const char *service, enum reason reason,
			   const char *detail)
{
	const char *what = reason_text(reason);
	char memory[512];
	struct text t = text_init(memory, sizeof(memory));

	if (!e->json) {
		printf("%s: %s", service, what);
		if (detail[0])
			printf(" (%s)", detail);
		putchar('\n');
		return;
	}
	text_add(&t, e->lines++ ? ",{\"name\":" : "{\"name\":");
	text_add_json(&t, service, strlen(service));
	text_add(&t, reason == REASON_MEASURED ? ",\"measured\":true,\"why\":"
					       : ",\"measured\":false,\"why\":");
	text_add_json(&t, what, strlen(what));
	text_add(&t, ",\"detail\":");
	text_add_json(&t, detail, strlen(detail));
	text_add(&t, "}");
	fputs(memory, stdout);
}

/* The first one that is meant decides; behind it nobody would be asked. */
static void explain_services(struct explain *e, char services[PATHS_MAX])
{
	char *names = policy_file_services(&e->policy.image), *rest = NULL;

	services[0] = '\0';
	if (e->json)
		fputs("{\"services\":[", stdout);
	for (char *name = names ? strtok_r(names, ",", &rest) : NULL; name;
	     name = strtok_r(NULL, ",", &rest)) {
		char memory[256];
		struct text detail = text_init(memory, sizeof(memory));
		enum reason reason;

		if (e->service && strcmp(e->service, name) != 0)
			continue;
		reason = decide(e, name, &detail);
		print_decision(e, name, reason, memory);
		e->measured |= reason == REASON_MEASURED;
		if (e->command && reason != REASON_NO_MATCH && reason != REASON_CHILD) {
			snprintf(services, PATHS_MAX, "%s", name);
			break;
		}
	}
	free(names);
	if (e->json)
		fputs("]", stdout);
}

static void print_line(void *context, const char *json, uint32_t length)
{
	struct explain *e = context;

	if (e->lines++ && e->json)
		putchar(',');
	fwrite(json, 1, length, stdout);
	if (!e->json && (length == 0 || json[length - 1] != '\n'))
		putchar('\n');
}

static void begin_list(struct explain *e, const char *name, const char *title)
{
	e->lines = 0;
	if (e->json)
		printf(",\"%s\":[", name);
	else
		printf("\n%s\n", title);
	fflush(stdout);
}

static void end_list(const struct explain *e, const char *nothing)
{
	if (e->json)
		fputs("]", stdout);
	else if (e->lines == 0)
		puts(nothing);
}

static int explain_run(struct explain *e, const char *services)
{
	int error;

	if (!explain_scene_record(&e->scene, &e->program, services)) {
		message("the command can not be recorded aside: see `bookend status`");
		return -EIO;
	}
	begin_list(e, "events", "Recorded, had it ended with status 0:");
	error = explain_scene_events(&e->scene, print_line, e);
	end_list(e, "nothing: no event is made of such a run");
	begin_list(e, "requests", "Would be sent:");
	if (!error)
		error = explain_scene_requests(&e->scene, print_line, e);
	end_list(e, "nothing: there is no event, or its destinations are off (a url or key that is "
		    "absent or has a line break in it), or their consent says no");
	return error == -EAGAIN ? 0 : error;
}

static int explain_all(struct explain *e)
{
	char services[PATHS_MAX];
	int error = explain_scene_open(&e->policy, &e->scene);

	if (error)
		return STATUS_FAILED;
	explain_services(e, services);
	if (e->command && e->measured)
		error = explain_run(e, services);
	if (e->json)
		puts("}");
	explain_scene_close(&e->scene);
	return error == 0 && e->measured ? STATUS_OK : STATUS_FAILED;
}

static bool knows_service(const struct explain *e)
{
	char *names;

	if (!e->service ||
	    policy_file_has_service(&e->policy.image, e->service, strlen(e->service)))
		return true;
	names = policy_file_services(&e->policy.image);
	message("the policy has no service \"%s\": it has %s", e->service,
		names ? names : "others");
	free(names);
	return false;
}

int explain_command(int argc, char **argv)
{
	struct explain e = { .path = NULL };
	int status = read_options(argc, argv, &e);
	int error;

	if (status >= 0)
		return status;
	if (policy_file_load(e.path, NULL, &e.policy) != 0)
		return STATUS_FAILED;
	error = e.command ? program_find(e.command, &e.program) : 0;
	if (error)
		message("%s: %s", e.command[0], strerror(-error));
	else if (e.command)
		program_follow_env(&e.program);
	status = error || !knows_service(&e) ? STATUS_FAILED : explain_all(&e);
	if (e.command && !error)
		program_free(&e.program);
	policy_file_free(&e.policy);
	return status;
}
