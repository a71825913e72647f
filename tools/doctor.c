/*
 * `bookend doctor`: one process or command, and why it is or is not measured and delivered.
 */
#include "tools/doctor.h"
#include "tools/command.h"
#include "tools/message.h"
#include "tools/place.h"
#include "tools/self.h"
#include "tools/service_name.h"
#include "tools/status.h"

#include <errno.h>
#include <getopt.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/slot.h"

static const char help[] =
	"usage: bookend doctor [--json] PID\n"
	"       bookend doctor [--json] [--] COMMAND [ARGUMENT...]\n"
	"       bookend doctor --hooks [--json] [--] COMMAND [ARGUMENT...]\n"
	"\n"
	"Says of a process that runs, or of a command that would in this environment, whether it\n"
	"is measured, who delivers what it records, and why. The command is not run.\n"
	"\n"
	"  --hooks  runs the command, its output on standard error, and says of each symbol that\n"
	"           the policy hooks where it is defined, how many slots of which objects were\n"
	"           diverted, or why none was\n"
	"\n"
	"Exit status: 0 it is measured, 1 it is not, 2 wrong usage.\n";

enum { OPTION_JSON = 256, OPTION_HOOKS };

static const struct option options[] = {
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "hooks", no_argument, NULL, OPTION_HOOKS },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static bool find_slot(const struct patient *p, const char *state, char service[LISTING_CELL],
		      uint32_t *way)
{
	struct start_block start;
	struct slot_ref slot;
	struct pool pool;
	enum reason why;
	uint32_t at = 0;
	bool found;

	if (!state[0] || pool_open(&pool, p->uid, state, false, true, &why))
		return false;
	found = slot_names(&pool, p->pid, &at);
	if (found) {
		slot_view(&pool, at, &slot);
		*way = atomic_load(&slot.slot->sender);
		service[0] = '\0';
		if (!slot_read_start(&slot, &start, NULL, 0))
			service_name(state, &start, service);
	}
	pool_close(&pool);
	return found;
}

bool patient_slot(const struct patient *p, char service[LISTING_CELL], uint32_t *way)
{
	char ours[PATHS_MAX] = "";

	if (!p->pid || find_slot(p, p->state, service, way))
		return p->pid != 0;
	/* Servers write their titles over their environment. */
	return !place_state(ours) && find_slot(p, ours, service, way);
}

/* In a child: what is tried changes the descriptor table. */
static bool kernel_gives_tables(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		_exit(syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_UNSHARE) ? 1 : 0);
	return child < 0 || waitpid(child, &status, 0) != child || status == 0;
}

enum sender_way patient_way(const struct patient *p, const struct decision *decision)
{
	char path[PATHS_MAX];

	if (decision->command)
		return SENDER_COMMAND;
	if (!decision->thread)
		return decision->helper ? SENDER_ASKED_HELPER : SENDER_ASKED_LATER;
	if (!p->carries)
		return SENDER_NO_MAIN;
	if (strstr(p->program.file.elf.sanitizer, "tsan"))
		return SENDER_TSAN;
	if (prctl(PR_GET_SECCOMP) > 0)
		return SENDER_SECCOMP;
	if (!kernel_gives_tables())
		return SENDER_KERNEL;
	return self_find(SELF_SENDER, path) ? SENDER_NO_LIBRARY : SENDER_BEGINS;
}

static void print_sender(struct listing *list, uint32_t way)
{
	listing_section(list, "delivery", "Delivery");
	listing_text(list, "by", "while it runs, by", sender_by_name(sender_way_by(way)));
	listing_text(list, "way", "in short", sender_way_name(way));
	listing_text(list, "why", "because", sender_way_text(way));
	listing_section_end(list);
}

static int examine(const struct patient *p, bool json)
{
	struct decision decision = { .name = NULL };
	char service[LISTING_CELL];
	struct listing list;
	uint32_t way = SENDER_UNDECIDED;
	bool lives = patient_slot(p, service, &way);
	enum reason reason = lives ? REASON_MEASURED : patient_decide(p, &decision);

	if (!lives && reason == REASON_MEASURED && !p->carries)
		reason = REASON_NOT_LOADED;
	if (reason == REASON_MEASURED)
		reason = place_switched(p->state, lives ? service : decision.name);
	listing_open(&list, json);
	listing_section(&list, "program", "Program");
	listing_text(&list, "exe", "executable", p->exe);
	if (p->pid)
		listing_number(&list, "pid", "process", p->pid);
	listing_text(&list, "service", "service", lives ? service : decision.name);
	listing_answer(&list, "measured", "measured", reason == REASON_MEASURED,
		       reason_text(reason));
	listing_text(&list, "advice", "what to do", status_advice(reason));
	listing_section_end(&list);
	if (reason == REASON_MEASURED)
		print_sender(&list, lives ? way : patient_way(p, &decision));
	listing_close(&list);
	return reason == REASON_MEASURED ? STATUS_OK : STATUS_FAILED;
}

static bool is_pid(const char *word, uint32_t *pid)
{
	size_t digits = strspn(word, "0123456789");

	if (!digits || digits > 7 || word[digits])
		return false;
	*pid = (uint32_t)strtoul(word, NULL, 10);
	return *pid != 0;
}

static int find_patient(char **words, struct patient *into)
{
	uint32_t pid;
	int error;

	if (is_pid(words[0], &pid)) {
		if (words[1])
			return message_surplus(words[1]);
		error = patient_of_process(pid, into);
		if (error == -ENOENT)
			message("there is no process %u", pid);
		else if (error)
			message("process %u can not be looked into: %s: run doctor as its user, or "
				"as root",
				pid, strerror(-error));
		return error ? STATUS_FAILED : -1;
	}
	error = patient_of_command(words, into);
	if (!error)
		return -1;
	message("%s can not be run: %s", words[0], strerror(-error));
	return STATUS_FAILED;
}

int doctor_command(int argc, char **argv)
{
	struct patient patient;
	bool json = false, hooks = false;
	int option, status;

	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:h", options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return STATUS_OK;
		}
		if (option != OPTION_JSON && option != OPTION_HOOKS)
			return message_option(option, argv);
		json |= option == OPTION_JSON;
		hooks |= option == OPTION_HOOKS;
	}
	if (!argv[optind])
		return message_usage("a process id or a command is missing");
	status = find_patient(argv + optind, &patient);
	if (status >= 0)
		return status;
	if (hooks && patient.pid)
		status = message_usage("--hooks takes a command: it is run");
	else if (hooks)
		status = doctor_hooks(&patient.program, argv + optind, json);
	else
		status = examine(&patient, json);
	patient_free(&patient);
	return status;
}
